import Foundation

/// Times as files and people write them.
package enum RFC3339 {
    /// Unix seconds of a time with a zone; nil when the text is none.
    ///
    /// With or without fractions; a space may stand for the `T`.
    package static func unix(_ text: String) -> Int64? {
        var text = text
        if let space = text.firstIndex(of: " ") {
            text.replaceSubrange(space...space, with: "T")
        }
        if let seconds = plain(text) { return seconds }
        for isFractional in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: isFractional)
            // The style accepts trailing text that it does not understand.
            if let date = try? style.parse(text), hasZone(text) {
                return Int64(date.timeIntervalSince1970.rounded(.down))
            }
        }
        return nil
    }

    /// Just `2026-10-01T08:00:00Z`, as most files have it; the general parser takes fifty times
    /// as long.
    private static func plain(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[19] == UInt8(ascii: "Z") else { return nil }
        let marks: [(Int, Character)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        guard marks.allSatisfy({ bytes[$0.0] == $0.1.asciiValue }) else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1970...9999).contains(year), (1...12).contains(month), (1...28).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        return daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// Days of the Gregorian calendar, by counting from March of year 0.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    private static func hasZone(_ text: String) -> Bool {
        if text.hasSuffix("Z") || text.hasSuffix("z") { return true }
        let tail = text.suffix(6)
        return tail.count == 6 && (tail.first == "+" || tail.first == "-")
            && tail.dropFirst(3).first == ":"
    }
}
