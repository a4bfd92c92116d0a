package import Ambient
package import JobQueue
import Synchronization

/// The queue protocol in memory, for simulations.
///
/// The same semantics as the queue on Redis, which one contract suite checks; every call is one
/// step of `QueueModel` at the ambient's time. All waiting goes through the ambient's clock, so a
/// virtual clock and a seeded executor replay a run exactly. Faults are injected by a closure that
/// is asked once before each call.
package final class InMemoryQueue: Sendable {
    package typealias FaultPlan = @Sendable (InMemoryCall) -> InMemoryFault

    /// The queue's clock reads this, in Unix milliseconds, when the ambient's elapsed time is zero.
    package static let epochMilliseconds: Int64 = 1_800_000_000_000

    struct State: Sendable {
        var model: QueueModel
        var shift = Duration.zero
        var faults: FaultPlan?
        var nextWaiter = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []

        /// Waits that ended before their continuation was there.
        var endedEarly: Set<Int> = []
    }

    package let name: QueueName

    /// Its answers come from the caller's own task.
    package var executor: (any TaskExecutor)? { nil }

    let ambient: Ambient
    let state: Mutex<State>

    package init(name: QueueName, ambient: Ambient, tuning: QueueTuning = QueueTuning()) {
        self.name = name
        self.ambient = ambient
        state = Mutex(State(model: QueueModel(tuning: tuning)))
    }

    /// Asks the plan before every call from now on; nil for no more faults.
    package func setFaults(_ plan: FaultPlan?) {
        state.withLock { $0.faults = plan }
    }

    /// Moves the queue's clock, and nobody else's, forward or back.
    package func shiftClock(by duration: Duration) {
        state.withLock { $0.shift += duration }
    }

    /// The queue's clock, in Unix milliseconds.
    package var nowMilliseconds: Int64 {
        state.withLock { now(in: $0) }
    }

    /// The whole state, for assertions.
    package var snapshot: QueueModel {
        state.withLock { state in
            state.model.expire(now: now(in: state))
            return state.model
        }
    }

    /// Pushes bytes as `LPUSH` from a Redis prompt does.
    package func pushByHand(_ bytes: [UInt8], lane: Lane) {
        state.withLock { $0.model.pushByHand(bytes, lane: lane) }
    }

    private func now(in state: State) -> Int64 {
        Self.epochMilliseconds + (ambient.elapsed() + state.shift).wholeMilliseconds
    }

    /// Takes one step, with the faults that the plan has for it.
    func step<Answer: Sendable>(
        _ call: InMemoryCall,
        _ body: (inout QueueModel, Int64) -> Answer
    ) async throws(QueueError) -> Answer {
        // A real call suspends; without this a simulation would never interleave two callers.
        await Task.yield()
        guard !Task.isCancelled else { throw .cancelled }
        let plan = state.withLock { $0.faults }
        let fault = plan?(call) ?? .none
        if case .failBefore(let error) = fault { throw error }
        let answer = take(body)
        if case .loseReply(let error) = fault { throw error }
        return answer
    }

    /// Takes one step at once, and hands a token that it left to the first who waits.
    func take<Answer: Sendable>(_ body: (inout QueueModel, Int64) -> Answer) -> Answer {
        let (answer, waiter) = state.withLock { state in
            let now = now(in: state)
            state.model.expire(now: now)
            let answer = body(&state.model, now)
            guard !state.waiters.isEmpty, state.model.takeToken() else {
                return (answer, CheckedContinuation<Bool, Never>?.none)
            }
            return (answer, state.waiters.removeFirst().continuation)
        }
        waiter?.resume(returning: true)
        return answer
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards the past.
    fileprivate var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
