import Foundation

/// Draws from Beta distributions, all of which follow from a seed.
///
/// Gamma draws by Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000);
/// the generator is SplitMix64. For statistics, never for secrets.
struct BetaDraws {
    private var state: UInt64
    private var spareNormal: Double?

    init(seed: UInt64) {
        state = seed
    }

    /// One draw from Beta(alpha, beta); both above 0.
    mutating func beta(_ alpha: Double, _ beta: Double) -> Double {
        let first = gamma(alpha)
        let second = gamma(beta)
        // Both can underflow for tiny shapes; ours are at least one half.
        return first + second > 0 ? first / (first + second) : 0.5
    }

    private mutating func gamma(_ shape: Double) -> Double {
        if shape < 1 {
            // Marsaglia and Tsang, section 6.
            return gamma(shape + 1) * pow(uniform(), 1 / shape)
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            if log(uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
        }
    }

    /// Box and Muller; the second of a pair is kept.
    private mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        let radius = (-2 * log(uniform())).squareRoot()
        let angle = 2 * Double.pi * uniform()
        spareNormal = radius * sin(angle)
        return radius * cos(angle)
    }

    /// Above 0, at most 1: its logarithm exists.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return (Double(mixed >> 11) + 1) * 0x1p-53
    }
}
