import CPhoneNumber

/// Reads phone numbers as people, spreadsheets and telephone networks write them.
///
/// It classifies before it parses, keeps an extension apart, and calls a number `e164` only when
/// the library holds it for valid (merely *possible* is too weak: the keypad spelling of
/// UNAVAILABLE is possible). A value, free to be copied; every method may be called from any task.
package struct NumberNormalizer: Sendable {
    /// Longest text that is looked at, in bytes: the library's own limit.
    package static let bytesMax = 250

    /// Raised with every change of the rules in this target that can change an answer.
    package static let rulesVersion = 2

    /// Digits up to which a text without plus and trunk zero is an extension or short code.
    ///
    /// Regions whose whole numbers are that short are exempt.
    package static let shortDigitsMax = 6

    /// The library's version and ours, such as `8.12+1`; stored with every reading.
    package let version: String

    private let withheld: WithheldNames

    /// Loads the library's metadata, which blocks for some milliseconds once per process.
    ///
    /// Make one at start, in `main`, not in a task of the shared pool.
    ///
    /// - Parameter additionalWithheld: Further words that stand for a withheld number.
    package init(additionalWithheld: [String] = []) {
        let isReady = rb_phone_prepare() == 1
        precondition(isReady, "libphonenumber loads its built-in metadata.")
        withheld = WithheldNames(additional: additionalWithheld)
        var bytes = [CChar](repeating: 0, count: Int(RB_PHONE_VERSION_BYTES))
        bytes.withUnsafeMutableBufferPointer { rb_phone_version($0.baseAddress) }
        version = "\(Self.text(bytes))+\(Self.rulesVersion)"
    }

    /// Reads one text.
    ///
    /// - Parameters:
    ///   - raw: The text as received; nil when there is no phone leg at all.
    ///   - region: For numbers without a country code; nil when nothing is known.
    /// - Returns: The class, and for an `e164` the number.
    package func read(_ raw: String?, region: Region?) -> NumberReading {
        guard let raw else { return NumberReading(kind: .none, raw: nil) }
        let text = raw.trimmed
        if withheld.contains(text) { return NumberReading(kind: .withheld, raw: raw) }
        guard text.utf8.count <= Self.bytesMax else {
            return NumberReading(kind: .invalid, raw: raw)
        }
        if let address = SIPAddress(text) {
            return read(address, raw: raw, region: region)
        }
        return readNumber(text, raw: raw, region: region)
    }

    private func read(_ address: SIPAddress, raw: String, region: Region?) -> NumberReading {
        if address.host == "anonymous.invalid" {
            return NumberReading(kind: .withheld, raw: raw)
        }
        guard !address.user.isEmpty else { return NumberReading(kind: .invalid, raw: raw) }
        if withheld.contains(address.user) {
            return NumberReading(kind: .withheld, raw: raw)
        }
        if address.isGlobalNumber {
            return readNumber(address.user, raw: raw, region: nil)
        }
        if address.isDigits, address.isPhoneUser {
            return readNumber(address.user, raw: raw, region: region)
        }
        return NumberReading(kind: .sipUser, raw: raw, sipUser: address.key)
    }

    private func readNumber(_ text: String, raw: String, region: Region?) -> NumberReading {
        if isShort(text, region: region) {
            return NumberReading(kind: .short, raw: raw)
        }
        // Where 00 is not what one dials for abroad, it is still how many write a plus.
        let number = valid(text, region: region) ?? Self.withPlus(text).flatMap { valid($0) }
        guard let number, let e164 = E164(stored: Self.text(of: number.e164)) else {
            return NumberReading(kind: .invalid, raw: raw)
        }
        let digits = Self.text(of: number.extension)
        let code = Self.text(of: number.region)
        return NumberReading(
            kind: .e164,
            raw: raw,
            e164: e164,
            phoneExtension: digits.isEmpty ? nil : digits,
            region: code.count == 2 && code != "ZZ" ? code : nil
        )
    }

    /// What the library makes of a text; nil unless it is a valid number.
    private func valid(_ text: String, region: Region? = nil) -> rb_phone_number? {
        var number = rb_phone_number()
        var copy = text
        copy.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                rb_phone_parse(
                    characters.baseAddress,
                    characters.count,
                    region?.code ?? "ZZ",
                    &number
                )
            }
        }
        return number.status == RB_PHONE_PARSED.signed && number.is_valid == 1 ? number : nil
    }

    /// The text with a plus for its leading 00; nil when it has none.
    private static func withPlus(_ text: String) -> String? {
        guard text.hasPrefix("00") else { return nil }
        return "+" + text.dropFirst(2)
    }

    /// Whether a text is an extension or a short code rather than a public number.
    private func isShort(_ text: String, region: Region?) -> Bool {
        let separators: Set<Character> = [" ", "-", ".", "(", ")", "/", "*", "#"]
        let digits = text.filter { !separators.contains($0) }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.utf8.count <= Self.shortDigitsMax
        else { return false }
        guard let region else { return true }
        let example = Int(rb_phone_region_example_digits(region.code))
        if example > 0, example <= Self.shortDigitsMax { return false }
        return digits.utf8.first != UInt8(ascii: "0")
    }

    private static func text(_ characters: [CChar]) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    /// The text in a fixed C array, up to its NUL.
    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension rb_phone_status {
    /// The value as the C structure stores it.
    fileprivate var signed: Int32 { Int32(rawValue) }
}

extension String {
    /// The text without white space, control characters and quotes at its ends.
    fileprivate var trimmed: String {
        func isPadding(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || scalar.value < 0x20 || scalar == "\""
                || scalar == "'" || scalar == "\u{FEFF}"
        }
        var rest = unicodeScalars[...]
        while let first = rest.first, isPadding(first) { rest.removeFirst() }
        while let last = rest.last, isPadding(last) { rest.removeLast() }
        return String(rest)
    }
}
