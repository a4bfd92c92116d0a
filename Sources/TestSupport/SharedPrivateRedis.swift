import Synchronization

/// Starts the shared server once, however many tests ask for it at the same time.
final class SharedPrivateRedis: Sendable {
    static let instance = SharedPrivateRedis()

    private enum State {
        case none
        case starting([CheckedContinuation<PrivateRedis, any Error>])
        case done(Result<PrivateRedis, any Error>)
    }

    private let state = Mutex(State.none)

    func server() async throws -> PrivateRedis {
        let isFirst = state.withLock { state in
            guard case .none = state else { return false }
            state = .starting([])
            return true
        }
        if isFirst { return try await begin() }
        return try await withCheckedThrowingContinuation { continuation in
            let answer: Result<PrivateRedis, any Error>? = state.withLock { state in
                if case .done(let result) = state { return result }
                if case .starting(let waiters) = state {
                    state = .starting(waiters + [continuation])
                }
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    private func begin() async throws -> PrivateRedis {
        let result: Result<PrivateRedis, any Error>
        do {
            result = .success(try await PrivateRedis.start())
        } catch {
            result = .failure(error)
        }
        let waiters = state.withLock { state in
            var waiting: [CheckedContinuation<PrivateRedis, any Error>] = []
            if case .starting(let waiters) = state { waiting = waiters }
            state = .done(result)
            return waiting
        }
        for waiter in waiters { waiter.resume(with: result) }
        return try result.get()
    }
}
