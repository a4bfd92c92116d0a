/// A place in a rules file: what stands there and what leads to it.
struct RulesNode {
    let tree: RulesTree
    let path: String

    func problem(_ reason: String) -> RulesFileError.Problem {
        RulesFileError.Problem(line: tree.line, field: path, reason: reason)
    }

    /// Whether fields stand here, and not a text or a list.
    var isMapping: Bool { tree.pairs != nil }

    /// The fields of a mapping, each at most once and none but the allowed.
    func fields(allowed: [String]) throws(RulesFileError.Problem) -> Fields {
        guard let pairs = tree.pairs else {
            throw problem("must be a mapping with \(Self.listed(allowed))")
        }
        var fields: [String: RulesNode] = [:]
        for (key, value) in pairs {
            guard let name = key.scalar?.text else {
                throw RulesNode(tree: key, path: path).problem("a key must be a word")
            }
            let field = RulesNode(tree: value, path: path.isEmpty ? name : "\(path).\(name)")
            guard allowed.contains(name) else {
                let at = RulesNode(tree: key, path: field.path)
                throw at.problem("no such field; allowed are \(Self.listed(allowed))")
            }
            guard fields.updateValue(field, forKey: name) == nil else {
                throw field.problem("stands twice")
            }
        }
        return Fields(owner: self, fields: fields)
    }

    /// The items of a list, at least one.
    func items(max limit: Int) throws(RulesFileError.Problem) -> [RulesNode] {
        guard let items = tree.items else { throw problem("must be a list") }
        guard !items.isEmpty else { throw problem("must not be empty") }
        guard items.count <= limit else { throw problem("has more than \(limit) items") }
        return items.enumerated().map { index, item in
            RulesNode(tree: item, path: "\(path)[\(index)]")
        }
    }

    /// The texts of a list, or of a single text.
    func texts(max limit: Int) throws(RulesFileError.Problem) -> [String] {
        if tree.scalar != nil { return [try text()] }
        var texts: [String] = []
        for item in try items(max: limit) {
            let text = try item.text()
            guard !texts.contains(text) else { throw item.problem("stands twice") }
            texts.append(text)
        }
        return texts
    }

    /// A text of 1 to `RulesLimits.textMax` characters.
    func text() throws(RulesFileError.Problem) -> String {
        guard let text = tree.scalar?.text else { throw problem("must be a text") }
        guard !text.isEmpty, text.count <= RulesLimits.textMax else {
            throw problem("must have 1 to \(RulesLimits.textMax) characters")
        }
        return text
    }

    /// A name of letters, digits, `_`, `-` and `.`.
    func name() throws(RulesFileError.Problem) -> String {
        let text = try text()
        guard text.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic || Self.joins($0) })
        else {
            throw problem("must consist of letters, digits, _, - and .")
        }
        return text
    }

    /// A whole number within a range.
    func integer(in range: ClosedRange<Int>) throws(RulesFileError.Problem) -> Int {
        guard let text = plain, let value = Int(text), range.contains(value) else {
            throw problem("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number() throws(RulesFileError.Problem) -> Double {
        guard case .number(let value) = try value() else { throw problem("must be a number") }
        return value
    }

    /// The one word of a flag that may only be set.
    func isTrue() throws(RulesFileError.Problem) {
        guard plain == "true" else { throw problem("must be true or be left out") }
    }

    /// `true` and `false` and numbers as such, unless they are quoted; everything else as text.
    func value() throws(RulesFileError.Problem) -> DataValue {
        let text = try text()
        guard plain != nil else { return .text(text) }
        if text == "true" || text == "false" { return .bool(text == "true") }
        // Double would read "nan", "inf" and hexadecimal digits, too.
        let isNumeric = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
        if isNumeric, text.utf8.contains(where: { (0x30...0x39).contains($0) }),
            let number = Double(text), number.isFinite
        {
            return .number(number)
        }
        return .text(text)
    }

    /// One of the words of an enumeration.
    func choice<Choice>(
        of type: Choice.Type
    ) throws(RulesFileError.Problem) -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let text = tree.scalar?.text, let choice = Choice(rawValue: text) else {
            throw problem("must be \(Self.listed(Choice.allCases.map(\.rawValue), "or"))")
        }
        return choice
    }

    /// The text of an unquoted scalar.
    var plain: String? {
        guard let scalar = tree.scalar, scalar.isPlain else { return nil }
        return scalar.text
    }

    static func listed(_ items: [String], _ word: String = "and") -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " \(word) " + last
    }

    private static func joins(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-" || scalar == "."
    }

    /// The fields of one mapping.
    struct Fields {
        let owner: RulesNode
        private let fields: [String: RulesNode]

        init(owner: RulesNode, fields: [String: RulesNode]) {
            self.owner = owner
            self.fields = fields
        }

        subscript(_ name: String) -> RulesNode? { fields[name] }

        func required(_ name: String) throws(RulesFileError.Problem) -> RulesNode {
            guard let field = fields[name] else { throw owner.problem("\(name) is missing") }
            return field
        }

        /// The only one of some fields that is there.
        func oneOf(_ names: [String]) throws(RulesFileError.Problem) -> (String, RulesNode) {
            let present = names.filter { fields[$0] != nil }
            guard let name = present.first, present.count == 1, let field = fields[name] else {
                throw owner.problem("must have exactly one of \(RulesNode.listed(names))")
            }
            return (name, field)
        }
    }
}
