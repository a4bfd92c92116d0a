import JobQueue
import NIOCore
import RedisClient
import Synchronization

/// Waits for the queue's bell on a connection of its own.
///
/// One `BLPOP` is out while anybody waits, and stays out when a wait is given up, so that no
/// connection is dropped for it. A token that comes when nobody waits any more is put back.
///
/// A script may follow the `BLPOP` on its connection: Redis carries it out as soon as the token
/// is there, without a round trip in between, and it takes the token.
final class Bell: Sendable {
    /// Seconds that one `BLPOP` blocks; whoever waits longer makes another one.
    private static let blockSeconds = Int(QueueLimits.bellWaitMax / .seconds(1))

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

        /// Scripts that stand behind a `BLPOP`, and who waits for their replies.
        var following = 0
        var followers: [UInt64: Follower] = [:]
    }

    private typealias Follower = CheckedContinuation<Result<RedisValue, QueueError>, Never>

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
        let (waiter, isTaken, goesOn) = state.withLock { state in
            let isTaken = state.following > 0
            let waiter = state.waiters.isEmpty ? nil : state.waiters.removeFirst()
            state.isBlocked = !state.waiters.isEmpty
            return (waiter, isTaken, state.isBlocked)
        }
        if let waiter, isTaken {
            // There is nothing to wait for just now, and those who wait for the script go first.
            client.eventLoop.execute { waiter.continuation.resume(returning: .success(false)) }
        } else if let waiter {
            waiter.continuation.resume(returning: .success(true))
        } else if !isTaken {
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

extension Bell {
    /// Carries out a script when the bell rings, or when a `BLPOP` ends without a token.
    ///
    /// It is sent at once, so after an error it may have been carried out or may still be; a
    /// cancelled task's wait ends at once, its script does not.
    func follow(_ call: ScriptCall) async throws(QueueError) -> RedisValue {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in send(call, for: id, continuation) }
        } onCancel: {
            finish(id, with: .failure(.cancelled))
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return try result.get()
    }

    private func send(_ call: ScriptCall, for id: UInt64, _ follower: Follower) {
        enum Next {
            case block
            case follow
            case refuse
        }
        let next: Next = state.withLock { state in
            if state.cancelledEarly.contains(id) { return .refuse }
            state.followers[id] = follower
            state.following += 1
            guard !state.isBlocked else { return .follow }
            state.isBlocked = true
            return .block
        }
        switch next {
        case .block: block()
        case .follow: break
        case .refuse: return follower.resume(returning: .failure(.cancelled))
        }
        client.evaluateFuture(
            call.script,
            keys: call.keys,
            arguments: call.arguments,
            timeout: Self.blockTimeout
        )
        .whenComplete { result in
            self.state.withLock { $0.following -= 1 }
            self.finish(
                id,
                with: result.mapError { error in
                    (error as? RedisError).map { QueueError($0) }
                        ?? .unavailable(reason: "the bell cannot be heard")
                }
            )
        }
    }

    private func finish(_ id: UInt64, with result: Result<RedisValue, QueueError>) {
        let follower: Follower? = state.withLock { state in
            guard let follower = state.followers.removeValue(forKey: id) else {
                // Not there yet if cancelled at once; ended already otherwise, and harmless then.
                if case .failure(.cancelled) = result { state.cancelledEarly.insert(id) }
                return nil
            }
            return follower
        }
        follower?.resume(returning: result)
    }
}

extension RedisError {
    /// Somebody ended the block by hand (`CLIENT UNBLOCK … ERROR`).
    fileprivate var isUnblocked: Bool {
        guard case .server(.other(let message)) = self else { return false }
        return message.hasPrefix("UNBLOCKED")
    }
}
