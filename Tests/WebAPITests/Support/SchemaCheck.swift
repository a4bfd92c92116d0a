import Foundation

/// Checks JSON against the part of JSON Schema that our answers are described with.
struct SchemaCheck {
    private let schema: [String: Any]

    /// A schema beside the tests, by its file's name.
    init(_ name: String) throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Schemas/\(name).json").standardizedFileURL
        let found = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
        guard let schema = found as? [String: Any] else { throw Failure.unreadable(name) }
        self.schema = schema
    }

    init(_ schema: [String: Any]) {
        self.schema = schema
    }

    enum Failure: Error {
        case unreadable(String)
    }

    /// What is wrong with a document, by where; empty when nothing is.
    func problems(in text: String) throws -> [String] {
        let value = try JSONSerialization.jsonObject(
            with: Data(text.utf8),
            options: .fragmentsAllowed
        )
        return Self.problems(of: value, by: schema, at: "$")
    }

    /// The same of each item of a list.
    func problems(inListOf text: String) throws -> [String] {
        try SchemaCheck(["type": "array", "items": schema]).problems(in: text)
    }

    private static func problems(
        of value: Any,
        by schema: [String: Any],
        at place: String
    ) -> [String] {
        var problems: [String] = []
        if let choices = schema["anyOf"] as? [[String: Any]] {
            let each = choices.map { self.problems(of: value, by: $0, at: place) }
            // What is wrong is said by the choice that came closest.
            return each.contains([]) ? [] : each.max { $0.count < $1.count } ?? []
        }
        let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] } ?? []
        let type = type(of: value)
        if !types.isEmpty, !types.contains(type), !(type == "integer" && types.contains("number")) {
            return ["\(place) is \(type), not \(types.joined(separator: " or "))"]
        }
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            problems.append("\(place) is none of \(words)")
        }
        if let minimum = schema["minimum"] as? NSNumber, let number = value as? NSNumber,
            number.doubleValue < minimum.doubleValue
        {
            problems.append("\(place) is below \(minimum)")
        }
        if let text = value as? String, let format = schema["format"] as? String,
            !isText(text, of: format)
        {
            problems.append("\(place) is no \(format)")
        }
        if let items = value as? [Any], let item = schema["items"] as? [String: Any] {
            for (index, value) in items.enumerated() {
                problems += self.problems(of: value, by: item, at: "\(place)[\(index)]")
            }
        }
        if let object = value as? [String: Any] {
            problems += self.problems(ofMembers: object, by: schema, at: place)
        }
        return problems
    }

    private static func problems(
        ofMembers object: [String: Any],
        by schema: [String: Any],
        at place: String
    ) -> [String] {
        var problems: [String] = []
        let known = schema["properties"] as? [String: Any] ?? [:]
        for name in schema["required"] as? [String] ?? [] where object[name] == nil {
            problems.append("\(place) lacks \(name)")
        }
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            if let member = known[name] as? [String: Any] {
                problems += self.problems(of: value, by: member, at: "\(place).\(name)")
            } else if schema["additionalProperties"] as? Bool == false {
                problems.append("\(place) has \(name), which it should not")
            }
        }
        return problems
    }

    private static func type(of value: Any) -> String {
        switch value {
        case is NSNull: return "null"
        case is String: return "string"
        case is [Any]: return "array"
        case is [String: Any]: return "object"
        case let number as NSNumber:
            if isBoolean(number) { return "boolean" }
            return number.doubleValue == number.doubleValue.rounded() ? "integer" : "number"
        default: return "unknown"
        }
    }

    private static func isBoolean(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }

    private static func isText(_ text: String, of format: String) -> Bool {
        switch format {
        case "date": text.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil
        case "date-time":
            text.wholeMatch(of: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/) != nil
        default: false
        }
    }
}
