/// A JSON value as it was received, before anybody decides what it means.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)

    /// A number without fraction and exponent that fits.
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object(JSONObject)

    package subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The value as compact JSON; members sorted by name, so that equal values give equal text.
    package var json: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let integer): text += String(integer)
        // JSON has no infinity, and the parser makes none.
        case .number(let number): text += number.isFinite ? String(number) : "null"
        case .text(let string): Self.quote(string, to: &text)
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (index, member) in object.sorted.enumerated() {
                if index > 0 { text += "," }
                Self.quote(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// The members of a JSON object in the order of the text.
package struct JSONObject: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var members: [Member]

    package init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of a member; the last one counts when there are several.
    package subscript(name: String) -> JSONValue? {
        members.last { $0.name == name }?.value
    }

    /// The members by name, each name once.
    package var sorted: [Member] {
        var seen: Set<String> = []
        return members.reversed().filter { seen.insert($0.name).inserted }
            .sorted { $0.name < $1.name }
    }

    mutating func append(_ member: Member) {
        members.append(member)
    }
}
