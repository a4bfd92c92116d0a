import Foundation
import JobQueue

/// Reads what a person pushed: an envelope, a bare JSON object, or neither.
enum HandPushed {
    enum Reading {
        case job(Job)
        case adopted(Job)
        case refused(JobID, reason: String)

        /// Begins like an envelope and is none: its worker finds out.
        case spoilt
    }

    static func read(
        _ bytes: [UInt8],
        lane: Lane,
        mark: String,
        now: Int64,
        payloadBytesMax: Int
    ) -> Reading {
        if bytes.starts(with: Array("v1|".utf8)) || bytes.starts(with: Array("v2|".utf8)) {
            do {
                return .job(try Envelope.decode(bytes))
            } catch {
                return .spoilt
            }
        }
        let members: [String: [UInt8]]
        switch JSONMembers.of(bytes) {
        case .some(let found): members = found
        case .none: return refused(mark, "neither an envelope nor a JSON object")
        }
        guard Set(members.keys).isSubset(of: ["type", "args"]) else {
            return refused(mark, "member other than type and args")
        }
        guard let kind = members["type"].flatMap(JSONMembers.text), Identifier.isWellFormed(kind)
        else { return refused(mark, "type is missing or malformed") }
        let payload = members["args"] ?? Array("{}".utf8)
        guard payload.first == UInt8(ascii: "{") else {
            return refused(mark, "args is not an object")
        }
        guard payload.count <= payloadBytesMax else {
            return refused(mark, "args over the size limit")
        }
        return adopted(kind, payload, lane, mark, now)
    }

    private static func adopted(
        _ kind: String,
        _ payload: [UInt8],
        _ lane: Lane,
        _ mark: String,
        _ now: Int64
    ) -> Reading {
        .adopted(
            Job(
                id: identifier("hand-\(mark)"),
                kind: kind,
                lane: lane,
                attempt: 1,
                crashes: 0,
                createdMilliseconds: now,
                readyMilliseconds: now,
                payload: payload,
                unique: nil,
                uniqueHorizon: .zero,
                trace: nil
            )
        )
    }

    private static func refused(_ mark: String, _ reason: String) -> Reading {
        .refused(identifier("garbage-hand-\(mark)"), reason: reason)
    }

    private static func identifier(_ text: String) -> JobID {
        do {
            return try JobID(text)
        } catch {
            preconditionFailure("\(text) is no identifier.")
        }
    }
}

/// The members of a JSON object as the bytes that stand in it.
private enum JSONMembers {
    /// Nil when the bytes are no JSON object.
    static func of(_ bytes: [UInt8]) -> [String: [UInt8]]? {
        guard (try? JSONSerialization.jsonObject(with: Data(bytes))) is [String: Any] else {
            return nil
        }
        var scanner = Scanner(bytes: bytes)
        return scanner.members()
    }

    /// The text of a JSON string; nil when the value is none.
    static func text(_ value: [UInt8]) -> String? {
        guard value.first == UInt8(ascii: "\"") else { return nil }
        let array = Data("[".utf8) + Data(value) + Data("]".utf8)
        return ((try? JSONSerialization.jsonObject(with: array)) as? [String])?.first
    }

    /// Walks an object that is known to be valid JSON.
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        mutating func members() -> [String: [UInt8]] {
            var members: [String: [UInt8]] = [:]
            skip(while: { $0 != UInt8(ascii: "{") })
            position += 1
            while true {
                skip(while: { $0 <= 0x20 || $0 == UInt8(ascii: ",") })
                guard bytes[position] == UInt8(ascii: "\"") else { return members }
                let key = value()
                skip(while: { $0 <= 0x20 || $0 == UInt8(ascii: ":") })
                members[text(key) ?? ""] = value()
            }
        }

        private mutating func skip(while condition: (UInt8) -> Bool) {
            while position < bytes.count, condition(bytes[position]) { position += 1 }
        }

        /// The value that begins here, to its end.
        private mutating func value() -> [UInt8] {
            let start = position
            var depth = 0
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    string()
                    if depth == 0 { return Array(bytes[start..<position]) }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return Array(bytes[start..<position]) }
                    depth -= 1
                    if depth == 0 {
                        position += 1
                        return Array(bytes[start..<position])
                    }
                case UInt8(ascii: ","), 0...0x20:
                    if depth == 0 { return Array(bytes[start..<position]) }
                default:
                    break
                }
                position += 1
            }
            return Array(bytes[start..<position])
        }

        private mutating func string() {
            position += 1
            while bytes[position] != UInt8(ascii: "\"") {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position += 1
        }
    }
}
