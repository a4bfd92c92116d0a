import JobQueue

/// What the loop knows of one batch that it holds; used by the loop's task alone.
final class OpenBatch {
    let batch: Batch

    /// Whether the worker held nothing and waited for it.
    let wasAwaited: Bool

    /// Whether the queue must look at its jobs to free keys: unique or limit ones.
    private let holdsKeys: Bool

    /// Whether the ledger was asked which of its jobs are finished, or need not be any more.
    var isAdmitted = false

    /// What the handlers walk; nil until it is admitted.
    var run: BatchRun?

    /// Jobs whose attempt has not ended, those that have not begun included.
    private(set) var unfinished: Int

    /// Those of them that came from the low lane.
    private(set) var unfinishedLow: Int

    /// Jobs that the queue still holds for this batch.
    var unsettled: Int

    /// Decided and, where there is an effect, committed; to be settled with the next turn.
    var outcomes: [Settlement.Slot] = []

    /// When the first of `outcomes` or of the waiting commits came.
    var waitingSince: Duration?

    /// Effects of it that wait for their commit.
    var uncommitted = 0

    /// Positions whose running a note has told of.
    var noted: Set<Int> = []

    /// Taken back by the queue: nothing of it is settled any more.
    var isLost = false

    init(_ batch: Batch, wasAwaited: Bool) {
        self.batch = batch
        self.wasAwaited = wasAwaited
        unfinished = batch.jobs.count
        unsettled = batch.jobs.count
        unfinishedLow = batch.jobs.count { $0.lane == .low }
        holdsKeys = batch.jobs.contains { $0.unique != nil || $0.limit != nil }
    }

    /// The decided outcomes, as they are settled.
    var settlement: Settlement {
        let isWhole =
            !holdsKeys && outcomes.count == batch.jobs.count && unsettled == outcomes.count
            && outcomes.allSatisfy { $0.outcome == .done }
        return Settlement(
            batch: reference,
            slots: outcomes,
            wholeFence: isWhole ? batch.fence : nil
        )
    }

    var reference: Batch.Reference { batch.reference }

    /// Whether everything that can be settled is in `outcomes`.
    var isComplete: Bool { unfinished == 0 && uncommitted == 0 }

    /// Whether nothing more will be heard of it.
    var isOver: Bool { isComplete && (unsettled == 0 || isLost) }

    /// Counts a job as ended, or as one that need not begin.
    func noteEnd(of position: Int) {
        unfinished -= 1
        if batch.jobs[position].lane == .low { unfinishedLow -= 1 }
    }

    func add(_ outcome: Outcome, at position: Int, now: Duration) {
        guard !isLost else { return }
        outcomes.append(
            Settlement.Slot(position: position, id: batch.jobs[position].id, outcome: outcome)
        )
        if waitingSince == nil { waitingSince = now }
    }

    /// Lets no more of its jobs begin; returns the positions that did not.
    func close() -> [Int] {
        let positions: [Int]
        if isAdmitted {
            positions = run?.close() ?? []
        } else {
            positions = Array(batch.jobs.indices)
            isAdmitted = true
        }
        for position in positions { noteEnd(of: position) }
        return positions
    }
}
