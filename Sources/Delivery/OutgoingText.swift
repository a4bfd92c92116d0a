import CallStore
import Foundation

/// How what we send is written.
enum OutgoingText {
    /// JSON with its fields in order, so that the same is the same, byte by byte.
    static func json(_ fields: [String: StoredValue]) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(fields))
        } catch {
            preconditionFailure("What is sent holds no number that JSON cannot hold.")
        }
    }

    /// RFC 3339, UTC.
    static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
