import Synchronization

/// A process's wish to end, which everything in it can wait for.
package final class Shutdown: Sendable {
    package enum Reason: Sendable, Equatable {
        /// SIGTERM, SIGINT or SIGHUP.
        case signal(Int32)

        /// What started the process is gone.
        case supervisorGone

        /// The process itself wants to end.
        case own
    }

    private struct State {
        var reason: Reason?
        var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
        var nextWaiter = 0
        var actions: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Why the process is to end; nil as long as it is not.
    package var reason: Reason? { state.withLock { $0.reason } }

    package var isRequested: Bool { reason != nil }

    /// Asks for the end; the first reason holds.
    ///
    /// Any thread may call this.
    package func request(_ reason: Reason) {
        let (waiters, actions) = state.withLock { state in
            guard state.reason == nil else {
                return ([AsyncStream<Never>.Continuation](), [@Sendable () -> Void]())
            }
            state.reason = reason
            defer {
                state.waiters = [:]
                state.actions = []
            }
            return (Array(state.waiters.values), state.actions)
        }
        for waiter in waiters { waiter.finish() }
        for action in actions { action() }
    }

    /// Calls something that does not wait, once, when the end is asked for.
    package func onRequest(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.reason == nil { state.actions.append(action) }
            return state.reason != nil
        }
        if isLate { action() }
    }

    /// Waits until the end is asked for, or the task is cancelled.
    package func requested() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let waiter = state.withLock { state -> Int? in
            guard state.reason == nil else { return nil }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return state.nextWaiter
        }
        guard let waiter else { return }
        for await _ in stream {}
        state.withLock { $0.waiters[waiter] = nil }
    }

    /// Runs a service and cancels it when the end is asked for.
    ///
    /// - Returns: What the operation returned; nil when it ended by its cancellation.
    /// - Throws: What the operation threw, unless it was cancelled by this.
    package func cancelling<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                do {
                    return try await operation()
                } catch  where self.isRequested && Task.isCancelled {
                    // However a service words it: it was asked to end and did.
                    return nil
                }
            }
            group.addTask {
                await self.requested()
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return nil }
            if let first { return first }
            group.cancelAll()
            return try await group.next() ?? nil
        }
    }
}
