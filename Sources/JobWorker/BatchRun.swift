import JobQueue
import Synchronization

/// One fetched batch while the handlers walk it.
///
/// Handlers take positions by one atomic step each; nothing is locked or woken per job.
final class BatchRun: Sendable {
    let batch: Batch

    /// Whether none of its jobs is live work.
    let isLow: Bool

    /// The rules of each job's kind, by position.
    let policies: [JobPolicy]

    /// Positions to run, in order; what the ledger has already is left out.
    private let runnable: [Int]
    private let cursor = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)
    private let anyCancelled = Atomic<Bool>(false)
    private let cancelled = Mutex<Set<JobID>>([])

    init(batch: Batch, policies: [JobPolicy], runnable: [Int]) {
        precondition(policies.count == batch.jobs.count, "Each job has its rules.")
        self.batch = batch
        self.policies = policies
        self.runnable = runnable
        isLow = batch.jobs.allSatisfy { $0.lane == .low }
    }

    var runnableCount: Int { runnable.count }

    /// Jobs that no handler has begun.
    var unstartedCount: Int { max(0, runnable.count - cursor.load(ordering: .relaxed)) }

    /// Gives the next position to a handler; nil when there is none left.
    func takeNext() -> Int? {
        let index = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < runnable.count ? runnable[index] : nil
    }

    /// Lets no further job begin; returns the positions that did not.
    func close() -> [Int] {
        // Half of the largest number: later takes add to it and must not wrap around.
        let index = cursor.exchange(Int.max / 2, ordering: .relaxed)
        return index < runnable.count ? Array(runnable[index...]) : []
    }

    /// Counts one attempt as ended; returns whether it was the last.
    func noteEnd() -> Bool {
        ended.wrappingAdd(1, ordering: .relaxed).newValue == runnable.count
    }

    /// Lets a job that has not begun end without being run.
    func cancel(_ ids: [JobID]) {
        cancelled.withLock { $0.formUnion(ids) }
        anyCancelled.store(true, ordering: .releasing)
    }

    /// Whether any of its jobs may not begin.
    var hasCancelled: Bool { anyCancelled.load(ordering: .acquiring) }

    func isCancelled(_ id: JobID) -> Bool {
        cancelled.withLock { $0.contains(id) }
    }
}
