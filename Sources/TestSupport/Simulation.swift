package import Ambient
package import Foundation
import Synchronization

/// Why a simulation ended without a result.
package enum SimulationError: Error, Equatable, Sendable {
    /// The body is not done, nothing can run and nobody sleeps.
    case deadlock(seed: UInt64, after: Duration)

    /// The body is not done although this much virtual time has passed.
    case tooLong(seed: UInt64, limit: Duration)
}

/// One replayable run of concurrent code in virtual time.
///
/// Every task of the body, its structured children and the default actors that they call run on
/// the thread of `run`, one at a time; which ready one goes on is drawn from the seed. The clock
/// moves when nothing can run. Unstructured tasks, custom executors and real time escape.
package final class Simulation: Sendable {
    package let seed: UInt64
    package let clock = SimulatedClock()

    private let executor: SeededExecutor
    private let random: SharedRandom

    /// What `Ambient.now` says when the simulation begins: 2026-01-01T00:00:00Z.
    package static let start = Date(timeIntervalSince1970: 1_767_225_600)

    package init(seed: UInt64) {
        self.seed = seed
        executor = SeededExecutor(seed: seed)
        // Another stream than the executor's, so that a draw more in the code under test
        // does not by itself change the interleaving.
        random = SharedRandom(seed: seed ^ 0x5851_F42D_4C95_7F2D)
    }

    /// Virtual time, and chance and identities that follow from the seed.
    ///
    /// Wall time begins at `start`.
    package func ambient(start: Date = Simulation.start) -> Ambient {
        let clock = clock
        let random = random
        return Ambient(
            clock: clock,
            elapsed: { clock.now.elapsed },
            now: { start.addingTimeInterval(clock.now.elapsed / .seconds(1)) },
            newID: { random.uuid() },
            chance: { random.chance() }
        )
    }

    /// Runs the body to its end.
    ///
    /// - Parameters:
    ///   - limit: Most virtual time it may take.
    ///   - body: What is simulated, with all its structured children.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or `SimulationError`; then the body's task is cancelled.
    package func run<Value: Sendable>(
        limit: Duration = .seconds(30 * 24 * 60 * 60),
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let outcome = Slot<Result<Value, any Error>>()
        let task = Task(executorPreference: executor) {
            do {
                outcome.put(.success(try await body()))
            } catch {
                outcome.put(.failure(error))
            }
        }
        while true {
            executor.runUntilIdle()
            if let result = outcome.value { return try result.get() }
            guard let now = clock.advanceToNextDeadline() else {
                task.cancel()
                executor.runUntilIdle()
                throw SimulationError.deadlock(seed: seed, after: clock.now.elapsed)
            }
            guard now.elapsed <= limit else {
                task.cancel()
                executor.runUntilIdle()
                throw SimulationError.tooLong(seed: seed, limit: limit)
            }
        }
    }
}

/// Keeps ready jobs in an array and draws the next one.
private final class SeededExecutor: TaskExecutor {
    private struct State {
        var ready: [UnownedJob] = []
        var random: Seeded
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(random: Seeded(seed: seed)))
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.ready.append(job) }
    }

    func runUntilIdle() {
        while let job = takeOne() {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func takeOne() -> UnownedJob? {
        state.withLock { state in
            guard !state.ready.isEmpty else { return nil }
            let index = Int.random(in: 0..<state.ready.count, using: &state.random)
            return state.ready.remove(at: index)
        }
    }
}

/// Holds a value that one task writes once and the driver reads.
private final class Slot<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)

    var value: Value? { content.withLock { $0 } }

    func put(_ value: Value) {
        content.withLock { $0 = value }
    }
}

/// A seeded generator that several tasks draw from.
package final class SharedRandom: Sendable {
    private let state: Mutex<Seeded>

    package init(seed: UInt64) {
        state = Mutex(Seeded(seed: seed))
    }

    /// One draw from `0..<1`.
    package func chance() -> Double {
        state.withLock { $0.chance() }
    }

    package func uuid() -> UUID {
        state.withLock { $0.uuid() }
    }

    /// A number drawn evenly from the range.
    package func int(in range: Range<Int>) -> Int {
        state.withLock { Int.random(in: range, using: &$0) }
    }
}
