/// Makes the upstream's opaque identifiers out of indexes, and finds the index of one again.
///
/// The index is scrambled by a keyed bijection and followed by a check text, so that 100,000
/// conversations need no table and a made-up identifier is not found.
package struct Identifiers: Sendable {
    private let seed: UInt64

    package static let prefix = "conv_"
    /// Letters that the scrambled index takes: 36 to the 13th exceeds 2 to the 64th.
    private static let indexLength = 13
    private static let checkLength = 15

    init(seed: UInt64) {
        self.seed = seed
    }

    /// The identifier of the conversation with an index.
    package func conversation(_ index: Int) -> String {
        let digits = String(scrambled(UInt64(index)), radix: 36)
        let padding = String(repeating: "0", count: Self.indexLength - digits.count)
        var check = Draw(seed: seed, stream: .identifier, index: index)
        return Self.prefix + padding + digits + check.identifier(length: Self.checkLength)
    }

    /// The index of a conversation; nil for an identifier that this world did not make.
    package func index(ofConversation identifier: String) -> Int? {
        guard identifier.hasPrefix(Self.prefix) else { return nil }
        let digits = identifier.dropFirst(Self.prefix.count).prefix(Self.indexLength)
        guard let bits = UInt64(digits, radix: 36) else { return nil }
        let index = unscrambled(bits)
        guard index < UInt64(Int32.max), conversation(Int(index)) == identifier else { return nil }
        return Int(index)
    }

    /// Four Feistel rounds over two halves; whatever the round function, it can be undone.
    private func scrambled(_ value: UInt64) -> UInt64 {
        var left = UInt32(truncatingIfNeeded: value >> 32)
        var right = UInt32(truncatingIfNeeded: value)
        for round in 0..<4 {
            (left, right) = (right, left ^ mixed(right, round))
        }
        return UInt64(left) << 32 | UInt64(right)
    }

    private func unscrambled(_ value: UInt64) -> UInt64 {
        var left = UInt32(truncatingIfNeeded: value >> 32)
        var right = UInt32(truncatingIfNeeded: value)
        for round in (0..<4).reversed() {
            (left, right) = (right ^ mixed(left, round), left)
        }
        return UInt64(left) << 32 | UInt64(right)
    }

    private func mixed(_ half: UInt32, _ round: Int) -> UInt32 {
        UInt32(
            truncatingIfNeeded: Draw.mixed(seed ^ UInt64(half) ^ (UInt64(round) &+ 1) << 40) >> 16
        )
    }
}
