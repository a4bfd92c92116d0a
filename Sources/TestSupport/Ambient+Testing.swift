package import Ambient

extension Ambient {
    /// Real time with seeded chance and identities, for tests against real servers.
    ///
    /// What such a test draws follows from the seed; how its tasks interleave does not.
    package static func live(seed: UInt64) -> Self {
        let live = Self.live()
        let random = SharedRandom(seed: seed)
        return Self(
            clock: live.clock,
            elapsed: live.elapsed,
            now: live.now,
            newID: { random.uuid() },
            chance: { random.chance() }
        )
    }
}
