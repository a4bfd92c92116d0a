/// The words of a spoken text, as a phrase is compared with them.
///
/// Transcripts are recognition output: case, punctuation and apostrophes mean nothing, and a
/// number is the same as a word and in digits. Punctuation only tells sentences and clauses apart.
struct Words: Equatable {
    struct Word: Equatable {
        /// Lower case, without apostrophes.
        var text: String

        /// Where it stands, counted in Unicode scalars of the message.
        var range: Range<Int>

        /// Which sentence of the message it is in, from 0.
        var sentence = 0

        /// Which clause of the message it is in, from 0: commas end one, too.
        var clause = 0
    }

    let words: [Word]

    /// The sentences that end with a question mark.
    let asked: Set<Int>

    init(_ message: String, numbers: NumberWords? = nil) {
        var reader = WordReader(Array(message.unicodeScalars))
        reader.read()
        words = numbers?.normalised(reader.words) ?? reader.words
        asked = reader.asked
    }

    /// The words with one space between them.
    static func normal(_ text: String) -> String {
        Words(text).words.map(\.text).joined(separator: " ")
    }

    /// Where the phrase stands as whole words, as ranges of indices of words.
    func places(of phrase: Phrase) -> [Range<Int>] {
        let length = phrase.texts.count
        guard length > 0, words.count >= length else { return [] }
        return (0...(words.count - length)).compactMap { first in
            phrase.matches(words[first..<first + length]) ? first..<first + length : nil
        }
    }

    /// The place in the message of some of its words, in Unicode scalars.
    func characters(of place: Range<Int>) -> Range<Int> {
        words[place.lowerBound].range.lowerBound..<words[place.upperBound - 1].range.upperBound
    }
}

/// Words to look for; an asterisk after a word stands for any ending.
struct Phrase: Sendable, Hashable {
    let texts: [String]

    /// For each word, whether it is only a beginning.
    private let isStem: [Bool]

    init(_ text: String, numbers: NumberWords?) {
        var texts: [String] = []
        var isStem: [Bool] = []
        for part in text.split(whereSeparator: \.isWhitespace) {
            let words = Words(String(part)).words.map(\.text)
            texts += words
            isStem += words.indices.map { $0 == words.count - 1 && part.hasSuffix("*") }
        }
        if let numbers, !isStem.contains(true) {
            texts = Words(text, numbers: numbers).words.map(\.text)
            isStem = texts.map { _ in false }
        }
        self.texts = texts
        self.isStem = isStem
    }

    /// Equal for phrases that find the same.
    static func normal(_ text: String) -> String {
        let phrase = Phrase(text, numbers: nil)
        return zip(phrase.texts, phrase.isStem).map { $0 + ($1 ? "*" : "") }.joined(separator: " ")
    }

    func matches(_ words: ArraySlice<Words.Word>) -> Bool {
        for (offset, word) in words.enumerated() {
            let isFound =
                isStem[offset] ? word.text.hasPrefix(texts[offset]) : word.text == texts[offset]
            if !isFound { return false }
        }
        return true
    }
}

/// Takes a message apart.
private struct WordReader {
    private(set) var words: [Words.Word] = []
    private(set) var asked: Set<Int> = []
    private let scalars: [Unicode.Scalar]
    private var text = ""
    private var start = 0
    private var end = 0
    private var sentence = 0
    private var clause = 0

    init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    mutating func read() {
        for (position, scalar) in scalars.enumerated() {
            if Self.standsAlone(scalar) {
                close()
                add(String(scalar), position..<position + 1)
            } else if Self.isPartOfWord(scalar) {
                if text.isEmpty { start = position }
                text.unicodeScalars.append(scalar)
                end = position + 1
            } else if !Self.isApostrophe(scalar) {
                close()
                noteBreak(scalar, at: position)
            }
        }
        close()
    }

    private mutating func close() {
        guard !text.isEmpty else { return }
        add(text.lowercased(), start..<end)
        text = ""
    }

    private mutating func add(_ text: String, _ range: Range<Int>) {
        words.append(Words.Word(text: text, range: range, sentence: sentence, clause: clause))
    }

    private mutating func noteBreak(_ scalar: Unicode.Scalar, at position: Int) {
        guard words.last?.sentence == sentence, !isInsideNumber(position) else { return }
        switch scalar {
        case "?", "\u{FF1F}":
            asked.insert(sentence)
            sentence += 1
            clause += 1
        case ".", "!", "\u{2026}", "\u{3002}", "\u{FF01}", "\n":
            sentence += 1
            clause += 1
        case ",", ";", ":", "\u{2013}", "\u{2014}", "\u{3001}": clause += 1
        default: break
        }
    }

    /// A point or a comma between digits ends nothing.
    private func isInsideNumber(_ position: Int) -> Bool {
        guard position > 0, position + 1 < scalars.count else { return false }
        return [scalars[position - 1], scalars[position + 1]].allSatisfy {
            $0.properties.generalCategory == .decimalNumber
        }
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
            .otherNumber:
            true
        default: false
        }
    }

    /// Scripts that put no space between words: each character is a word of its own.
    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        // Hiragana and katakana; Unicode calls only the Han characters ideographic.
        scalar.properties.isIdeographic || (0x3041...0x30FF).contains(scalar.value)
    }

    private static func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
        // The modifier letter apostrophe counts as a letter for Unicode, but not here.
        scalar == "'" || scalar == "\u{2019}" || scalar == "\u{02BC}"
    }
}
