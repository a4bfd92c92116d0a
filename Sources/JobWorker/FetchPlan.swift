/// How many jobs to fetch next; pure.
package struct FetchPlan {
    package var concurrency: Int
    package var batchMax: Int
    package var workTarget: Duration

    package init(concurrency: Int, batchMax: Int, workTarget: Duration) {
        self.concurrency = concurrency
        self.batchMax = batchMax
        self.workTarget = workTarget
    }

    /// The number of jobs to ask the queue for.
    ///
    /// Fast jobs are fetched ahead, up to two full batches: one is walked while the other is
    /// committed, settled and replaced. While handlers still have something to start, small
    /// fetches are put off, so that round trips stay shared.
    ///
    /// - Parameters:
    ///   - unfinished: Jobs in this process that have not ended.
    ///   - unstarted: Those of them that no handler has begun.
    ///   - average: Mean duration of an attempt; nil before the first.
    ///   - runsAlone: Whether each job has a batch of its own.
    /// - Returns: 0 when nothing is to be fetched now.
    package func limit(unfinished: Int, unstarted: Int, average: Duration?, runsAlone: Bool) -> Int
    {
        guard !runsAlone else { return unfinished < concurrency ? 1 : 0 }
        let capacity = min(concurrency * jobsPerSlot(average), 2 * batchMax)
        let room = min(capacity - unfinished, batchMax)
        guard room > 0 else { return 0 }
        if unstarted > 0, room < min(batchMax, (capacity + 1) / 2) { return 0 }
        return room
    }

    /// The number of jobs of the low lane among those to ask for.
    ///
    /// Some slots are never given to it, so that a live job begins at once while a backfill runs: a
    /// quarter of them, and one at least where there is more than one.
    ///
    /// - Parameters:
    ///   - unfinished: Jobs of the low lane in this process that have not ended.
    ///   - average: Mean duration of an attempt from the low lane; nil before the first.
    /// - Returns: 0 when it has all of its slots.
    package func lowLimit(unfinished: Int, average: Duration?) -> Int {
        let slots = concurrency - min(max(1, concurrency / 4), concurrency - 1)
        return max(0, min(slots * jobsPerSlot(average), 2 * batchMax) - unfinished)
    }

    private func jobsPerSlot(_ average: Duration?) -> Int {
        guard let average else { return 1 }
        guard average > .zero else { return batchMax }
        return min(max(Int(workTarget / average), 1), batchMax)
    }
}
