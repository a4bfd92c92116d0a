import JobQueue
import NIOCore
import RedisClient
import Synchronization

/// Waits for the queue's bell on a connection of its own.
///
/// One `BLPOP` is out while anybody waits, and stays out when a wait is given up, so that no
/// connection is dropped for it. A token that comes when nobody waits any more is put back.
final class Bell: Sendable {
    /// Seconds that one `BLPOP` blocks; whoever waits longer makes another one.
    private static let blockSeconds = 1

    /// Time limit of such a command: its own and a slow server's.
    private static let blockTimeout = Duration.seconds(6)

    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Result<Bool, QueueError>, Never>
    }

    private struct State {
        var isBlocked = false
        var nextID: UInt64 = 0
        var waiters: [Waiter] = []

        /// Waits that were cancelled before they were registered.
        var cancelledEarly: Set<UInt64> = []
    }

    private let client: RedisClient
    private let key: String
    private let ringing: ScriptCall
    private let state = Mutex(State())

    init(client: RedisClient, key: String, ringing: ScriptCall) {
        self.client = client
        self.key = key
        self.ringing = ringing
    }

    /// Whether a token came within the time.
    func wait(atMost timeout: Duration) async throws(QueueError) -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        var timer: Scheduled<Void>?
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                register(Waiter(id: id, continuation: continuation))
                // Not before: a time limit that ends first would find nobody to tell.
                timer = client.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                    self.end(id, with: .success(false))
                }
            }
        } onCancel: {
            end(id, with: .failure(.cancelled))
        }
        timer?.cancel()
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return try result.get()
    }

    private func register(_ waiter: Waiter) {
        enum Next {
            case block
            case wait
            case refuse
        }
        let next: Next = state.withLock { state in
            if state.cancelledEarly.contains(waiter.id) { return .refuse }
            state.waiters.append(waiter)
            guard !state.isBlocked else { return .wait }
            state.isBlocked = true
            return .block
        }
        switch next {
        case .block: block()
        case .wait: break
        case .refuse: waiter.continuation.resume(returning: .failure(.cancelled))
        }
    }

    private func end(_ id: UInt64, with result: Result<Bool, QueueError>) {
        let waiter: Waiter? = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                // Not there yet if cancelled at once; ended already otherwise, and harmless then.
                if case .failure = result { state.cancelledEarly.insert(id) }
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: result)
    }

    private func block() {
        let command = RedisCommand("BLPOP", key, String(Self.blockSeconds))
        client.sendFuture(command, timeout: Self.blockTimeout).whenComplete { result in
            switch result {
            case .success(.null): self.ended()
            case .success: self.arrived()
            case .failure(let error): self.failed(error)
            }
        }
    }

    /// Nothing came: goes on while anybody waits.
    private func ended() {
        let goesOn = state.withLock { state in
            state.isBlocked = !state.waiters.isEmpty
            return state.isBlocked
        }
        if goesOn { block() }
    }

    private func arrived() {
        let (waiter, goesOn) = state.withLock { state in
            let waiter = state.waiters.isEmpty ? nil : state.waiters.removeFirst()
            state.isBlocked = !state.waiters.isEmpty
            return (waiter, state.isBlocked)
        }
        if let waiter {
            waiter.continuation.resume(returning: .success(true))
        } else {
            putBack()
        }
        if goesOn { block() }
    }

    private func failed(_ error: any Error) {
        if let error = error as? RedisError, error.isUnblocked { return ended() }
        let waiters = state.withLock { state in
            state.isBlocked = false
            defer { state.waiters = [] }
            return state.waiters
        }
        let reason = (error as? RedisError).map { QueueError($0) }
        for waiter in waiters {
            waiter.continuation.resume(
                returning: .failure(reason ?? .unavailable(reason: "the bell cannot be heard"))
            )
        }
    }

    /// A token that is lost on the way costs one wait at most, so nobody waits for the answer.
    private func putBack() {
        _ = client.evaluateFuture(
            ringing.script,
            keys: ringing.keys,
            arguments: ringing.arguments
        )
    }
}

extension RedisError {
    /// Somebody ended the block by hand (`CLIENT UNBLOCK … ERROR`).
    fileprivate var isUnblocked: Bool {
        guard case .server(.other(let message)) = self else { return false }
        return message.hasPrefix("UNBLOCKED")
    }
}
