/// A second spelling under which the same telephone may be known, by a rule of its country.
///
/// For looking up whether a recipient exists; a stored number is never rewritten to its variant
/// (a Brazilian landline with a ninth digit would be somebody's mobile).
package struct DeclaredVariant: Hashable, Sendable {
    /// Which rule made it, for the evidence: `mx-1`, `ar-9` or `br-9`.
    package let rule: String

    /// Canonical text of the candidate; not checked for validity.
    package let text: String

    /// The other spellings of a number in canonical form; empty for most countries.
    ///
    /// Mexico's `+521` and `+52`, Argentina's `+549` and `+54`, Brazil's mobiles with and without
    /// the ninth digit.
    package static func candidates(of number: String) -> [DeclaredVariant] {
        let digits = number.dropFirst()
        guard number.first == "+", digits.allSatisfy({ ("0"..."9").contains($0) }) else {
            return []
        }
        if digits.hasPrefix("521"), digits.count == 13 {
            return [Self(rule: "mx-1", text: "+52" + digits.dropFirst(3))]
        }
        if digits.hasPrefix("52"), digits.count == 12 {
            return [Self(rule: "mx-1", text: "+521" + digits.dropFirst(2))]
        }
        if digits.hasPrefix("549"), digits.count == 13 {
            return [Self(rule: "ar-9", text: "+54" + digits.dropFirst(3))]
        }
        if digits.hasPrefix("54"), digits.count == 12, !digits.hasPrefix("549") {
            return [Self(rule: "ar-9", text: "+549" + digits.dropFirst(2))]
        }
        if digits.hasPrefix("55") {
            return brazilian(area: digits.dropFirst(2).prefix(2), local: digits.dropFirst(4))
        }
        return []
    }

    /// A text with a country code as a plus and digits; nil when it is anything else.
    package static func canonical(_ text: String) -> String? {
        var digits = text.filter { !" -.()/".contains($0) }
        if digits.hasPrefix("00") { digits = "+" + digits.dropFirst(2) }
        guard digits.first == "+", (8...20).contains(digits.utf8.count),
            digits.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return digits
    }

    private static func brazilian(area: Substring, local: Substring) -> [DeclaredVariant] {
        // Mobiles have nine digits from 9; before 2016 they had eight, from 6 to 9. Landlines
        // begin with 2 to 5 and have no second spelling.
        let isOld: (Substring) -> Bool = { digits in
            digits.first.map { ("6"..."9").contains($0) } ?? false
        }
        if local.count == 9, local.first == "9" {
            // Mobiles of ranges that came later never had eight digits.
            guard isOld(local.dropFirst()) else { return [] }
            return [Self(rule: "br-9", text: "+55\(area)\(local.dropFirst())")]
        }
        if local.count == 8, isOld(local) {
            return [Self(rule: "br-9", text: "+55\(area)9\(local)")]
        }
        return []
    }
}
