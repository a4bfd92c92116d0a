/// How phone numbers are shown to people who need not know them.
package enum PhoneMask {
    /// The number with its middle hidden: `+4915••••678`; a short one is hidden whole.
    package static func masked(_ number: String) -> String {
        let characters = Array(number)
        guard characters.count >= 9 else {
            return String(repeating: "•", count: characters.count)
        }
        return String(characters.prefix(5)) + "••••" + String(characters.suffix(3))
    }
}
