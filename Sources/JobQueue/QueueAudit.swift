/// One invariant of the protocol that does not hold.
package struct AuditViolation: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A batch is leased whose jobs are gone.
        case leaseWithoutRun = "lease-without-run"

        /// A batch's jobs are there and nobody's lease: no worker would ever take them back.
        case runWithoutLease = "run-without-lease"

        /// A batch is leased although each of its jobs is settled.
        case settledBatch = "settled-batch"

        /// What lies in a batch is no job.
        case malformedSlot = "malformed-slot"

        /// A later delivery could get a lower fence than this one.
        case fenceBehind = "fence-behind"

        /// A due time without its parked job.
        case laterWithoutJob = "later-without-job"

        /// A parked job that never becomes due.
        case jobWithoutTime = "job-without-time"

        /// A death without its job.
        case deadWithoutJob = "dead-without-job"

        /// A dead job that nobody sees.
        case bodyWithoutDeath = "body-without-death"

        /// The count of running jobs is not that of the unsettled slots.
        case runningCount = "running-count"

        /// A unique key is held by a job that is nowhere.
        case keyWithoutJob = "key-without-job"

        /// The bell has more than one token.
        case bellTokens = "bell-tokens"

        /// A dead job whose result the ledger has: a copy that somebody's commit left behind.
        case deadButDone = "dead-but-done"

        /// What mending it does.
        package var remedy: String {
            switch self {
            case .leaseWithoutRun: "the lease is removed"
            case .runWithoutLease: "its jobs go to suspect, to run alone"
            case .settledBatch: "batch and lease are removed"
            case .malformedSlot: "it goes to dead, whole"
            case .fenceBehind: "the fence is raised to it"
            case .laterWithoutJob, .deadWithoutJob: "the entry is removed"
            case .jobWithoutTime: "the job is due now"
            case .bodyWithoutDeath: "the job died now"
            case .runningCount: "the count is set right"
            case .keyWithoutJob: "the key is freed"
            case .bellTokens: "all but one are removed"
            case .deadButDone: "the copy is removed"
            }
        }
    }

    package var kind: Kind

    /// A batch, a job's id, or the name of a unique key.
    package var subject: String
    package var detail: String

    /// Whether this audit mended it, after looking again in the same step.
    package var isMended: Bool

    package init(kind: Kind, subject: String, detail: String, isMended: Bool) {
        self.kind = kind
        self.subject = subject
        self.detail = detail
        self.isMended = isMended
    }
}

/// What one audit of a queue looked at and found.
package struct AuditReport: Sendable, Equatable {
    /// How many of each were looked at.
    package struct Checked: Sendable, Equatable {
        package var batches = 0
        package var runLists = 0
        package var parked = 0
        package var dead = 0
        package var uniqueKeys = 0
        package var waiting = 0

        package init() {}
    }

    package var checked = Checked()
    package var violations: [AuditViolation] = []

    /// What could not be judged, and why; no violation.
    package var unchecked: [String] = []

    /// Calls of Redis that it took.
    package var calls = 0

    /// Whether a violation is left.
    package var hasOpenViolations: Bool { violations.contains { !$0.isMended } }

    package init() {}
}
