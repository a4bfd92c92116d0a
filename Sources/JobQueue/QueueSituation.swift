/// What explains why a queue's work moves or not, beside its figures; read in one step.
package struct QueueSituation: Sendable, Equatable {
    /// The queue's clock, in Unix milliseconds.
    package var nowMilliseconds: Int64

    /// Age of the front of each lane; absent for an empty one, zero for what carries no time.
    package var oldest: [Lane: Duration]

    /// Age of the front of the jobs that wait to run alone; nil when none does.
    package var oldestSuspect: Duration?

    /// The worker that fetches nothing else so that it may run suspects, and until when.
    package var soloWorker: WorkerID?
    package var soloUntilMilliseconds: Int64?

    /// When a worker last looked for lost batches, the last sign of life of any.
    ///
    /// Each looks every `QueueLimits.reap`. Nil when there never was a worker.
    package var lastReapMilliseconds: Int64?

    package init(
        nowMilliseconds: Int64,
        oldest: [Lane: Duration],
        oldestSuspect: Duration?,
        soloWorker: WorkerID?,
        soloUntilMilliseconds: Int64?,
        lastReapMilliseconds: Int64?
    ) {
        self.nowMilliseconds = nowMilliseconds
        self.oldest = oldest
        self.oldestSuspect = oldestSuspect
        self.soloWorker = soloWorker
        self.soloUntilMilliseconds = soloUntilMilliseconds
        self.lastReapMilliseconds = lastReapMilliseconds
    }
}
