package import CallStore

/// JSON whose fields stand in the order in which they were written.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([Field])

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An object of these fields.
    package static func fields(_ pairs: (String, JSONValue)...) -> Self {
        .object(pairs.map { Field(name: $0.0, value: $0.1) })
    }

    package static func optional(_ text: String?) -> Self { text.map(Self.text) ?? .null }

    package static func count(_ number: Int) -> Self { .integer(Int64(number)) }

    package static func optional(_ number: Int?) -> Self {
        number.map { .integer(Int64($0)) } ?? .null
    }

    /// The text, without a line end; on one line unless indented.
    package func rendered(indented: Bool = true) -> String {
        var text = ""
        write(to: &text, indent: indented ? 0 : nil)
        return text
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let number): text += String(number)
        case .number(let number):
            // JSON has no word for what is not a number.
            text += number.isFinite ? Self.format(number) : "null"
        case .text(let value): Self.write(value, to: &text)
        case .list(let values):
            Self.write(values.count, brackets: ("[", "]"), to: &text, indent: indent) {
                values[$0].write(to: &$2, indent: $1)
            }
        case .object(let fields):
            Self.write(fields.count, brackets: ("{", "}"), to: &text, indent: indent) {
                Self.write(fields[$0].name, to: &$2)
                $2 += indent == nil ? ":" : ": "
                fields[$0].value.write(to: &$2, indent: $1)
            }
        }
    }

    private static func write(
        _ count: Int,
        brackets: (String, String),
        to text: inout String,
        indent: Int?,
        item: (Int, Int?, inout String) -> Void
    ) {
        text += brackets.0
        for index in 0..<count {
            if index > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
            item(index, indent.map { $0 + 1 }, &text)
        }
        if let indent, count > 0 { text += "\n" + String(repeating: "  ", count: indent) }
        text += brackets.1
    }

    private static func format(_ number: Double) -> String {
        if let whole = Int64(exactly: number) { return String(whole) }
        return String(number)
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONValue {
    /// A stored value as it is.
    package init(_ value: StoredValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(text)
        case .list(let values): self = .list(values.map(JSONValue.init))
        case .object(let fields):
            self = .object(
                fields.sorted { $0.key < $1.key }.map {
                    Field(name: $0.key, value: JSONValue($0.value))
                }
            )
        }
    }
}
