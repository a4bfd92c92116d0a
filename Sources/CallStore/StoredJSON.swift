import Foundation
import GRDB

/// JSON documents in text columns, keys in order, so that equal values are equal texts.
enum StoredJSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
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
