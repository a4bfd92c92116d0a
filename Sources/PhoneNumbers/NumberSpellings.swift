/// Finds one number in bytes, however it is written.
///
/// With or without country code, trunk prefix and plus, and with up to three separators between
/// two digits, also where they are percent-encoded. It rather finds too much than too little: the
/// digits of the national number in their order are enough.
package struct NumberSpellings: Sendable {
    /// Fewer digits of a national number occur by chance; the whole number is looked for then.
    private static let digitsMin = 7

    /// Most separators between two digits.
    private static let separatorsMax = 3

    private let digits: [UInt8]

    /// The spellings of a number.
    package init(_ number: E164) {
        let all = Array(number.text.utf8.dropFirst())
        let code = CountryCode.length(ofE164: number.text) ?? 0
        let national = Array(all.dropFirst(code))
        digits = national.count >= Self.digitsMin ? national : all
    }

    /// Whether the bytes hold the number.
    package func occur(in bytes: some Collection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { scan($0) }
            ?? Array(bytes).withUnsafeBufferPointer { scan($0) }
    }

    /// Bytes that two neighbouring pieces of a text must share, so that none is missed between.
    package var overlap: Int { digits.count * (Self.separatorsMax * 3 + 1) }

    private func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = digits.first else { return false }
        for start in bytes.indices where bytes[start] == first {
            if matches(bytes, from: start) { return true }
        }
        return false
    }

    private func matches(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        var index = start
        for digit in digits {
            var separators = 0
            while index < bytes.count, separators < Self.separatorsMax {
                let length = Self.separatorLength(bytes, at: index)
                guard length > 0 else { break }
                index += length
                separators += 1
            }
            guard index < bytes.count, bytes[index] == digit else { return false }
            index += 1
        }
        return true
    }

    /// How many bytes a separator at a place has; 0 when there is none.
    private static func separatorLength(
        _ bytes: UnsafeBufferPointer<UInt8>,
        at index: Int
    ) -> Int {
        switch bytes[index] {
        case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "/"), UInt8(ascii: "+"):
            return 1
        case UInt8(ascii: "%") where index + 2 < bytes.count:
            // %20 space, %28 and %29 parentheses, %2B plus, %2D dash, %2E dot, %2F slash.
            return bytes[index + 1] == UInt8(ascii: "2") ? 3 : 0
        default: return 0
        }
    }
}
