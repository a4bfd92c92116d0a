import JobQueue
import Metrics

/// What a worker counts, by kind and outcome; outcomes are added up per batch, not per job.
package struct WorkerMetrics {
    /// What each metric means, for the registry.
    package static let helps = [
        "ringback_turns_total": "Calls to the queue that settled or fetched.",
        "ringback_turn_failures_total": "Calls to the queue that failed and were repeated.",
        "ringback_commit_duration_seconds":
            "Time to make the results of a batch lasting, follow-on jobs sent included.",
        "ringback_commit_failures_total": "Commits of results that failed and were repeated.",
        "ringback_lost_batches_total": "Batches that the queue took back while they were run.",
        "ringback_job_duration_seconds": "Run time of an attempt, by kind.",
        "ringback_job_wait_seconds":
            "Time from a job's becoming ready to its fetch, by lane, on the queue's clock.",
        "ringback_jobs_total": "Attempts that ended, by kind and outcome.",
    ]

    /// Stands for every kind but the queue's own: kinds come from whoever pushes, and as labels
    /// they would be without a bound.
    static let otherKind = "other"

    private struct Key: Hashable {
        var kind: String
        var outcome: String
    }

    private let queue: String
    private let waits: [Lane: Timer]
    private var counters: [Key: Counter] = [:]
    private var timers: [String: Timer] = [:]
    private var tally: (key: Key, count: Int)?
    private var lastTimer: (kind: String, timer: Timer)?
    private let turns: Counter
    private let turnFailures: Counter
    private let commits: Timer
    private let commitFailures: Counter
    private let lostBatches: Counter

    init(queue: QueueName) {
        self.queue = queue.text
        let labels = [("queue", queue.text)]
        turns = Counter(label: "ringback_turns_total", dimensions: labels)
        turnFailures = Counter(label: "ringback_turn_failures_total", dimensions: labels)
        commits = Timer(label: "ringback_commit_duration_seconds", dimensions: labels)
        commitFailures = Counter(label: "ringback_commit_failures_total", dimensions: labels)
        lostBatches = Counter(label: "ringback_lost_batches_total", dimensions: labels)
        waits = Dictionary(
            uniqueKeysWithValues: Lane.allCases.map { lane in
                let timer = Timer(
                    label: "ringback_job_wait_seconds",
                    dimensions: labels + [("lane", lane.rawValue)]
                )
                return (lane, timer)
            }
        )
        // Made at once, so that a rate sees the first one, too.
        timers[queue.text] = timer(of: queue.text)
        for name in Outcome.metricNames {
            let key = Key(kind: queue.text, outcome: name)
            counters[key] = counter(of: key)
        }
    }

    private func timer(of kind: String) -> Timer {
        Timer(
            label: "ringback_job_duration_seconds",
            dimensions: [("queue", queue), ("kind", kind)]
        )
    }

    private func counter(of key: Key) -> Counter {
        Counter(
            label: "ringback_jobs_total",
            dimensions: [("queue", queue), ("kind", key.kind), ("outcome", key.outcome)]
        )
    }

    private func label(of kind: String) -> String { kind == queue ? kind : Self.otherKind }

    /// Notes how long the jobs of a batch had been ready when they were fetched.
    func noteWaits(of jobs: [Job], fetchedAtMilliseconds now: Int64) {
        // The times of a job whose envelope is spoilt are not its own.
        for job in jobs where job.defect == nil {
            let milliseconds = max(0, now - job.readyMilliseconds)
            waits[job.lane]?.recordNanoseconds(milliseconds * 1_000_000)
        }
    }

    mutating func noteAttempt(kind: String, duration: Duration) {
        let kind = label(of: kind)
        let timer: Timer
        if let lastTimer, lastTimer.kind == kind {
            timer = lastTimer.timer
        } else {
            timer = timers[kind] ?? self.timer(of: kind)
            timers[kind] = timer
            lastTimer = (kind, timer)
        }
        timer.recordNanoseconds(duration.wholeNanoseconds)
    }

    mutating func noteOutcome(kind: String, outcome: Outcome) {
        let kind = label(of: kind)
        let name = outcome.metricName
        if let current = tally, current.key.kind == kind, current.key.outcome == name {
            tally = (current.key, current.count + 1)
            return
        }
        flush()
        tally = (Key(kind: kind, outcome: name), 1)
    }

    /// Adds what has been tallied to the counters.
    mutating func flush() {
        guard let (key, count) = tally else { return }
        tally = nil
        let counter = counters[key] ?? counter(of: key)
        counters[key] = counter
        counter.increment(by: count)
    }

    func noteTurn() { turns.increment() }
    func noteTurnFailure() { turnFailures.increment() }
    func noteCommit(_ duration: Duration) { commits.recordNanoseconds(duration.wholeNanoseconds) }
    func noteCommitFailure() { commitFailures.increment() }
    func noteLostBatch() { lostBatches.increment() }
}

extension Outcome {
    /// Every value of the label `outcome`.
    static let metricNames = ["done", "retry", "snooze", "rest", "release", "discard", "dead"]

    /// The value of the label `outcome`.
    var metricName: String {
        switch self {
        case .done: "done"
        case .retry: "retry"
        case .snooze: "snooze"
        case .rest: "rest"
        case .release: "release"
        case .discard: "discard"
        case .dead: "dead"
        }
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
