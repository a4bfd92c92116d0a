package import JobQueue

/// Where a job stood when somebody last said something of it.
package enum IndexedJobState: String, Sendable, CaseIterable, Codable {
    /// Back in its lane: handed back, or retried by a person.
    case ready
    case running

    /// Waits for a time: to be retried, or because it was snoozed.
    case parked
    case dead

    /// Left without a result, by a person's or its handler's decision.
    case cancelled
    case done
}

/// One thing that happened to a job.
package struct JobMark: Sendable, Equatable {
    package enum Event: String, Sendable, CaseIterable {
        /// Runs, and has for a while.
        case started

        /// An attempt failed, and there will be another.
        case failed

        /// Could not run then; not counted as an attempt.
        case snoozed

        /// Handed back untouched.
        case released
        case dead
        case cancelled

        /// Put back by a person after it died.
        case requeued
        case done

        /// Where the job stands after it.
        package var state: IndexedJobState {
            switch self {
            case .started: .running
            case .failed, .snoozed: .parked
            case .released, .requeued: .ready
            case .dead: .dead
            case .cancelled: .cancelled
            case .done: .done
            }
        }
    }

    package var id: JobID
    package var kind: String
    package var lane: Lane
    package var event: Event

    /// What people search it by, such as a conversation's id.
    package var entity: String?
    package var attempt: Int
    package var worker: WorkerID?

    /// The delivery that it is about; nil when a person says it.
    ///
    /// What an older delivery says later changes nothing.
    package var fence: Int64?
    package var person: String?

    /// One word for the kind of failure, such as `timeout`.
    package var errorClass: String?
    package var reason: String?
    package var enqueuedMilliseconds: Int64

    /// When it happened, Unix milliseconds.
    package var atMilliseconds: Int64
    package var ranMilliseconds: Int64?

    /// When the job is due again.
    package var dueMilliseconds: Int64?

    package init(
        id: JobID,
        kind: String,
        lane: Lane,
        event: Event,
        entity: String? = nil,
        attempt: Int,
        worker: WorkerID? = nil,
        fence: Int64? = nil,
        person: String? = nil,
        errorClass: String? = nil,
        reason: String? = nil,
        enqueuedMilliseconds: Int64,
        atMilliseconds: Int64,
        ranMilliseconds: Int64? = nil,
        dueMilliseconds: Int64? = nil
    ) {
        self.id = id
        self.kind = kind
        self.lane = lane
        self.event = event
        self.entity = entity
        self.attempt = attempt
        self.worker = worker
        self.fence = fence
        self.person = person
        self.errorClass = errorClass
        self.reason = reason
        self.enqueuedMilliseconds = enqueuedMilliseconds
        self.atMilliseconds = atMilliseconds
        self.ranMilliseconds = ranMilliseconds
        self.dueMilliseconds = dueMilliseconds
    }
}

/// The bounds of the job index.
package enum JobIndexLimits {
    /// Rows that are kept: at 300 bytes each, with their indexes, some 100 MB.
    package static let rowsMax = 200_000

    /// Events of one job that are kept, the latest: a job that waits for an outage is snoozed
    /// again and again.
    package static let eventsPerJobMax = 50

    /// Ledger rows that one listing without an entity looks at, the newest first.
    package static let doneScanMax = 20_000

    /// Ledger rows that figures of recent runs are made of.
    package static let recentRunsMax = 2_000
}

/// Which jobs of the index are meant; what is nil is any.
package struct JobQuery: Sendable, Equatable {
    /// Jobs about one of these; empty for any.
    package var entities: [String] = []

    /// Jobs in one of these states; empty for any.
    package var states: Set<IndexedJobState> = []
    package var kind: String?
    package var errorClass: String?

    /// Jobs whose last reason contains this.
    package var reasonText: String?

    /// Jobs of which something was said at this moment or later, Unix milliseconds.
    package var sinceMilliseconds: Int64?

    package init() {}
}

/// Where a listing of the index goes on; a job that changes meanwhile moves to the front.
package struct JobIndexCursor: Hashable, Sendable {
    package var changedMilliseconds: Int64
    package var id: JobID

    package init(changedMilliseconds: Int64, id: JobID) {
        self.changedMilliseconds = changedMilliseconds
        self.id = id
    }
}

/// One job as the index or the ledger knows it.
package struct IndexedJob: Sendable, Equatable {
    package var id: JobID
    package var kind: String
    package var lane: Lane?
    package var state: IndexedJobState
    package var entity: String?
    package var errorClass: String?
    package var reason: String?
    package var attempt: Int
    package var failures: Int
    package var worker: String?
    package var fence: Int64?
    package var enqueuedMilliseconds: Int64?
    package var changedMilliseconds: Int64
    package var dueMilliseconds: Int64?
    package var ranMilliseconds: Int64?

    package init(
        id: JobID,
        kind: String,
        lane: Lane? = nil,
        state: IndexedJobState,
        entity: String? = nil,
        errorClass: String? = nil,
        reason: String? = nil,
        attempt: Int = 1,
        failures: Int = 0,
        worker: String? = nil,
        fence: Int64? = nil,
        enqueuedMilliseconds: Int64? = nil,
        changedMilliseconds: Int64,
        dueMilliseconds: Int64? = nil,
        ranMilliseconds: Int64? = nil
    ) {
        self.id = id
        self.kind = kind
        self.lane = lane
        self.state = state
        self.entity = entity
        self.errorClass = errorClass
        self.reason = reason
        self.attempt = attempt
        self.failures = failures
        self.worker = worker
        self.fence = fence
        self.enqueuedMilliseconds = enqueuedMilliseconds
        self.changedMilliseconds = changedMilliseconds
        self.dueMilliseconds = dueMilliseconds
        self.ranMilliseconds = ranMilliseconds
    }

    var cursor: JobIndexCursor {
        JobIndexCursor(changedMilliseconds: changedMilliseconds, id: id)
    }
}

/// A page of jobs, the latest change first, and where the next one begins.
package struct JobIndexPage: Sendable, Equatable {
    package var jobs: [IndexedJob]
    package var next: JobIndexCursor?
}

/// All that the store knows of one job.
package struct JobHistory: Sendable, Equatable {
    /// The ledger's row as a job, when it is done.
    package var done: IndexedJob?

    /// The index's row, when it was anything but a plain success.
    package var indexed: IndexedJob?

    /// What happened to it, the earliest first.
    package var events: [JobMark]

    /// Its row in the outbox, while it stands there.
    package var outbox: OutboxEntry?

    package init(
        done: IndexedJob? = nil,
        indexed: IndexedJob? = nil,
        events: [JobMark] = [],
        outbox: OutboxEntry? = nil
    ) {
        self.done = done
        self.indexed = indexed
        self.events = events
        self.outbox = outbox
    }

    /// Whether nothing at all is known of it.
    package var isEmpty: Bool {
        done == nil && indexed == nil && outbox == nil
    }
}

/// How jobs of one kind went lately, from the newest rows of the ledger.
package struct RecentRuns: Sendable, Equatable {
    /// Jobs that were done in the last minute, as far as the rows reach.
    package var perMinute: Double

    /// Mean run time of one attempt.
    package var meanRun: Duration?
    package var p95Run: Duration?

    /// From the moment it could run to the start of its attempt.
    package var p95Wait: Duration?

    /// When the last one was done, Unix milliseconds.
    package var lastMilliseconds: Int64

    package init(
        perMinute: Double,
        meanRun: Duration?,
        p95Run: Duration?,
        p95Wait: Duration?,
        lastMilliseconds: Int64
    ) {
        self.perMinute = perMinute
        self.meanRun = meanRun
        self.p95Run = p95Run
        self.p95Wait = p95Wait
        self.lastMilliseconds = lastMilliseconds
    }
}
