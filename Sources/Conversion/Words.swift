/// The words of a spoken text, as a phrase is compared with them.
///
/// Transcripts are recognition output: case, punctuation and apostrophes mean nothing.
struct Words: Equatable {
    struct Word: Equatable {
        /// Lower case, without apostrophes.
        let text: String

        /// Where it stands, counted in Unicode scalars of the message.
        let range: Range<Int>
    }

    let words: [Word]

    init(_ message: String) {
        var words: [Word] = []
        var text = ""
        var start = 0
        func close(at end: Int) {
            if !text.isEmpty {
                words.append(Word(text: text.lowercased(), range: start..<end))
                text = ""
            }
        }
        var end = 0
        for (position, scalar) in message.unicodeScalars.enumerated() {
            if Self.standsAlone(scalar) {
                close(at: end)
                words.append(Word(text: String(scalar), range: position..<position + 1))
            } else if Self.isPartOfWord(scalar) {
                if text.isEmpty { start = position }
                text.unicodeScalars.append(scalar)
                end = position + 1
            } else if !Self.isApostrophe(scalar) {
                close(at: end)
            }
        }
        close(at: end)
        self.words = words
    }

    /// The words with one space between them.
    static func normal(_ text: String) -> String {
        Words(text).words.map(\.text).joined(separator: " ")
    }

    /// Where the phrase first stands as whole words, in Unicode scalars; nil when it does not.
    func range(of phrase: Words) -> Range<Int>? {
        let needle = phrase.words.map(\.text)
        guard let length = needle.isEmpty ? nil : needle.count, words.count >= length else {
            return nil
        }
        for first in 0...(words.count - length)
        where words[first..<first + length].lazy.map(\.text).elementsEqual(needle) {
            return words[first].range.lowerBound..<words[first + length - 1].range.upperBound
        }
        return nil
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
        scalar == "'" || scalar == "\u{2019}" || scalar == "\u{02BC}"
    }
}
