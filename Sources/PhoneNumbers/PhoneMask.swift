/// How phone numbers are shown to people who need not know them.
package enum PhoneMask {
    /// The number with its middle hidden: `+49 151 ••••678`; a short one is hidden whole.
    ///
    /// Of a number in canonical form the country code and the next three digits are shown apart;
    /// an address shows the first character of its user, and its host; anything else shows its first
    /// five characters.
    package static func masked(_ number: String) -> String {
        if let at = number.lastIndex(of: "@") {
            return String(number.prefix(1)) + "••••" + String(number[at...])
        }
        let characters = Array(number)
        guard characters.count >= 9 else {
            return String(repeating: "•", count: characters.count)
        }
        let hidden = "••••" + String(characters.suffix(3))
        guard let code = CountryCode.length(ofE164: number) else {
            return String(characters.prefix(5)) + hidden
        }
        // Of a short number the beginning shown must not reach the end shown.
        let area = min(3, characters.count - 1 - code - 3 - 3)
        guard area > 0 else { return String(characters.prefix(1 + code)) + " " + hidden }
        return String(characters.prefix(1 + code)) + " "
            + String(characters[(1 + code)..<(1 + code + area)]) + " " + hidden
    }
}

/// Country calling codes, as ITU-T E.164 assigns them: by the first digits alone.
enum CountryCode {
    /// How many digits after the plus are the country's; nil for what is no E.164 number.
    static func length(ofE164 number: String) -> Int? {
        let digits = Array(number.utf8.dropFirst())
        guard number.utf8.first == UInt8(ascii: "+"), digits.count >= 4,
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let first = digits[0] - 0x30
        if first == 1 || first == 7 { return 1 }
        return twoDigits.contains(Int(first) * 10 + Int(digits[1] - 0x30)) ? 2 : 3
    }

    private static let twoDigits: Set<Int> = [
        20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55,
        56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
    ]
}
