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
        var text: [UInt8] = [UInt8(ascii: "[")]
        text.reserveCapacity(ids.count * 48)
        for id in ids {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "\""))
            // Identifiers are printable ASCII, so nothing else needs an escape.
            for byte in id.text.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    text.append(UInt8(ascii: "\\"))
                }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "]"))
        return String(decoding: text, as: UTF8.self)
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
