/// The words that networks put where the number of a caller would stand who hides it.
struct WithheldNames: Sendable {
    /// Words of product rule 2, and the phrases that carriers make of them.
    static let words: Set<String> = [
        "", "anonymous", "restricted", "private", "unavailable", "unknown", "blocked", "withheld",
        "anonymous caller", "private number", "unknown number", "unknown caller", "no caller id",
        "number withheld", "caller id blocked", "not available", "out of area",
    ]

    /// The same words typed on a telephone's keypad, as some carriers send them with a plus.
    ///
    /// ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE. Without the plus the digits of
    /// RESTRICTED are a number in Austin.
    static let keypad: Set<String> = [
        "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253",
    ]

    private let names: Set<String>

    init(additional: [String]) {
        names = Self.words.union(additional.map(Self.normal))
    }

    /// Whether the text says that there is a caller and no number.
    func contains(_ text: String) -> Bool {
        let name = Self.normal(text)
        return names.contains(name) || Self.keypad.contains(name.filter { $0 != " " })
    }

    /// Lower case, one space between words, underscores and hyphens as spaces.
    private static func normal(_ text: String) -> String {
        text.lowercased()
            .split { $0.isWhitespace || $0 == "_" || $0 == "-" }
            .joined(separator: " ")
    }
}
