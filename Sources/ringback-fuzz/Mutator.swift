import TestSupport

/// Makes inputs out of known ones; the seed and the input's number decide everything.
struct Mutator: Sendable {
    private static let bytesMax = 64 * 1024

    let seed: UInt64
    let corpus: [[UInt8]]
    let words: [[UInt8]]

    /// The input of a number; the first ones are the corpus itself.
    func input(_ number: Int) -> [UInt8] {
        if number < corpus.count { return corpus[number] }
        var random = Seeded(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number))
        var bytes = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &random) { change(&bytes, &random) }
        return Array(bytes.prefix(Self.bytesMax))
    }

    private func change(_ bytes: inout [UInt8], _ random: inout Seeded) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let range = at..<Int.random(in: at...min(bytes.count, at + 40), using: &random)
        switch Int.random(in: 0..<11, using: &random) {
        case 0 where at < bytes.count:
            bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where at < bytes.count:
            bytes[at] =
                [0, 9, 10, 13, 32, 34, 39, 92, 0x7F, 0x80, 0xC3, 0xFF, 48, 57]
                .randomElement(using: &random) ?? 0
        case 2:
            bytes.removeSubrange(range)
        case 3:
            bytes.insert(contentsOf: bytes[range], at: at)
        case 4, 5:
            bytes.insert(contentsOf: words.randomElement(using: &random) ?? [], at: at)
        case 6:
            bytes.replaceSubrange(range, with: words.randomElement(using: &random) ?? [])
        case 7:
            let other = corpus.randomElement(using: &random) ?? []
            let from = Int.random(in: 0...other.count, using: &random)
            bytes.replaceSubrange(at..., with: other[from...])
        case 8:
            changeNumber(&bytes, from: at, &random)
        case 9:
            let count = Int.random(in: 1...500, using: &random)
            let piece =
                range.isEmpty ? words.randomElement(using: &random) ?? [] : Array(bytes[range])
            guard piece.count * count < Self.bytesMax else { return }
            bytes.insert(contentsOf: (0..<count).flatMap { _ in piece }, at: at)
        default:
            bytes.removeSubrange(at...)
        }
    }

    /// Puts another number in the place of the next one.
    private func changeNumber(_ bytes: inout [UInt8], from at: Int, _ random: inout Seeded) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[at...].firstIndex(where: { digits.contains($0) }) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
        let number =
            [
                "0", "1", "-1", "59", "60", "255", "256", "65536", "2147483647", "2147483648",
                "4294967296", "9223372036854775807", "9223372036854775808", "1e9", "00", "0.1",
                "99999999999999999999999999",
            ].randomElement(using: &random) ?? "0"
        bytes.replaceSubrange(start..<end, with: number.utf8)
    }
}
