/// Finds one SIP or client identity in bytes, however it is written.
///
/// In any case, percent-encoded or not, and with the parameters or the password that may stand
/// between user and host. It rather finds too much than too little.
package struct SIPSpellings: Sendable {
    /// Most bytes of parameters and password.
    private static let parametersMax = 256

    private let address: [UInt8]

    /// - Parameter address: Lower-cased `user@host` or `client:user`.
    package init(_ address: String) {
        self.address = Array(address.utf8)
    }

    /// Whether the bytes hold the identity, and not only the end of a longer user's.
    package func occur(in bytes: some Collection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { scan($0) }
            ?? Array(bytes).withUnsafeBufferPointer { scan($0) }
    }

    package var overlap: Int { address.count * 3 + Self.parametersMax + 3 }

    private func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = address.first else { return false }
        for start in bytes.indices {
            guard let unit = Self.unit(bytes, at: start), unit.value == first else { continue }
            if !Self.continuesUser(bytes, before: start), matches(bytes, from: start) {
                return true
            }
        }
        return false
    }

    private func matches(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        var index = start
        for wanted in address {
            if wanted == UInt8(ascii: "@") { index = Self.end(ofParameters: bytes, at: index) }
            guard let unit = Self.unit(bytes, at: index), unit.value == wanted else { return false }
            index += unit.length
        }
        // A longer label of the host is another host.
        guard let next = Self.unit(bytes, at: index), !Self.isEscaped(bytes, at: index) else {
            return true
        }
        return !Self.isWord(next.value)
    }

    /// The byte that stands at a place, in lower case, and how many bytes it is written with.
    private static func unit(
        _ bytes: UnsafeBufferPointer<UInt8>,
        at index: Int
    ) -> (value: UInt8, length: Int)? {
        guard index < bytes.count else { return nil }
        if isEscaped(bytes, at: index), let high = nibble(bytes[index + 1]),
            let low = nibble(bytes[index + 2])
        {
            return (lowered(high << 4 | low), 3)
        }
        return (lowered(bytes[index]), 1)
    }

    private static func isEscaped(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        index + 2 < bytes.count && bytes[index] == UInt8(ascii: "%")
            && nibble(bytes[index + 1]) != nil && nibble(bytes[index + 2]) != nil
    }

    /// Where `;tag=1` or `:secret` of a user end; the same place when there are none.
    private static func end(ofParameters bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        guard let first = unit(bytes, at: index),
            first.value == UInt8(ascii: ";") || first.value == UInt8(ascii: ":")
        else { return index }
        var end = index
        while end - index < parametersMax, let unit = unit(bytes, at: end) {
            if unit.value == UInt8(ascii: "@") { return end }
            // What no address holds ends it.
            guard unit.value > 0x20, !"<>\"".utf8.contains(unit.value) else { return index }
            end += unit.length
        }
        return index
    }

    private static func continuesUser(
        _ bytes: UnsafeBufferPointer<UInt8>,
        before start: Int
    ) -> Bool {
        guard start > 0 else { return false }
        // An escape before it, such as that of a colon, is no letter of the user.
        if start >= 3, isEscaped(bytes, at: start - 3) { return false }
        let before = bytes[start - 1]
        return isWord(lowered(before)) || ".+_".utf8.contains(before)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch lowered(byte) {
        case let digit where (0x30...0x39).contains(digit): digit - 0x30
        case let letter where (0x61...0x66).contains(letter): letter - 0x61 + 10
        default: nil
        }
    }
}
