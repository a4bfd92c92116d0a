/// Takes phone numbers and secrets out of a text before it is logged.
///
/// Log messages are constant and metadata should hold neither; this is the last line of defence,
/// for errors of others that quote what they were given. It rather masks too much than too
/// little: of a number the first three and the last two digits remain.
package final class LogMask: Sendable {
    /// What stands for a secret.
    package static let secret = "[secret]"

    /// Shorter texts are not looked for: they would be found in ordinary words.
    package static let secretBytesMin = 6

    private let secrets: [[UInt8]]

    /// A mask that knows these secrets besides what any phone number looks like.
    package init(secrets: [String] = []) {
        self.secrets = secrets.map { Array($0.utf8) }
            .filter { $0.count >= Self.secretBytesMin }
            // The longest first, or a part of it would be left standing.
            .sorted { $0.count > $1.count }
    }

    /// The text without secrets and with its phone numbers masked.
    package func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.secretBytesMin else { return text }
        let isPlain =
            !bytes.contains { Self.isDigit($0) }
            && !secrets.contains { Self.firstIndex(of: $0, in: bytes[...]) != nil }
        return isPlain && Self.firstIndex(of: Array("://".utf8), in: bytes[...]) == nil
            ? text
            : String(decoding: Self.maskedNumbers(maskedSecrets(bytes)), as: UTF8.self)
    }

    /// Whether a value must not be shown at all, going by its name.
    package static func isSecretName(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["secret", "password", "authorization", "api_key", "apikey", "token", "cookie"]
            .contains { name.contains($0) }
    }

    // MARK: Secrets

    private func maskedSecrets(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = Self.maskedUserInfo(bytes)
        for secret in secrets {
            var rest = bytes[...]
            var result: [UInt8] = []
            while let start = Self.firstIndex(of: secret, in: rest) {
                result += rest[rest.startIndex..<start]
                result += Array(Self.secret.utf8)
                rest = rest[(start + secret.count)...]
            }
            bytes = result + rest
        }
        return bytes
    }

    /// Masks what stands between `://` and `@`: user and password of an address.
    private static func maskedUserInfo(_ bytes: [UInt8]) -> [UInt8] {
        let marker = Array("://".utf8)
        var rest = bytes[...]
        var result: [UInt8] = []
        while let start = firstIndex(of: marker, in: rest) {
            let after = start + marker.count
            let word = rest[after...].prefix { $0 > 0x20 && $0 != 0x22 }
            result += rest[rest.startIndex..<after]
            guard let at = word.lastIndex(of: UInt8(ascii: "@")) else {
                rest = rest[after...]
                continue
            }
            result += Array(secret.utf8)
            rest = rest[at...]
        }
        return result + rest
    }

    private static func firstIndex(of part: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = part.first, bytes.count >= part.count else { return nil }
        var index = bytes.startIndex
        while index <= bytes.endIndex - part.count {
            if bytes[index] == first, bytes[index..<(index + part.count)].elementsEqual(part) {
                return index
            }
            index += 1
        }
        return nil
    }

    // MARK: Numbers

    /// Digits of a phone number: fewer with a plus before them, at most 15 (E.164).
    private static let digitsMinWithPlus = 7
    private static let digitsMin = 9
    private static let digitsMax = 15

    private static func maskedNumbers(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        var index = 0
        while index < bytes.count {
            guard startsNumber(bytes, at: index) else {
                index += 1
                continue
            }
            var end = numberEnd(bytes, from: index)
            // Other digits may follow as words: the longest part that is a number counts.
            while end > index, !isPhoneNumber(bytes, index..<end) {
                end = shortened(bytes, index..<end)
            }
            if end > index {
                mask(&result, index..<end)
            } else {
                end = bytes[index...].dropFirst().firstIndex { !isDigit($0) } ?? bytes.endIndex
            }
            index = end
        }
        return result
    }

    /// A plus, a parenthesis or a digit that does not go on a word, a job's id or a fraction.
    private static func startsNumber(_ bytes: [UInt8], at index: Int) -> Bool {
        let byte = bytes[index]
        guard isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "(") else {
            return false
        }
        guard index > 0 else { return true }
        let before = bytes[index - 1]
        if byte == UInt8(ascii: "+") { return true }
        // `@` is what stands before the instant in the id of a schedule's job.
        return !isDigit(before) && !isLetter(before) && before != UInt8(ascii: "@")
            && before != UInt8(ascii: "-") && before != UInt8(ascii: "_")
            && before != UInt8(ascii: ".")
    }

    /// Where digits, and single separators between them, end.
    private static func numberEnd(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        var end = start
        var separators = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isDigit(byte) || (byte == UInt8(ascii: "+") && index == start) {
                separators = 0
                end = index + 1
            } else if isSeparator(byte), separators < 3 {
                separators += 1
            } else {
                break
            }
            index += 1
        }
        return end
    }

    /// The end without the last word; the start when there is one word alone.
    private static func shortened(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        let head = bytes[range]
        // Dashes and dots also stand within ids, dates and addresses.
        let wordEnds = [UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: "/")]
        guard let space = head.lastIndex(where: { wordEnds.contains($0) }) else {
            return range.lowerBound
        }
        return head[..<space].lastIndex { isDigit($0) }.map { $0 + 1 } ?? range.lowerBound
    }

    private static func isPhoneNumber(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        // A word that goes on behind the digits is an id: `4155550123ab`.
        if range.upperBound < bytes.count {
            let after = bytes[range.upperBound]
            if isLetter(after) || after == UInt8(ascii: "_") { return false }
        }
        let digits = bytes[range].count { isDigit($0) }
        if bytes[range.lowerBound] == UInt8(ascii: "+") {
            return (digitsMinWithPlus...digitsMax).contains(digits)
        }
        return (digitsMin...digitsMax).contains(digits) && !isDate(bytes[range])
            && !isAddress(bytes[range])
    }

    /// Whether it is an address of the Internet: four numbers up to 255 between dots.
    private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { UInt8(String(decoding: $0, as: UTF8.self)) != nil }
    }

    /// Whether it begins as a date does: four digits, a dash and two digits.
    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let head = Array(bytes.prefix(8))
        guard head.count == 8 else { return false }
        return head[0..<4].allSatisfy(isDigit) && head[4] == UInt8(ascii: "-")
            && isDigit(head[5]) && isDigit(head[6]) && head[7] == UInt8(ascii: "-")
    }

    private static func mask(_ bytes: inout [UInt8], _ range: Range<Int>) {
        let places = range.filter { isDigit(bytes[$0]) }
        for place in places.dropFirst(3).dropLast(2) {
            bytes[place] = UInt8(ascii: "*")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte >= 0x80
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
