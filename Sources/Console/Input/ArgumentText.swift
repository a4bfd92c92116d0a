import Foundation
import Reports

/// Why the arguments of `ringback enqueue` cannot be read.
package struct ArgumentTextError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

/// The arguments of a job as people type them: `key=value` words, or one JSON object.
package enum ArgumentText {
    /// The payload for these words; an empty object when there are none.
    ///
    /// A value that reads as a JSON number, `true`, `false`, `null`, a list or an object is taken as such,
    /// everything else as text; quotes (`id='"12"'`) make a text of a number.
    package static func payload(_ words: [String]) throws(ArgumentTextError) -> [UInt8] {
        if words.count == 1, let only = words.first, only.first == "{" {
            guard isObject(only) else {
                throw ArgumentTextError(description: "\"\(only)\" is not a JSON object")
            }
            return Array(only.utf8)
        }
        var fields: [String: String] = [:]
        for word in words {
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
                throw ArgumentTextError(
                    description: "\"\(word)\" is neither key=value nor a JSON object; "
                        + "for example: window=recent"
                )
            }
            let key = String(word[..<equals])
            guard fields[key] == nil else {
                throw ArgumentTextError(description: "\"\(key)\" is given twice")
            }
            fields[key] = value(String(word[word.index(after: equals)...]))
        }
        let pairs = fields.sorted { $0.key < $1.key }.map { key, value in
            JSONValue.text(key).rendered() + ":" + value
        }
        return Array("{\(pairs.joined(separator: ","))}".utf8)
    }

    /// The JSON of one value.
    private static func value(_ text: String) -> String {
        let isWord = ["true", "false", "null"].contains(text)
        // No leading zeros: what looks like a postcode or a phone number stays a text.
        let isNumber =
            Int64(text).map { String($0) == text } ?? false
            || (text.contains(".") && Double(text).map { String($0) == text } ?? false)
        if isWord || isNumber { return text }
        if let first = text.first, "[{\"".contains(first), isJSON(text) { return text }
        return JSONValue.text(text).rendered()
    }

    private static func isObject(_ text: String) -> Bool {
        do {
            return try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any]
        } catch {
            return false
        }
    }

    private static func isJSON(_ text: String) -> Bool {
        do {
            _ = try JSONSerialization.jsonObject(
                with: Data(text.utf8),
                options: .fragmentsAllowed
            )
            return true
        } catch {
            return false
        }
    }
}
