package import Foundation

/// What a program takes from its surroundings: time, chance and new identities.
///
/// Passed in everywhere, so that a test or a simulation can replay a run. Only a `main` builds
/// the live one.
package struct Ambient: Sendable {
    /// Sleeps, and durations within this process.
    package let clock: any Clock<Duration>

    /// Time since an arbitrary start, for measuring within this process; never goes back.
    package let elapsed: @Sendable () -> Duration

    /// Wall time, for what people read; never for measuring, never compared between processes.
    package let now: @Sendable () -> Date

    /// A new random identity.
    package let newID: @Sendable () -> UUID

    /// One draw from `0..<1`.
    package let chance: @Sendable () -> Double

    /// An ambient of the given parts; tests and simulations pass deterministic ones.
    package init(
        clock: any Clock<Duration>,
        elapsed: @escaping @Sendable () -> Duration,
        now: @escaping @Sendable () -> Date,
        newID: @escaping @Sendable () -> UUID,
        chance: @escaping @Sendable () -> Double
    ) {
        self.clock = clock
        self.elapsed = elapsed
        self.now = now
        self.newID = newID
        self.chance = chance
    }

    /// Suspends for a duration of the ambient's clock.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before or during the sleep.
    package func sleep(for duration: Duration) async throws {
        try await clock.sleep(for: duration)
    }

    /// The real clock, the real date and the system's random numbers; built by `main` alone.
    package static func live() -> Self {
        let clock = ContinuousClock()
        let start = clock.now
        return Self(
            clock: clock,
            elapsed: { start.duration(to: clock.now) },
            now: { Date() },
            newID: { UUID() },
            chance: { Double.random(in: 0..<1) }
        )
    }
}
