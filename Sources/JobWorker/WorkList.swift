import Synchronization

/// Where idle handlers wait for a batch.
///
/// A batch is given to every waiting handler, up to the number of its jobs; the handlers share it
/// among themselves. One wake-up starts a walk, however many jobs it meets. Batches are walked in the
/// order in which they came, those with nothing but jobs of the low lane after the others.
final class WorkList: Sendable {
    private struct State {
        var batches: [BatchRun] = []
        var waiters: [(id: Int, continuation: CheckedContinuation<BatchRun?, Never>)] = []
        var nextID = 0
    }

    private let state = Mutex(State())

    /// Jobs that no handler has begun.
    var unstartedCount: Int {
        state.withLock { $0.batches.reduce(0) { $0 + $1.unstartedCount } }
    }

    /// Whether live work waits that goes before jobs of the low lane.
    var hasLiveWork: Bool {
        state.withLock { state in
            state.batches.contains { !$0.isLow && $0.unstartedCount > 0 }
        }
    }

    func add(_ batch: BatchRun) {
        let woken = state.withLock { state in
            state.batches.removeAll { $0.unstartedCount == 0 }
            let firstLow = batch.isLow ? nil : state.batches.firstIndex(where: \.isLow)
            state.batches.insert(batch, at: firstLow ?? state.batches.endIndex)
            let count = min(state.waiters.count, batch.runnableCount)
            defer { state.waiters.removeFirst(count) }
            return Array(state.waiters.prefix(count))
        }
        for waiter in woken { waiter.continuation.resume(returning: batch) }
    }

    /// The next batch with a job to begin; waits for one.
    ///
    /// - Parameter onIdle: Called when the caller is about to wait.
    /// - Returns: A batch that others may walk too; nil when the task is cancelled.
    func next(onIdle: () -> Void) async -> BatchRun? {
        if let batch = firstUnstarted() { return batch }
        guard !Task.isCancelled else { return nil }
        onIdle()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(id: id, continuation)
            }
        } onCancel: {
            cancel(id: id)
        }
    }

    private func wait(id: Int, _ continuation: CheckedContinuation<BatchRun?, Never>) {
        let answer = state.withLock { state -> BatchRun?? in
            if let batch = state.batches.first(where: { $0.unstartedCount > 0 }) {
                return .some(batch)
            }
            // Checked under the lock that `cancel` takes: a cancellation from here on finds it.
            if Task.isCancelled { return .some(nil) }
            state.waiters.append((id, continuation))
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func cancel(id: Int) {
        let continuation = state.withLock {
            state -> CheckedContinuation<BatchRun?, Never>? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index).continuation
        }
        continuation?.resume(returning: nil)
    }

    private func firstUnstarted() -> BatchRun? {
        state.withLock { state in
            while let first = state.batches.first, first.unstartedCount == 0 {
                state.batches.removeFirst()
            }
            return state.batches.first { $0.unstartedCount > 0 }
        }
    }
}
