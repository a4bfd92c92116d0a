import Ambient
import JobQueue
import Logging

/// The worker's loop: the one task that talks to the queue and the ledger.
///
/// It waits for no handler, and for no answer while handlers may end: each round collects what has
/// ended and what was answered, and then begins what is due, one call of each kind at a time. A call
/// commits results, settles what was committed before and fetches more, or asks the ledger about
/// what was fetched before. The loop sleeps until something has happened or is due.
struct Coordinator {
    let queue: any WorkQueue
    let committer: any ResultCommitter<AnyEffect>
    let crew: Crew
    let configuration: WorkerConfiguration
    let ambient: Ambient
    let logger: Logger
    let shutdown: ShutdownSignal
    let board: WorkerBoard
    let inbox: BeatInbox
    let bell: BellWatch
    var metrics: WorkerMetrics

    var open: [OpenBatch] = []
    var policies: [String: JobPolicy] = [:]

    /// Mean duration of an attempt, newer ones weighing more.
    var average: Duration?

    /// The same of attempts from the low lane alone.
    var averageLow: Duration?

    // Towards the queue.
    var turnNumber = 0
    var pendingTurn: PendingTurn?
    var mayHaveWork = true
    var nextFetch: Duration = .zero
    var isSoloWorker = false

    /// Whether the queue said with its last answer that it is paused.
    var isPaused = false

    /// Whether it said that nothing parked comes due by itself.
    var isNothingDue = false

    var toForget: [JobID] = []
    var unknownKinds = UnknownKinds()

    /// The queue's clock, in Unix milliseconds, as it was when the queue answered last.
    var queueClock: (milliseconds: Int64, at: Duration)?

    // Towards the ledger.
    var waiting = WaitingResults()
    var dropped: [DroppedJob] = []
    var commitFailures = 0
    var commitRetry: Duration?

    /// Whether a commit failed since the last one that did not: what is only read tells nothing of
    /// that.
    var hasCommitFailed = false
    var notes: [JobNote] = []
    var notesSince: Duration = .zero
    var nextLook: Duration = .zero

    // Calls that go on beside the loop.
    let answers = AnswerBox<Answer>()
    var isTurnUnderWay = false
    var isCommitUnderWay = false
    var isAdmissionUnderWay = false

    /// How many of `waiting` and of `notes`, from the first, are in the commit under way.
    var jobsUnderWay = 0
    var notesUnderWay = 0

    var drain: Drain?
    var failure: WorkerError?

    var limits: WorkerLimits { configuration.limits }

    /// A call to the queue that has not been answered, and is repeated as it is.
    struct PendingTurn: Sendable {
        var request: TurnRequest
        var failures = 0
        var refusals = 0
        var retry: Duration

        /// Whether it waits in the queue for the bell; a repeat does not.
        var waitsForBell = false

        func send(to queue: any WorkQueue) async -> Result<TurnReply, QueueError> {
            do throws(QueueError) {
                if waitsForBell { return .success(try await queue.turnWhenRung(request)) }
                return .success(try await queue.turn(request))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The way to the end.
    struct Drain {
        var since: Duration
        var hasCancelled = false
        var hasAbandoned = false
    }

    init(
        queue: any WorkQueue,
        committer: any ResultCommitter<AnyEffect>,
        crew: Crew,
        configuration: WorkerConfiguration,
        ambient: Ambient,
        logger: Logger,
        shutdown: ShutdownSignal,
        board: WorkerBoard,
        inbox: BeatInbox,
        bell: BellWatch
    ) {
        self.queue = queue
        self.committer = committer
        self.crew = crew
        self.configuration = configuration
        self.ambient = ambient
        self.logger = logger
        self.shutdown = shutdown
        self.board = board
        self.inbox = inbox
        self.bell = bell
        metrics = WorkerMetrics(queue: queue.name)
    }

    /// Works until the shutdown is done or the task is cancelled.
    ///
    /// - Returns: Why it ended otherwise; nil at a clean end.
    mutating func run() async -> WorkerError? {
        board.update { $0.phase = .working }
        await withDiscardingTaskGroup { calls in
            while !Task.isCancelled {
                // A batch that an answer has just settled is not taken for one that was lost.
                takeAnswers()
                readInbox()
                collect()
                if advanceDrain(), pendingTurn?.waitsForBell == true { await ring() }
                noteLongRunning(ambient.elapsed())
                noteNothingToCommit(ambient.elapsed())
                await noteDropped()
                let hasWorked = await exchange(&calls)
                await forget()
                removeFinished()
                if isDone { break }
                if !hasWorked { await rest() }
            }
            calls.cancelAll()
        }
        metrics.flush()
        board.update { $0.phase = .ended }
        return failure
    }

    private var isDone: Bool {
        if case .queue? = failure { return true }
        guard let drain else { return false }
        if open.isEmpty, pendingTurn == nil, waiting.isEmpty, notes.isEmpty { return true }
        let end = drain.since + limits.drainGrace + limits.cancelGrace * 2
        guard ambient.elapsed() >= end else { return false }
        logger.error(
            "shutdown took too long; the rest is left to its leases",
            metadata: ["batches": "\(open.count)"]
        )
        return true
    }

    private mutating func readInbox() {
        let news = inbox.take()
        if let error = news.failure { fail(.queue(error)) }
        for batch in open where news.lost.contains(batch.reference) && !batch.isOver {
            lose(batch)
        }
        guard !news.cancelled.isEmpty else { return }
        for batch in open { batch.run?.cancel(Array(news.cancelled)) }
    }

    mutating func fail(_ error: WorkerError) {
        if failure == nil { failure = error }
    }

    /// Takes note that the queue took a batch back.
    ///
    /// What runs is stopped and may still win the commit; what is decided is not settled.
    mutating func lose(_ batch: OpenBatch) {
        guard !batch.isLost else { return }
        metrics.noteLostBatch()
        logger.warning(
            "batch lost: its lease was taken back",
            metadata: [
                "batch": "\(batch.reference.id.number)", "jobs": "\(batch.batch.jobs.count)",
                "fence": "\(batch.batch.fence)",
            ]
        )
        batch.isLost = true
        toForget += batch.outcomes.filter { $0.outcome == .done }.map(\.id)
        batch.outcomes = []
        batch.unsettled = 0
        // What waits for a commit may still win it; nothing else of the batch is due.
        if batch.uncommitted == 0 { batch.waitingSince = nil }
        _ = batch.close()
        let reference = batch.reference
        crew.stop { $0.run.batch.reference == reference ? .lost : nil }
    }

    private mutating func removeFinished() {
        let before = open.count
        open.removeAll(where: \.isOver)
        let busy = crew.runningCount
        let isUnchanged = before == open.count
        board.update { snapshot in
            snapshot.busy = busy
            if !isUnchanged { snapshot.batches = open.filter { !$0.isLost }.map(\.reference) }
        }
    }
}
