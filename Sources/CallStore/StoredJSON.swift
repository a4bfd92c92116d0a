import Foundation
import GRDB
import JobQueue

/// JSON documents in text columns, keys in order, so that equal values are equal texts.
enum StoredJSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A list of identifiers, for `json_each`; an encoder takes longer than the search for them.
    static func list(_ ids: some Collection<JobID>) -> String {
        document(reserving: ids.count * 48) { text in
            for (index, id) in ids.enumerated() {
                if index > 0 { text.append(comma) }
                append(id.text, to: &text)
            }
        }
    }

    private static let comma = UInt8(ascii: ",")

    private static func document(reserving count: Int, body: (inout [UInt8]) -> Void) -> String {
        var text: [UInt8] = [UInt8(ascii: "[")]
        text.reserveCapacity(count)
        body(&text)
        text.append(UInt8(ascii: "]"))
        return String(decoding: text, as: UTF8.self)
    }

    /// A JSON string; bytes beyond ASCII stand as they are.
    private static func append(_ value: String?, to text: inout [UInt8]) {
        guard let value else {
            text.append(contentsOf: "null".utf8)
            return
        }
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0..<0x20:
                text.append(contentsOf: "\\u00".utf8)
                if byte < 0x10 { text.append(UInt8(ascii: "0")) }
                text.append(contentsOf: String(byte, radix: 16).utf8)
            default:
                text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// Evidence as `text` writes it; whole numbers and texts, as most of it is, without an encoder.
    static func evidence(_ value: [String: StoredValue]) throws -> String {
        var document: [UInt8] = [UInt8(ascii: "{")]
        for (index, key) in value.keys.sorted().enumerated() {
            if index > 0 { document.append(comma) }
            append(key, to: &document)
            document.append(UInt8(ascii: ":"))
            guard let field = value[key], append(field, to: &document) else {
                return try text(value)
            }
        }
        document.append(UInt8(ascii: "}"))
        return String(decoding: document, as: UTF8.self)
    }

    /// Whether the value was one of the simple ones.
    private static func append(_ value: StoredValue, to text: inout [UInt8]) -> Bool {
        switch value {
        case .integer(let number): text.append(contentsOf: String(number).utf8)
        case .text(let value): append(value, to: &text)
        case .list(let values):
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(comma) }
                guard append(value, to: &text) else { return false }
            }
            text.append(UInt8(ascii: "]"))
        case .null, .bool, .number, .object: return false
        }
        return true
    }

    static func column(_ value: (some Encodable)?) throws -> DatabaseValue {
        guard let value else { return .null }
        return try text(value).databaseValue
    }

    static func value<Value: Decodable>(
        _ column: DatabaseValue,
        as type: Value.Type
    ) throws -> Value? {
        guard let text = String.fromDatabaseValue(column) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StoreError.damaged(reason: "a JSON column does not hold \(type)")
        }
    }
}
