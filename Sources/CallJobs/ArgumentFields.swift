import CallStore
import Foundation

/// The fields of a job's arguments while they are read; what nobody took is an error.
package struct ArgumentFields: Sendable {
    private var values: [String: StoredValue]

    /// The fields of a JSON object; an empty payload counts as `{}`.
    ///
    /// - Throws: `ArgumentsError.notAnObject`, or `unknownVersion` when a `version` says so.
    package init(payload: [UInt8]) throws(ArgumentsError) {
        do {
            values =
                payload.isEmpty
                ? [:] : try JSONDecoder().decode([String: StoredValue].self, from: Data(payload))
        } catch {
            throw .notAnObject(reason: payload.isEmpty ? "empty" : "\(payload.count) bytes")
        }
        let version = try integer("version") ?? Self.versionKnown
        guard version == Self.versionKnown else {
            throw .unknownVersion(found: version, known: Self.versionKnown)
        }
    }

    /// The version that this program writes and reads; the field may be left out.
    package static let versionKnown: Int64 = 1

    package func has(_ name: String) -> Bool { values[name] != nil }

    /// Takes the field if it is just this text, and says whether it was.
    package mutating func take(_ name: String, ifText text: String) -> Bool {
        guard values[name] == .text(text) else { return false }
        values.removeValue(forKey: name)
        return true
    }

    /// Takes a text; nil when the field is not there or null.
    package mutating func text(_ name: String) throws(ArgumentsError) -> String? {
        switch values.removeValue(forKey: name) {
        case nil, .null: return nil
        case .text(let text) where !text.isEmpty: return text
        default: throw .malformed(field: name, expected: "a text that is not empty")
        }
    }

    /// Takes a whole number, also when a person wrote it as text.
    package mutating func integer(_ name: String) throws(ArgumentsError) -> Int64? {
        switch values.removeValue(forKey: name) {
        case nil, .null: return nil
        case .integer(let number): return number
        case .text(let text):
            if let number = Int64(text) { return number }
        default: break
        }
        throw .malformed(field: name, expected: "a whole number")
    }

    /// Takes a yes or no.
    package mutating func flag(_ name: String) throws(ArgumentsError) -> Bool? {
        switch values.removeValue(forKey: name) {
        case nil, .null: return nil
        case .bool(let flag): return flag
        case .text("true"): return true
        case .text("false"): return false
        default: throw .malformed(field: name, expected: "true or false")
        }
    }

    /// Takes an instant, in Unix seconds: a whole number, or RFC 3339 text.
    package mutating func instant(_ name: String) throws(ArgumentsError) -> Int64? {
        switch values.removeValue(forKey: name) {
        case nil, .null: return nil
        case .integer(let seconds): return seconds
        case .text(let text):
            if let seconds = Int64(text) ?? Self.seconds(rfc3339: text) { return seconds }
        default: break
        }
        throw .malformed(field: name, expected: "Unix seconds or a time like 2026-11-21T12:00:00Z")
    }

    /// Takes a list of ids, 1 to `limit` of them.
    package mutating func ids(_ name: String, limit: Int) throws(ArgumentsError) -> [Int64]? {
        let expected = "a list of 1 to \(limit) whole numbers"
        switch values.removeValue(forKey: name) {
        case nil, .null: return nil
        case .list(let list) where !list.isEmpty && list.count <= limit:
            var ids: [Int64] = []
            for case .integer(let id) in list { ids.append(id) }
            guard ids.count == list.count else {
                throw .malformed(field: name, expected: expected)
            }
            return ids
        default: throw .malformed(field: name, expected: expected)
        }
    }

    /// Takes one of the words of an enumeration.
    package mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        as type: Word.Type
    ) throws(ArgumentsError) -> Word? where Word.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed(field: name, expected: "one of \(known)")
        }
        return word
    }

    /// Ends the reading.
    ///
    /// - Throws: `ArgumentsError.unknown` for a field that nobody took.
    package func finish() throws(ArgumentsError) {
        if let left = values.keys.min() { throw .unknown(field: left) }
    }

    /// Unix seconds of an RFC 3339 time; nil when it is none.
    package static func seconds(rfc3339 text: String) -> Int64? {
        // Only an absence is told apart here, so the parser's own error says nothing more.
        for style in [
            Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true),
        ] {
            if let date = try? style.parse(text) {
                return Int64(date.timeIntervalSince1970.rounded(.down))
            }
        }
        return nil
    }
}
