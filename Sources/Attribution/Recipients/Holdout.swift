/// Which recipients are kept out of a campaign, so that there is something to compare with.
///
/// Drawn from the seed, the campaign and the number, and from nothing else: the same list in
/// another order gives the same people, and those of one household stay together.
package struct Holdout: Sendable, Equatable {
    /// Over 0 and below 1.
    package let share: Double
    package let seed: Int64

    /// - Returns: Nil when the share is none.
    package init?(share: Double, seed: Int64) {
        guard share > 0, share < 1 else { return nil }
        self.share = share
        self.seed = seed
    }

    /// Reads a share such as `10%` or `0.1`; nil when the text is none.
    package static func share(_ text: String) -> Double? {
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text) else { return nil }
        let share = isPercent ? number / 100 : number
        return share > 0 && share < 1 ? share : nil
    }

    /// Whether a number is kept out of a campaign.
    package func holdsOut(campaign: String, number: String) -> Bool {
        // FNV-1a over what it depends on, then a mixing step that spreads the high bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        withUnsafeBytes(of: seed.littleEndian) { bytes in
            for byte in bytes { take(byte) }
        }
        for byte in campaign.utf8 { take(byte) }
        take(0)
        for byte in number.utf8 { take(byte) }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        return Double(hash >> 11) * 0x1p-53 < share
    }
}
