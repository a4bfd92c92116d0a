package import CallStore
package import JobQueue

/// How many workers a queue needs, for autoscalers.
package enum WorkersNeeded {
    /// How long a job may wait: what the number is computed for unless somebody says otherwise.
    package static let objective = Duration.seconds(60)

    /// Slots of a worker when none lives that could tell.
    package static let slotsDefault = 16

    /// An answer beyond this is a backlog, not a need.
    package static let workersMax = 1_000

    /// Workers that keep up with what arrives and bring what waits below the objective within the
    /// objective: `⌈(arrivals · run + waiting · run / objective) / slots⌉`.
    ///
    /// Arrivals per second are `waiting / age of the oldest` while something waits for over a
    /// second, since all that waits has come within that age, else what was done in the last
    /// minute. Run time is the mean of the newest ledger rows.
    ///
    /// - Returns: 0 when nothing waits, runs or arrives, and nothing parked is due, which only a
    ///   worker would queue; nil when work waits and no run time is known but a worker lives.
    package static func count(
        _ figures: QueueFigures,
        recent: RecentRuns?,
        objective: Duration = objective
    ) -> Int? {
        let waiting = Double(figures.ready.values.reduce(0, +) + figures.suspects)
        let age = figures.oldestQueued ?? .zero
        let done = (recent?.perMinute ?? 0) / 60
        let arrivals = age > .seconds(1) ? max(waiting / (age / .seconds(1)), 0) : done
        guard waiting + Double(figures.running) + arrivals > 0 || figures.oldestReady != nil else {
            return 0
        }
        guard let run = recent?.meanRun.map({ $0 / .seconds(1) }) else {
            return figures.workers == 0 ? 1 : nil
        }
        let slots = figures.workers > 0 ? Double(figures.slots) / Double(figures.workers) : 0
        let perWorker = slots >= 1 ? slots : Double(slotsDefault)
        let needed = (arrivals * run + waiting * run / (objective / .seconds(1))) / perWorker
        return min(workersMax, max(1, Int(needed.rounded(.up))))
    }
}
