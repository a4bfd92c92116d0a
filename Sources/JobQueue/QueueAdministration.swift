/// One queue, as operators see and steer it.
///
/// Every call is bounded: at most `QueueLimits.jobsPerCallMax` items, never a whole list. Longer
/// work repeats the call with the cursor that the last one returned.
package protocol QueueAdministration: Sendable {
    var name: QueueName { get }

    func figures() async throws(QueueError) -> QueueFigures
    func workers() async throws(QueueError) -> [WorkerFigures]

    /// What explains why work moves or not, beside the figures.
    func situation() async throws(QueueError) -> QueueSituation

    /// The job that holds a unique key; nil when it is free.
    func holder(of key: UniqueKey) async throws(QueueError) -> JobID?

    /// Stops fetching; what runs goes on, and settling too.
    func pause(by person: String, reason: String) async throws(QueueError)

    /// Lets fetching go on and rings the bell; returns the pause that ended.
    func resume(by person: String) async throws(QueueError) -> PauseState?

    /// A page of the jobs in one state, in the order in which they would run or did end.
    func jobs(
        in state: JobState,
        after cursor: JobCursor?,
        limit: Int
    ) async throws(QueueError) -> JobPage

    /// One job wherever it is; nil when the queue does not hold it.
    ///
    /// Looks at what can be found by id (parked, dead) and at the running batches, and at no more
    /// than `QueueLimits.jobsPerCallMax` jobs of each list.
    func job(_ id: JobID) async throws(QueueError) -> JobRecord?

    /// Asks for the end of a job: a waiting one is removed when it is fetched, a running one is
    /// cancelled with its worker's next beat.
    func cancel(_ ids: [JobID], by person: String) async throws(QueueError) -> Int

    /// Puts dead jobs back, attempt 1 and no crashes; claims their unique keys again.
    func retryDead(_ ids: [JobID]) async throws(QueueError) -> [DeadRetryAnswer]

    /// Removes dead jobs for good; returns how many there were.
    func discardDead(_ ids: [JobID]) async throws(QueueError) -> Int

    /// Makes parked jobs due now.
    func runNow(_ ids: [JobID]) async throws(QueueError) -> Int

    /// The limit keys that have settings, waiting jobs or a rest, by name; at most
    /// `QueueLimits.jobsPerCallMax`.
    func limits() async throws(QueueError) -> [LimitFigures]

    /// One limit key, whatever it has.
    func limit(of key: LimitKey) async throws(QueueError) -> LimitFigures

    /// Gives a key its settings in this queue; empty ones take them away.
    ///
    /// A key that is not over them any more comes back at once.
    func setLimit(_ key: LimitKey, _ settings: LimitSettings) async throws(QueueError)

    /// How full the queue is, after changing marks; nil takes the program's own again.
    func pressure(
        setting marks: [PressureMark: Int?]
    ) async throws(QueueError) -> PressureState

    /// Removes up to `QueueLimits.jobsPerCallMax` jobs that do not run, for good.
    ///
    /// Repeat it until nothing is left. The unique keys of the removed jobs are free.
    func purge(_ places: Set<PurgePlace>) async throws(QueueError) -> PurgeReport
}

/// Where jobs can be purged: the lanes, and the places of those that do not wait in one.
package enum PurgePlace: String, Sendable, CaseIterable, Codable {
    case hi
    case std
    case low
    case suspect
    case later
    case dead

    /// The place of the jobs that wait in a lane.
    package init(_ lane: Lane) {
        switch lane {
        case .hi: self = .hi
        case .std: self = .std
        case .low: self = .low
        }
    }

    /// The lane, if it is one.
    package var lane: Lane? { Lane(rawValue: rawValue) }

    /// The order in which a purge goes through them.
    package static func ordered(_ places: Set<PurgePlace>) -> [PurgePlace] {
        allCases.filter(places.contains)
    }
}

/// What one call of `purge` did.
package struct PurgeReport: Sendable, Equatable {
    package var removed: Int

    /// Jobs that are still in those places.
    package var left: Int

    package init(removed: Int, left: Int) {
        self.removed = removed
        self.left = left
    }
}

/// Where a job is.
package enum JobState: String, Sendable, CaseIterable, Codable {
    case ready
    case suspect
    case running
    case later
    case dead
}

/// Where a listing goes on; opaque to all but the queue that made it.
package struct JobCursor: Sendable, Equatable {
    package let text: String

    package init(text: String) {
        self.text = text
    }
}

/// One job, where it is and why.
package struct JobRecord: Sendable, Equatable {
    package var job: Job
    package var state: JobState

    /// Worker and number of the batch, when running.
    package var batch: Batch.Reference?

    /// When it is due if parked, when it died if dead, in Unix milliseconds.
    package var atMilliseconds: Int64?

    /// Why it is parked or dead.
    package var reason: String?

    package init(
        job: Job,
        state: JobState,
        batch: Batch.Reference? = nil,
        atMilliseconds: Int64? = nil,
        reason: String? = nil
    ) {
        self.job = job
        self.state = state
        self.batch = batch
        self.atMilliseconds = atMilliseconds
        self.reason = reason
    }
}

/// A page of jobs, and where the next one begins.
package struct JobPage: Sendable, Equatable {
    package var jobs: [JobRecord]
    package var next: JobCursor?

    package init(jobs: [JobRecord], next: JobCursor?) {
        self.jobs = jobs
        self.next = next
    }
}

/// What became of a dead job that somebody wants to run again.
package enum DeadRetryAnswer: Sendable, Equatable {
    case queued
    case notFound

    /// Its unique key is held by another job.
    case held(by: JobID)
}

/// Who stopped a queue, why and when.
package struct PauseState: Sendable, Equatable {
    package var person: String
    package var reason: String
    package var atMilliseconds: Int64

    package init(person: String, reason: String, atMilliseconds: Int64) {
        self.person = person
        self.reason = reason
        self.atMilliseconds = atMilliseconds
    }
}

/// A queue's state in numbers, read in one step.
package struct QueueFigures: Sendable, Equatable {
    package var nowMilliseconds: Int64
    package var pause: PauseState?
    package var ready: [Lane: Int]
    package var suspects: Int
    package var running: Int
    package var later: Int
    package var dead: Int

    /// Age of the oldest job that could run now; nil when none waits.
    package var oldestQueued: Duration?

    /// When the next parked job is due, in Unix milliseconds.
    package var nextDueMilliseconds: Int64?

    /// Living workers, and their slots together.
    package var workers: Int
    package var slots: Int
    package var counters: QueueCounters

    package init(
        nowMilliseconds: Int64,
        pause: PauseState?,
        ready: [Lane: Int],
        suspects: Int,
        running: Int,
        later: Int,
        dead: Int,
        oldestQueued: Duration?,
        nextDueMilliseconds: Int64?,
        workers: Int,
        slots: Int,
        counters: QueueCounters
    ) {
        self.nowMilliseconds = nowMilliseconds
        self.pause = pause
        self.ready = ready
        self.suspects = suspects
        self.running = running
        self.later = later
        self.dead = dead
        self.oldestQueued = oldestQueued
        self.nextDueMilliseconds = nextDueMilliseconds
        self.workers = workers
        self.slots = slots
        self.counters = counters
    }

    /// Age of the oldest job that could run now, or whose time has come though nobody queued it.
    ///
    /// Workers queue what was parked. Without any, a parked job that is due would otherwise look
    /// like one that waits for its time.
    package var oldestReady: Duration? {
        guard let due = nextDueMilliseconds, due <= nowMilliseconds else { return oldestQueued }
        return max(oldestQueued ?? .zero, .milliseconds(nowMilliseconds - due))
    }

    /// Whether there is work and no worker alive to do it, though nobody paused the queue.
    ///
    /// What workers hold that are gone is work, too: only other workers take it back.
    package var isStalled: Bool {
        guard pause == nil, workers == 0 else { return false }
        return oldestReady != nil || running > 0
    }
}

/// What has happened to a queue since its keys exist; each only rises.
package struct QueueCounters: Sendable, Equatable {
    package var enqueued: Int
    package var fetched: Int
    package var succeeded: Int
    package var retried: Int
    package var snoozed: Int
    package var released: Int
    package var discarded: Int
    package var died: Int
    package var reaped: Int
    package var graces: Int

    /// Attempts that failed: retried and died of failure together.
    package var failed: Int

    /// Jobs that an operator removed from where they waited, were parked or lay dead.
    package var purged: Int

    package init(
        enqueued: Int = 0,
        fetched: Int = 0,
        succeeded: Int = 0,
        retried: Int = 0,
        snoozed: Int = 0,
        released: Int = 0,
        discarded: Int = 0,
        died: Int = 0,
        reaped: Int = 0,
        graces: Int = 0,
        failed: Int = 0,
        purged: Int = 0
    ) {
        self.enqueued = enqueued
        self.fetched = fetched
        self.succeeded = succeeded
        self.retried = retried
        self.snoozed = snoozed
        self.released = released
        self.discarded = discarded
        self.died = died
        self.reaped = reaped
        self.graces = graces
        self.failed = failed
        self.purged = purged
    }
}

/// One living worker process.
package struct WorkerFigures: Sendable, Equatable {
    package var presence: Presence

    /// When it counts as gone unless it beats, in Unix milliseconds of the queue's clock.
    package var expiryMilliseconds: Int64

    package init(presence: Presence, expiryMilliseconds: Int64) {
        self.presence = presence
        self.expiryMilliseconds = expiryMilliseconds
    }
}
