package import CallStore
package import Foundation
package import JobQueue
package import RedisQueue

/// All that `ringback top` shows of one moment.
package struct TopSnapshot: Sendable, Equatable {
    package struct Queue: Sendable, Equatable {
        package var name: String
        package var figures: QueueFigures

        /// How its jobs went lately; nil when the store's newest rows know none.
        package var recent: RecentRuns?

        /// Jobs that wait to be tried again after a failure.
        package var retrying: Int

        /// From the counters of two looks; nil after the first look and when a counter fell.
        package var inPerMinute: Double?
        package var outPerMinute: Double?

        /// Jobs done in each tenth of the last ten minutes of looking, the latest last.
        package var history: [Double]
        package var workersNeeded: Int?

        package init(
            name: String,
            figures: QueueFigures,
            recent: RecentRuns? = nil,
            retrying: Int = 0,
            inPerMinute: Double? = nil,
            outPerMinute: Double? = nil,
            history: [Double] = [],
            workersNeeded: Int? = nil
        ) {
            self.name = name
            self.figures = figures
            self.recent = recent
            self.retrying = retrying
            self.inPerMinute = inPerMinute
            self.outPerMinute = outPerMinute
            self.history = history
            self.workersNeeded = workersNeeded
        }

        package var waiting: Int { figures.ready.values.reduce(0, +) + figures.suspects }

        /// Unpaused, with work or not, and nobody to do it.
        package var hasNoWorker: Bool { figures.pause == nil && figures.workers == 0 }

        package var stateWord: String {
            if let pause = figures.pause { return "PAUSED \(pause.person)" }
            return hasNoWorker ? "NO WORKER" : "active"
        }
    }

    /// A long piece of work and how far it is.
    package struct Progress: Sendable, Equatable {
        package var name: String
        package var done: Int
        package var total: Int

        /// Nil while nobody can tell.
        package var left: Duration?

        package init(name: String, done: Int, total: Int, left: Duration?) {
            self.name = name
            self.done = done
            self.total = total
            self.left = left
        }
    }

    package var time: Date
    package var redis: RedisServerFacts
    package var queues: [Queue]

    /// What holds work up besides the queues, such as an upstream that asked for quiet.
    package var holds: [FlowHold]
    package var pulse: StorePulse

    /// Bytes of the store's write-ahead log.
    package var walBytes: Int64

    /// Jobs that have been running for a while.
    package var running: [IndexedJob]

    /// Backfills and scorings anew that are under way.
    package var progress: [Progress]
    package var failures: [FailureGroup]
    package var schedules: [StatusReport.ScheduleState]
    package var workers: [(queue: String, figures: WorkerFigures)]

    package init(
        time: Date,
        redis: RedisServerFacts,
        queues: [Queue],
        holds: [FlowHold] = [],
        pulse: StorePulse = StorePulse(),
        walBytes: Int64 = 0,
        running: [IndexedJob] = [],
        progress: [Progress] = [],
        failures: [FailureGroup] = [],
        schedules: [StatusReport.ScheduleState] = [],
        workers: [(queue: String, figures: WorkerFigures)] = []
    ) {
        self.time = time
        self.redis = redis
        self.queues = queues
        self.holds = holds
        self.pulse = pulse
        self.walBytes = walBytes
        self.running = running
        self.progress = progress
        self.failures = failures
        self.schedules = schedules
        self.workers = workers
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.time == right.time && left.redis == right.redis && left.queues == right.queues
            && left.holds == right.holds && left.pulse == right.pulse
            && left.walBytes == right.walBytes && left.running == right.running
            && left.progress == right.progress
            && left.failures == right.failures && left.schedules == right.schedules
            && left.workers.map(\.figures) == right.workers.map(\.figures)
    }

    var nowMilliseconds: Int64 { Int64(time.timeIntervalSince1970 * 1000) }

    func age(since milliseconds: Int64?) -> Duration? {
        milliseconds.map { .milliseconds(max(0, nowMilliseconds - $0)) }
    }
}

/// Rates from the counters of successive looks.
package struct TopRates: Sendable {
    /// How much of the past the small graph shows, and in how many parts.
    static let span = Duration.seconds(600)
    static let parts = 10

    private struct Look {
        var at: Duration
        var counters: [String: QueueCounters]
    }

    private var looks: [Look] = []

    package init() {}

    /// Takes the counters of a look; `at` is on a clock that only rises.
    package mutating func note(_ counters: [String: QueueCounters], at: Duration) {
        // A counter that fell was reset: what was before says nothing any more.
        if let last = looks.last,
            counters.contains(where: { name, now in
                last.counters[name].map { now.enqueued < $0.enqueued || now.ended < $0.ended }
                    ?? false
            })
        {
            looks = []
        }
        looks.append(Look(at: at, counters: counters))
        looks.removeAll { at - $0.at > Self.span + .seconds(60) }
    }

    /// Jobs in and out in a minute, from looks at most a minute apart; nil after one look.
    package func perMinute(of queue: String) -> (in: Double, out: Double)? {
        guard let last = looks.last,
            let first = looks.first(where: { last.at - $0.at <= .seconds(60) }),
            last.at > first.at, let now = last.counters[queue], let then = first.counters[queue]
        else { return nil }
        let minutes = (last.at - first.at) / .seconds(60)
        return (
            Double(now.enqueued - then.enqueued) / minutes, Double(now.ended - then.ended) / minutes
        )
    }

    /// Jobs that ended in each part of the span, the latest last; shorter while it is young.
    package func history(of queue: String) -> [Double] {
        guard let last = looks.last else { return [] }
        let part = Self.span / Self.parts
        var counts = Array(repeating: 0.0, count: Self.parts)
        for (then, now) in zip(looks, looks.dropFirst()) {
            let index = Self.parts - 1 - Int((last.at - now.at) / part)
            guard index >= 0, let after = now.counters[queue], let before = then.counters[queue]
            else { continue }
            counts[index] += Double(after.ended - before.ended)
        }
        let first = looks.first.map { Int((last.at - $0.at) / part) } ?? 0
        return Array(counts.suffix(first + 1))
    }
}

extension QueueCounters {
    /// Jobs that have left the queue.
    package var ended: Int { succeeded + discarded + died }
}
