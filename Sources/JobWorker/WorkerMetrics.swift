import JobQueue
import Metrics

/// What a worker counts, by kind and outcome; added up per batch, not per job.
struct WorkerMetrics {
    private struct Key: Hashable {
        var kind: String
        var outcome: String
    }

    private let queue: String
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
        lostBatches = Counter(label: "ringback_batches_lost_total", dimensions: labels)
    }

    mutating func noteAttempt(kind: String, duration: Duration) {
        let timer: Timer
        if let lastTimer, lastTimer.kind == kind {
            timer = lastTimer.timer
        } else {
            timer =
                timers[kind]
                ?? Timer(
                    label: "ringback_job_duration_seconds",
                    dimensions: [("queue", queue), ("kind", kind)]
                )
            timers[kind] = timer
            lastTimer = (kind, timer)
        }
        timer.recordNanoseconds(duration.wholeNanoseconds)
    }

    mutating func noteOutcome(kind: String, outcome: Outcome) {
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
        let counter =
            counters[key]
            ?? Counter(
                label: "ringback_jobs_total",
                dimensions: [("queue", queue), ("kind", key.kind), ("outcome", key.outcome)]
            )
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
