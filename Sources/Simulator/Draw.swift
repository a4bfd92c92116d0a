/// A stream of pseudo-random draws that depends only on its key.
///
/// SplitMix64 (Steele, Lea, Flood 2014), keyed by the world's seed, a stream and an index, so
/// that anything can be generated again at any time without keeping it. Its own methods are used
/// instead of the standard library's, whose algorithms may change between versions: the same key
/// must give the same bytes for ever.
package struct Draw: Sendable {
    private var state: UInt64

    /// What a stream of draws decides; each purpose has its own, so that none disturbs another.
    package enum Stream: UInt64, Sendable {
        case start = 1
        case plan, party, script, analysis, rating, identifier, person, touch, campaign
        case agent, spelling, fault, delivery, number
        case rerun, oddity
    }

    package init(seed: UInt64, stream: Stream, index: Int) {
        state = Self.mixed(
            Self.mixed(seed &+ stream.rawValue &* 0xD6E8_FEB8_6659_FD93)
                ^ UInt64(truncatingIfNeeded: index) &* 0xA076_1D64_78BD_642F
        )
    }

    /// The finalising step of SplitMix64: every input bit reaches every output bit.
    package static func mixed(_ value: UInt64) -> UInt64 {
        var bits = value &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A whole number in `range`.
    package mutating func int(in range: Range<Int>) -> Int {
        let product = next().multipliedFullWidth(by: UInt64(range.count))
        return range.lowerBound + Int(product.high)
    }

    package mutating func int(in range: ClosedRange<Int>) -> Int {
        int(in: range.lowerBound..<range.upperBound + 1)
    }

    /// A number in `0..<1`.
    package mutating func fraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// True with the given probability.
    package mutating func chance(_ probability: Double) -> Bool {
        fraction() < probability
    }

    /// One of `choices`, which must not be empty.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[int(in: 0..<choices.count)]
    }

    /// One of `choices`, each as often as its weight says.
    package mutating func weighted<Choice>(_ choices: [(Choice, Int)]) -> Choice {
        let total = choices.reduce(0) { $0 + $1.1 }
        var left = int(in: 0..<total)
        for (choice, weight) in choices {
            if left < weight { return choice }
            left -= weight
        }
        preconditionFailure("The weights add up to their total.")
    }

    /// Lower-case letters and digits, as the upstream's identifiers have.
    package mutating func identifier(length: Int) -> String {
        String((0..<length).map { _ in Self.letters[int(in: 0..<Self.letters.count)] })
    }

    private static let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz")

    /// Hexadecimal digits, as the telephone companies' identifiers have.
    package mutating func hexadecimal(length: Int) -> String {
        String((0..<length).map { _ in Self.letters[int(in: 0..<16)] })
    }
}
