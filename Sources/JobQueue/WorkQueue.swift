/// One queue, as producers and workers use it.
///
/// Every call is one atomic step of the queue and safe to repeat with the same ids after
/// `QueueError.unavailable`. Time is the queue's own clock, in Unix milliseconds.
package protocol WorkQueue: Sendable {
    var name: QueueName { get }

    /// Where the answers arrive, for tasks that only hand them on; nil when anywhere is as good.
    ///
    /// A task that computes for long must not run there.
    var executor: (any TaskExecutor)? { get }

    /// Puts jobs into the queue, all in one step.
    ///
    /// - Parameters:
    ///   - jobs: 1 to `QueueLimits.jobsPerCallMax` jobs.
    ///   - call: Names this call; a repeat within five minutes gets the first one's answers.
    /// - Returns: One answer for each job, in order, and whether to slow down.
    /// - Throws: `QueueError`; nothing or everything was pushed. `overloaded` when the queue takes
    ///   no jobs of one of their lanes now.
    func enqueue(
        _ jobs: [NewJob],
        call: EnqueueCallID
    ) async throws(QueueError) -> EnqueueReply

    /// Puts in the job of one instant of a schedule, unless that instant has fired before.
    ///
    /// Compare-and-set of the schedule's last instant and the push are one step.
    func fire(_ tick: Tick) async throws(QueueError) -> TickAnswer

    /// The instant that a schedule fired last, in Unix milliseconds; nil when it never did.
    func lastTick(ofSchedule schedule: String) async throws(QueueError) -> Int64?

    /// Settles jobs of a batch and fetches the next batch, in one step.
    func turn(_ request: TurnRequest) async throws(QueueError) -> TurnReply

    /// Carries out a turn as soon as somebody rings the bell, whose token it takes, and at the
    /// latest after `QueueLimits.bellWaitMax`.
    ///
    /// After an error whether it was carried out is not known: it is repeated with `turn`. A
    /// cancelled task waits no longer.
    func turnWhenRung(_ request: TurnRequest) async throws(QueueError) -> TurnReply

    /// Removes what a reaped copy of finished jobs left in `later` and `dead`.
    ///
    /// For the worker whose commit won although its batch was lost.
    func forget(_ ids: [JobID]) async throws(QueueError)

    /// Waits until somebody rings the bell or the time is up; returns whether it took a token.
    ///
    /// A cancelled task's wait ends at once with `QueueError.cancelled`, and a token that was
    /// taken meanwhile is put back.
    func waitForBell(atMost timeout: Duration) async throws(QueueError) -> Bool

    /// Puts a token back that the caller took and cannot use.
    func ring() async throws(QueueError)

    /// Keeps a worker and its batches alive until the task is cancelled.
    ///
    /// The beats do not depend on the cooperative pool having a free thread. A beat that fails is
    /// repeated; the answers come from a thread that must not block.
    ///
    /// - Parameters:
    ///   - interval: Time between beats, `QueueLimits.beat` by default.
    ///   - presence: Asked for before each beat.
    ///   - answer: Told after each beat that reached the queue.
    /// - Throws: `QueueError.cancelled` at the end, `QueueError.refused` when beating is no use.
    func keepAlive(
        every interval: Duration,
        presence: @escaping @Sendable () -> Presence,
        answer: @escaping @Sendable (BeatAnswer) -> Void
    ) async throws(QueueError)

    /// Removes a worker's presence at a clean end; its batches must be settled.
    func leave(_ worker: WorkerID) async throws(QueueError)

    /// Takes back up to `limit` batches whose workers are gone.
    func reap(limit: Int) async throws(QueueError) -> ReapReport
}

extension WorkQueue {
    package func turnWhenRung(_ request: TurnRequest) async throws(QueueError) -> TurnReply {
        _ = try await waitForBell(atMost: QueueLimits.bellWaitMax)
        return try await turn(request)
    }
}

/// The numbers of the protocol, each with its reason in one place.
package enum QueueLimits {
    /// Jobs in one call of `enqueue` and items in one administrative call: 5,000 take about
    /// 10 ms of Redis and 8,000 exceed what Lua can unpack.
    package static let jobsPerCallMax = 500

    /// Jobs in one batch.
    package static let batchMax = 500

    /// Bytes of one batch; a single job may be larger.
    package static let batchBytesMax = 4 * 1024 * 1024

    /// Bytes of one payload: arguments are ids and ranges, so even this is generous.
    package static let payloadBytesMax = 1024 * 1024

    /// Bytes of a payload from which on it is compressed: below, little is saved and the usual job
    /// would pay for it.
    package static let compressFrom = 1024

    /// How long a batch is safe without a beat.
    package static let lease = Duration.seconds(30)

    /// Time between beats: five may be lost before the lease ends.
    package static let beat = Duration.seconds(5)

    /// Time between two looks for lost batches, before jitter.
    package static let reap = Duration.seconds(2)

    /// Longest wait for the bell: what a lost token costs.
    package static let bellWaitMax = Duration.seconds(1)

    /// Lone crashes after which a job is taken for a killer.
    package static let crashesMax = 3

    /// Bytes of a reason that is kept with a parked or dead job; longer ones are cut.
    package static let reasonBytesMax = 1000

    /// Age of the oldest suspect from which on one worker falls idle to run suspects.
    ///
    /// With the lease and the longest wait for a reap it keeps the first restart within 35 s.
    package static let suspectAgeMax = Duration.seconds(2)

    /// Leases for which one worker has the duty of running suspects before another may take it.
    ///
    /// It ends first what it has in hand: a page of a sync, by far the most common, takes about a
    /// minute. After two, somebody may be quicker whose jobs are shorter.
    package static let soloDutyLeases = 4

    /// After this much time without a reap by anyone, all leases get this much more.
    package static let grace = Duration.seconds(10)

    /// How long the answer of an enqueue call is remembered.
    package static let callMemory = Duration.seconds(5 * 60)

    /// How long producers go by what was last measured of the server's memory, and how long those do
    /// that bring an idle queue a single job; the beats of its workers measure, too.
    package static let memoryMeasureEvery = Duration.seconds(1)
    package static let memoryMeasuredLast = Duration.seconds(10)

    /// Jobs kept in `dead`, and for how long.
    package static let deadMax = 10_000
    package static let deadAge = Duration.seconds(30 * 24 * 60 * 60)
}

/// What became of one job handed to `enqueue`.
package enum EnqueueAnswer: Sendable, Equatable {
    case queued

    /// Another job holds the unique key; nothing was pushed for this one.
    case held(by: JobID)
}

/// One instant of a schedule, to be fired once.
package struct Tick: Sendable, Equatable {
    /// The schedule's name, under which the last instant is remembered.
    package var schedule: String

    /// The instant, in Unix milliseconds.
    package var instantMilliseconds: Int64

    /// Its job; the id is `schedule@instant`, so that a second scheduler makes the same one.
    package var job: NewJob

    /// Whether it comes long after its instant.
    package var isLate: Bool

    package init(
        schedule: String,
        instantMilliseconds: Int64,
        job: NewJob,
        isLate: Bool = false
    ) {
        self.schedule = schedule
        self.instantMilliseconds = instantMilliseconds
        self.job = job
        self.isLate = isLate
    }
}

/// What became of a tick.
package enum TickAnswer: Sendable, Equatable {
    case fired

    /// As `fired`; and the queue is over a soft mark: wait so long before more is sent.
    case firedUnderPressure(slowDown: Duration)

    /// This instant or a later one had fired before; nothing was pushed.
    case alreadyFired

    /// The instant counts as fired, but its job was held back by a unique key (overlap: skip).
    case held(by: JobID)

    /// The instant counts as fired, but its schedule is paused.
    case paused(by: String)
}

/// One call of `turn`.
package struct TurnRequest: Sendable, Equatable {
    package var worker: WorkerID

    /// A number that rises with every call of this worker that is not a repeat.
    package var number: Int

    /// What to settle, if anything.
    package var settlement: Settlement?

    /// Most jobs to fetch, 0 (only settle) to `QueueLimits.batchMax`.
    ///
    /// What is fetched becomes the batch `BatchID(worker:number:)`.
    package var limit: Int

    /// Most of them from the lane `low`, so that a backfill does not fill every slot.
    package var lowLimit: Int

    /// Whether the process has nothing else in flight, so that it may be given a suspect.
    package var isIdle: Bool

    package init(
        worker: WorkerID,
        number: Int,
        settlement: Settlement?,
        limit: Int,
        lowLimit: Int = QueueLimits.batchMax,
        isIdle: Bool
    ) {
        self.worker = worker
        self.number = number
        self.settlement = settlement
        self.limit = limit
        self.lowLimit = lowLimit
        self.isIdle = isIdle
    }
}

/// Outcomes of jobs of one batch; jobs not named stay leased.
package struct Settlement: Sendable, Equatable {
    package struct Slot: Sendable, Equatable {
        /// Index of the job in `Batch.jobs`.
        package var position: Int
        package var id: JobID
        package var outcome: Outcome

        package init(position: Int, id: JobID, outcome: Outcome) {
            self.position = position
            self.id = id
            self.outcome = outcome
        }
    }

    package var batch: Batch.Reference
    package var slots: [Slot]

    /// The batch's fence, when `slots` says `done` of every job, nothing of the batch was settled
    /// before and none of its jobs has a unique or a limit key: the queue need not look at each of
    /// them then.
    package var wholeFence: Int64?

    package init(batch: Batch.Reference, slots: [Slot], wholeFence: Int64? = nil) {
        self.batch = batch
        self.slots = slots
        self.wholeFence = wholeFence
    }
}

/// Jobs leased to one worker.
package struct Batch: Sendable, Equatable {
    /// What names a batch to the queue.
    package struct Reference: Hashable, Sendable {
        package var id: BatchID

        /// A suspect that runs alone.
        package var isSolo: Bool

        package init(id: BatchID, isSolo: Bool) {
            self.id = id
            self.isSolo = isSolo
        }
    }

    package var reference: Reference

    /// Rises with every delivery of a job; a result written under a higher one is newer.
    package var fence: Int64

    /// The jobs; a job's index is its position in settlements, for good.
    package var jobs: [Job]

    package init(reference: Reference, fence: Int64, jobs: [Job]) {
        self.reference = reference
        self.fence = fence
        self.jobs = jobs
    }
}

/// What `turn` did.
package struct TurnReply: Sendable, Equatable {
    package enum Settled: Sendable, Equatable {
        /// The request settled nothing.
        case nothing

        /// The named slots that were still open are settled.
        case settled

        /// The whole batch had been settled before; nothing was written for it.
        case alreadySettled

        /// The batch was reaped: its outcomes were not taken.
        case lost

        /// A later call of this worker had come before this one: nothing was written.
        ///
        /// Whether this call had been carried out earlier is not known; what it was to settle is
        /// settled again under a new number, which answers truly.
        case stale
    }

    package var settled: Settled
    package var batch: Batch?

    /// The queue's clock, in Unix milliseconds.
    package var nowMilliseconds: Int64

    /// When the next parked job is due, in Unix milliseconds; nil when none is parked.
    package var nextDueMilliseconds: Int64?

    package var isPaused: Bool

    /// Whether work that could be fetched now remains.
    package var hasMore: Bool

    /// Jobs that wait to run alone, and the age of the oldest.
    package var suspects: Int
    package var oldestSuspectAge: Duration

    /// Whether this worker is the one that should fall idle to run suspects.
    package var isSoloWorker: Bool

    package init(
        settled: Settled,
        batch: Batch?,
        nowMilliseconds: Int64,
        nextDueMilliseconds: Int64?,
        isPaused: Bool,
        hasMore: Bool,
        suspects: Int,
        oldestSuspectAge: Duration,
        isSoloWorker: Bool
    ) {
        self.settled = settled
        self.batch = batch
        self.nowMilliseconds = nowMilliseconds
        self.nextDueMilliseconds = nextDueMilliseconds
        self.isPaused = isPaused
        self.hasMore = hasMore
        self.suspects = suspects
        self.oldestSuspectAge = oldestSuspectAge
        self.isSoloWorker = isSoloWorker
    }
}

/// What a worker says of itself with each beat.
package struct Presence: Sendable, Equatable {
    package var worker: WorkerID
    package var host: String
    package var processID: Int32
    package var version: String

    /// When it started, in Unix milliseconds of its own clock; shown, never compared.
    package var startedMilliseconds: Int64
    package var slots: Int
    package var busy: Int

    /// Every batch it holds.
    package var batches: [Batch.Reference]

    package init(
        worker: WorkerID,
        host: String,
        processID: Int32,
        version: String,
        startedMilliseconds: Int64,
        slots: Int,
        busy: Int,
        batches: [Batch.Reference]
    ) {
        self.worker = worker
        self.host = host
        self.processID = processID
        self.version = version
        self.startedMilliseconds = startedMilliseconds
        self.slots = slots
        self.busy = busy
        self.batches = batches
    }
}

/// What a beat brought back.
package struct BeatAnswer: Sendable, Equatable {
    /// Batches of the beat that are gone: their jobs must be cancelled at once.
    package var lost: [Batch.Reference]

    /// Jobs of the beat's batches that somebody cancelled.
    package var cancelled: [JobID]

    /// Unsettled jobs of each batch that is still leased, in the order of the beat.
    package var remaining: [Int]

    package init(lost: [Batch.Reference], cancelled: [JobID], remaining: [Int]) {
        self.lost = lost
        self.cancelled = cancelled
        self.remaining = remaining
    }
}

/// What one call of `reap` did.
package struct ReapReport: Sendable, Equatable {
    /// Batches taken back.
    package var batches: Int

    /// Jobs that went to `suspect`.
    package var suspects: Int

    /// Jobs that went to `dead` as killers.
    package var dead: Int

    /// Whether the call found that everybody had been away, and gave all leases time instead.
    package var isGrace: Bool

    package init(batches: Int, suspects: Int, dead: Int, isGrace: Bool) {
        self.batches = batches
        self.suspects = suspects
        self.dead = dead
        self.isGrace = isGrace
    }
}
