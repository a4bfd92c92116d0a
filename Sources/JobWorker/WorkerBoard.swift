package import JobQueue
import Synchronization

/// What a worker does now, for its health endpoint and its beats.
package struct WorkerSnapshot: Sendable, Equatable {
    package enum Phase: String, Sendable {
        case starting
        case working

        /// Fetches nothing more and ends when what runs has ended.
        case draining
        case ended
    }

    package var phase = Phase.starting

    /// Jobs that handlers run.
    package var busy = 0

    /// Batches that the queue has leased to this worker.
    package var batches: [Batch.Reference] = []

    /// Since when calls do not reach the queue, on the ambient's `elapsed`; nil when they do.
    package var queueDownSince: Duration?

    /// Since when results cannot be committed, on the ambient's `elapsed`; nil when they can.
    package var commitDownSince: Duration?

    /// When the queue last answered, on the ambient's `elapsed`.
    package var lastTurn: Duration?

    /// Jobs that have ended here, whatever the outcome, since the start.
    package var ended = 0

    package init() {}
}

/// Where a running worker shows what it does.
package final class WorkerBoard: Sendable {
    private let state = Mutex(WorkerSnapshot())

    package init() {}

    package var snapshot: WorkerSnapshot { state.withLock { $0 } }

    func update(_ change: (inout WorkerSnapshot) -> Void) {
        state.withLock { change(&$0) }
    }
}

/// What the last beats brought, until the loop has dealt with it.
final class BeatInbox: Sendable {
    struct Content: Sendable {
        var lost: Set<Batch.Reference> = []
        var cancelled: Set<JobID> = []

        /// Why beating ended for good.
        var failure: QueueError?
    }

    private let state = Mutex(Content())

    func put(_ answer: BeatAnswer) {
        guard !answer.lost.isEmpty || !answer.cancelled.isEmpty else { return }
        state.withLock {
            $0.lost.formUnion(answer.lost)
            $0.cancelled.formUnion(answer.cancelled)
        }
    }

    func fail(_ error: QueueError) {
        state.withLock { $0.failure = error }
    }

    func take() -> Content {
        state.withLock { state in
            defer { state = Content() }
            return state
        }
    }
}

/// Waits for the bell on behalf of the loop, which goes on meanwhile.
final class BellWatch: Sendable {
    private struct State {
        var timeout: Duration?
        var isWaiting = false
        var hasRung = false
    }

    private let state = Mutex(State())
    private let armed = Wakeup()

    /// Begins a wait unless one goes on.
    func arm(atMost timeout: Duration) {
        let isNew = state.withLock { state in
            guard !state.isWaiting, state.timeout == nil else { return false }
            state.timeout = timeout
            return true
        }
        if isNew { armed.signal() }
    }

    /// Takes the token that a wait has brought, if there is one.
    func takeToken() -> Bool {
        state.withLock { state in
            defer { state.hasRung = false }
            return state.hasRung
        }
    }

    /// Waits on the queue whenever it is armed, until the task is cancelled.
    func run(
        queue: any WorkQueue,
        wakeup: Wakeup,
        pause: () async -> Void
    ) async {
        while !Task.isCancelled {
            await armed.wait()
            guard let timeout = takeArming() else { continue }
            do {
                let hasRung = try await queue.waitForBell(atMost: timeout)
                finish(hasRung: hasRung)
            } catch {
                // The turn meets the same outage and tells of it; here it only means no token.
                finish(hasRung: false)
                await pause()
            }
            wakeup.signal()
        }
    }

    private func takeArming() -> Duration? {
        state.withLock { state in
            guard let timeout = state.timeout else { return nil }
            state.timeout = nil
            state.isWaiting = true
            return timeout
        }
    }

    private func finish(hasRung: Bool) {
        state.withLock { state in
            state.isWaiting = false
            state.hasRung = state.hasRung || hasRung
        }
    }
}
