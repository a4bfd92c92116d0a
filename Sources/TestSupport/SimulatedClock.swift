import Synchronization

/// A clock that stands still until a simulation moves it.
///
/// Sleepers wake in the order of their deadlines, and of their arrival where those are equal. A
/// sleep that is due already waits for the next move, so that it is a yield.
package final class SimulatedClock: Clock {
    package struct Instant: InstantProtocol {
        /// Virtual time since the simulation began.
        package var elapsed: Duration

        package init(elapsed: Duration) {
            self.elapsed = elapsed
        }

        package func advanced(by duration: Duration) -> Self {
            Self(elapsed: elapsed + duration)
        }

        package func duration(to other: Self) -> Duration {
            other.elapsed - elapsed
        }

        package static func < (left: Self, right: Self) -> Bool {
            left.elapsed < right.elapsed
        }
    }

    private struct Sleeper {
        var deadline: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(elapsed: .zero)
        var nextID: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]

        /// Sleeps that were cancelled before they were registered.
        var cancelledEarly: Set<UInt64> = []
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }

    /// How many tasks sleep.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        defer { state.withLock { _ = $0.cancelledEarly.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                register(Sleeper(deadline: deadline, continuation: continuation), id: id)
            }
        } onCancel: {
            cancel(id: id)
        }
    }

    /// Moves to the earliest deadline and wakes everybody who is due.
    ///
    /// - Returns: The new time; nil when nobody sleeps, and then nothing has changed.
    package func advanceToNextDeadline() -> Instant? {
        let (now, due) = state.withLock { state -> (Instant?, [Sleeper]) in
            guard let earliest = state.sleepers.values.map(\.deadline).min() else {
                return (nil, [])
            }
            state.now = max(state.now, earliest)
            let dueIDs = state.sleepers.filter { $0.value.deadline <= state.now }
                .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
                .map(\.key)
            return (state.now, dueIDs.compactMap { state.sleepers.removeValue(forKey: $0) })
        }
        for sleeper in due {
            sleeper.continuation.resume()
        }
        return now
    }

    private func register(_ sleeper: Sleeper, id: UInt64) {
        let isCancelled = state.withLock { state in
            if state.cancelledEarly.contains(id) { return true }
            state.sleepers[id] = sleeper
            return false
        }
        if isCancelled {
            sleeper.continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(id: UInt64) {
        let sleeper = state.withLock { state in
            if let sleeper = state.sleepers.removeValue(forKey: id) { return Optional(sleeper) }
            state.cancelledEarly.insert(id)
            return nil
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
