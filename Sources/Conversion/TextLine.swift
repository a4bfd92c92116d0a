/// One line of the text form that says something, taken apart.
struct TextLine {
    enum Token: Equatable {
        /// A word with a colon after it, without the colon.
        case key(String)

        /// Anything that stands alone: a word, a number, an operator, a path.
        case word(String)

        /// A text in double quotes, without them.
        case quoted(String)
        case list([Item])
    }

    struct Item: Equatable {
        var text: String
        var isPlain: Bool
    }

    /// From 1.
    let number: Int

    /// Spaces before the first token.
    let indent: Int
    let tokens: [Token]

    var isHeader: Bool {
        if case .key? = tokens.first { true } else { false }
    }

    func problem(_ reason: String) -> RulesFileError.Problem {
        RulesFileError.Problem(line: number, field: "", reason: reason)
    }

    static func lines(of text: String) throws(RulesFileError.Problem) -> [TextLine] {
        var lines: [TextLine] = []
        let raw = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, content) in raw.enumerated() {
            var reader = Reader(Array(content.filter { $0 != "\r" }), number: index + 1)
            let line = try reader.line()
            if !line.tokens.isEmpty { lines.append(line) }
        }
        return lines
    }

    private struct Reader {
        let characters: [Character]
        let number: Int
        var position = 0

        init(_ characters: [Character], number: Int) {
            self.characters = characters
            self.number = number
        }

        var next: Character? { position < characters.count ? characters[position] : nil }

        mutating func line() throws(RulesFileError.Problem) -> TextLine {
            while next == " " { position += 1 }
            let indent = position
            if next == "\t" { throw problem("is indented with a tab; use spaces") }
            var tokens: [Token] = []
            while let character = next, character != "#" {
                if character.isWhitespace {
                    position += 1
                } else {
                    tokens.append(try token(character))
                }
            }
            return TextLine(number: number, indent: indent, tokens: tokens)
        }

        private func problem(_ reason: String) -> RulesFileError.Problem {
            RulesFileError.Problem(line: number, field: "", reason: reason)
        }

        private mutating func token(_ first: Character) throws(RulesFileError.Problem) -> Token {
            if first == "\"" { return .quoted(try quoted()) }
            if first == "[" { return .list(try list()) }
            if first == "," || first == "]" { throw problem("has a stray \"\(first)\"") }
            // A path may hold brackets: $.slots[0]
            let isPath = first == "$"
            let start = position
            while let character = next, !character.isWhitespace, character != "\"",
                isPath || (character != "[" && character != "]" && character != ",")
            {
                position += 1
            }
            let word = String(characters[start..<position])
            return word.hasSuffix(":") && word.count > 1
                ? .key(String(word.dropLast())) : .word(word)
        }

        private mutating func quoted() throws(RulesFileError.Problem) -> String {
            position += 1
            var text = ""
            while let character = next {
                position += 1
                if character == "\"" { return text }
                text.append(character)
            }
            throw problem("has a quote that is not closed")
        }

        private mutating func list() throws(RulesFileError.Problem) -> [Item] {
            position += 1
            var items: [Item] = []
            var text = ""
            var isPlain = true
            while let character = next {
                if character == "\"" {
                    guard isPlain, text.allSatisfy(\.isWhitespace) else {
                        throw problem("has no comma before a quoted text")
                    }
                    text = try quoted()
                    isPlain = false
                    continue
                }
                position += 1
                guard character == "," || character == "]" else {
                    if isPlain {
                        text.append(character)
                    } else if !character.isWhitespace {
                        throw problem("has no comma after a quoted text")
                    }
                    continue
                }
                if isPlain { text = text.trimmingSpaces() }
                if character == "]", text.isEmpty, items.isEmpty { return [] }
                guard !text.isEmpty else { throw problem("has an empty place in its list") }
                items.append(Item(text: text, isPlain: isPlain))
                if character == "]" { return items }
                (text, isPlain) = ("", true)
            }
            throw problem("has a list that is not closed")
        }
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}

/// Goes through the tokens of a line.
struct TextCursor {
    let line: TextLine
    private var position = 0

    init(_ line: TextLine) {
        self.line = line
    }

    private var next: TextLine.Token? {
        position < line.tokens.count ? line.tokens[position] : nil
    }

    mutating func key() -> String? {
        guard case .key(let name)? = next else { return nil }
        position += 1
        return name
    }

    /// Takes a word if it is this one, and says whether it was.
    mutating func take(_ word: String) -> Bool {
        guard next == .word(word) else { return false }
        position += 1
        return true
    }

    /// Takes one of the words; nil when none of them stands here.
    mutating func take(oneOf words: [String]) -> String? {
        guard case .word(let word)? = next, words.contains(word) else { return nil }
        position += 1
        return word
    }

    mutating func expect(_ word: String) throws(RulesFileError.Problem) {
        guard take(word) else { throw line.problem("\"\(word)\" is missing\(found)") }
    }

    mutating func word(_ what: String) throws(RulesFileError.Problem) -> String {
        guard case .word(let word)? = next else { throw line.problem("\(what) is missing\(found)") }
        position += 1
        return word
    }

    /// A word or a quoted text.
    mutating func scalar(_ what: String) throws(RulesFileError.Problem) -> RulesTree {
        switch next {
        case .word(let text)?:
            position += 1
            return .scalar(text, isPlain: true, line: line.number)
        case .quoted(let text)?:
            position += 1
            return .scalar(text, isPlain: false, line: line.number)
        default: throw line.problem("\(what) is missing\(found)")
        }
    }

    /// A list in brackets, or one word or text.
    mutating func list() throws(RulesFileError.Problem) -> RulesTree {
        guard case .list(let items)? = next else {
            return .list([try scalar("a list such as [one, two]")], line: line.number)
        }
        position += 1
        return .list(
            items.map { .scalar($0.text, isPlain: $0.isPlain, line: line.number) },
            line: line.number
        )
    }

    /// `+2` or `-1`.
    mutating func weight() throws(RulesFileError.Problem) -> RulesTree {
        guard case .word(let word)? = next, word.first == "+" || word.first == "-" else {
            throw line.problem("begins with its weight, such as +2 or -1")
        }
        position += 1
        let number = word.first == "+" ? String(word.dropFirst()) : word
        return .scalar(number, isPlain: true, line: line.number)
    }

    func end() throws(RulesFileError.Problem) {
        if next != nil { throw line.problem("is not understood from here on\(found)") }
    }

    func mapping(_ pairs: [(String, RulesTree)]) -> RulesTree {
        .mapping(pairs.map { (key: $0.0, value: $0.1) }, line: line.number)
    }

    private var found: String {
        switch next {
        case .key(let text)?: ", at \"\(text):\""
        case .word(let text)?, .quoted(let text)?: ", at \"\(text)\""
        case .list?: ", at \"[\""
        case nil: ""
        }
    }
}
