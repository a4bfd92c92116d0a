/// The words that a search asks for, each of which is to stand somewhere in a call.
struct SearchWords {
    /// One of them.
    struct Word {
        /// As it was written.
        let text: String

        /// The same for the index, as a whole phrase.
        let phrase: String

        /// Whether the phrase's last word may be the beginning of one.
        var mayGoOn: Bool

        /// What the index is asked for.
        var expression: String { phrase + (mayGoOn ? " *" : "") }
    }

    /// Bytes from which on a word may be the beginning of one: two letters begin too many.
    static let beginningBytesMin = 3

    /// Words that are looked for; a search with more is narrow enough without the rest.
    static let wordsMax = 8

    let words: [Word]

    /// Words between spaces, and phrases between quotation marks.
    ///
    /// Signs inside of a word part it into words that follow each other. The very last word may be
    /// the beginning of one, unless a quotation mark ends it.
    init(_ text: String) {
        var parts: [(text: String, isQuoted: Bool)] = []
        for (index, part) in text.split(separator: "\"", omittingEmptySubsequences: false)
            .enumerated()
        {
            if index % 2 == 1 {
                parts.append((String(part), true))
            } else {
                parts += part.split(whereSeparator: Self.isGap).map { (String($0), false) }
            }
        }
        let found = parts.filter { part in
            part.text.contains { $0.isLetter || $0.isNumber }
        }
        let last = found.count - 1
        words = found.prefix(Self.wordsMax).enumerated().map { index, part in
            let phrase = String(part.text.map { Self.isGap($0) ? " " : $0 })
            return Word(
                text: part.text,
                phrase: "\"\(phrase)\"",
                mayGoOn: index == last && !part.isQuoted
                    && phrase.utf8.count >= Self.beginningBytesMin
            )
        }
    }

    /// What parts words; nothing below a space may reach the index's own language.
    private static func isGap(_ character: Character) -> Bool {
        character.isWhitespace
            || character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
}
