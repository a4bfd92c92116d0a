package import Foundation

/// A small generator whose whole sequence follows from its seed: SplitMix64.
///
/// Constants and steps are those of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators" (2014). For tests and simulations, never for secrets.
package struct Seeded: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose sequence follows from the seed alone.
    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// One draw from `0..<1`.
    package mutating func chance() -> Double {
        // The upper 53 bits fill a Double's significand exactly.
        Double(next() >> 11) * 0x1p-53
    }

    /// A version 4 UUID made of two draws.
    package mutating func uuid() -> UUID {
        let high = next()
        let low = next()
        func byte(_ word: UInt64, _ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: word >> (8 * (7 - index)))
        }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3),
                byte(high, 4), byte(high, 5), byte(high, 6) & 0x0F | 0x40, byte(high, 7),
                byte(low, 0) & 0x3F | 0x80, byte(low, 1), byte(low, 2), byte(low, 3),
                byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            )
        )
    }
}
