package import JobQueue

/// Who a worker is and how much it does at once.
package struct WorkerConfiguration: Sendable {
    /// Chosen anew at each start of the process: its batch numbers begin at 1.
    package var worker: WorkerID

    /// Host and version are shown to operators, never compared.
    package var host: String
    package var processID: Int32
    package var version: String

    /// Jobs at once.
    package var concurrency: Int
    package var limits: WorkerLimits

    package init(
        worker: WorkerID,
        host: String,
        processID: Int32,
        version: String,
        concurrency: Int = 16,
        limits: WorkerLimits = WorkerLimits()
    ) {
        precondition(concurrency >= 1, "A worker runs at least one job at a time.")
        self.worker = worker
        self.host = host
        self.processID = processID
        self.version = version
        self.concurrency = concurrency
        self.limits = limits
    }
}

/// The numbers of the worker's loop, each with its reason.
package struct WorkerLimits: Sendable {
    /// Work to fetch at once: long enough that round trips and commits are shared by many jobs,
    /// short enough that none waits long behind its batch.
    package var workTarget = Duration.milliseconds(75)

    /// Most jobs of one fetch.
    package var batchMax = QueueLimits.batchMax

    /// Most results of one commit, and of those that may wait for the next one before fetching
    /// stops: so many that a disk's sync is shared by several fetches.
    package var commitMax = QueueLimits.batchMax * 4

    /// Results wait at most this long for others that end as soon, once no commit is under way: a
    /// sync of the disk costs as much as some hundred rows.
    package var gatherFor = Duration.milliseconds(4)

    /// Results wait at most this long for the rest of their batch.
    package var settleEvery = Duration.seconds(1)

    /// Time between two looks at running jobs' timeouts.
    package var watchEvery = Duration.milliseconds(500)

    package var beatEvery = QueueLimits.beat
    package var reapEvery = QueueLimits.reap

    /// Batches taken back per call: 5 of 500 jobs take Redis a few milliseconds.
    package var reapBatches = 5

    /// Longest wait for the bell, before up to a quarter of jitter.
    package var bellWait = QueueLimits.bellWaitMax

    /// Spread of waiting workers over a due time, so that they do not come together.
    package var dueSpread = Duration.milliseconds(50)

    /// First and longest wait after a call that did not reach the queue, before jitter.
    package var queueBackoffBase = Duration.milliseconds(100)
    package var queueBackoffCap = Duration.seconds(5)

    /// Answers in a row that repeating does not mend, such as a wrong password, before the
    /// worker gives up and leaves it to its supervisor.
    package var refusalsMax = 20

    /// First and longest wait after a commit that was not possible, before jitter.
    package var commitBackoffBase = Duration.milliseconds(200)
    package var commitBackoffCap = Duration.seconds(10)

    /// How soon a job runs again whose record changed under it, before jitter.
    package var staleDelay = Duration.seconds(1)

    /// How long a job of a kind or an argument version that this program does not know waits for
    /// one that does, from the first that is met, and how often it looks: longer than a rolling
    /// deploy.
    package var unknownMax = Duration.seconds(3600)
    package var unknownPause = Duration.seconds(30)

    /// How long a cancelled attempt may take to end before its handler counts as stuck.
    package var stuckAfter = Duration.seconds(30)

    /// How long running jobs may go on after a shutdown was asked for.
    package var drainGrace = Duration.seconds(20)

    /// How long they may take to end once they are cancelled then, and after that the last
    /// settlement may take.
    package var cancelGrace = Duration.seconds(5)

    /// How long an attempt runs before a note tells of it that nobody follows.
    package var slowAfter = Duration.seconds(10)

    /// Notes that wait while they cannot be written; beyond it the oldest are lost.
    package var notesMax = 10_000

    /// Ids kept for `forget` while the queue cannot be reached; more are left to the ledger.
    package var forgetMax = 10_000

    package init() {}
}

/// Why a worker ended otherwise than by being asked to.
package enum WorkerError: Error, Sendable, Equatable {
    /// Handlers did not end after their jobs were cancelled; everything else is handed back.
    case stuckHandlers(jobs: [JobID])

    /// The queue refuses us for good.
    case queue(QueueError)
}
