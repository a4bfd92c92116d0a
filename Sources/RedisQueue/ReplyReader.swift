import JobQueue
import RedisClient

/// Reads the members of a script's reply in their order.
struct ReplyReader {
    private let values: [RedisValue]
    private let script: String
    private var position = 0

    /// - Throws: `QueueError.protocolViolation` when the reply is no list.
    init(_ value: RedisValue, of script: RedisScript) throws(QueueError) {
        guard case .array(let values) = value else {
            throw .protocolViolation(reason: "\(script.name) did not answer with a list")
        }
        self.values = values
        self.script = script.name
    }

    var isAtEnd: Bool { position == values.count }

    mutating func next() throws(QueueError) -> RedisValue {
        guard position < values.count else { throw violation("is too short") }
        defer { position += 1 }
        return values[position]
    }

    mutating func bytes() throws(QueueError) -> [UInt8] {
        switch try next() {
        case .bytes(let bytes): return bytes
        case .status(let text): return Array(text.utf8)
        case .integer(let number): return Array(String(number).utf8)
        case .null: return []
        case .array, .error: throw violation("has no text where one belongs")
        }
    }

    mutating func text() throws(QueueError) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }

    mutating func number() throws(QueueError) -> Int64 {
        guard let number = try optionalNumber() else {
            throw violation("has no number where one belongs")
        }
        return number
    }

    /// A number, or nil for an empty text.
    mutating func optionalNumber() throws(QueueError) -> Int64? {
        let value = try next()
        if case .integer(let number) = value { return number }
        guard case .bytes(let bytes) = value else {
            throw violation("has no number where one belongs")
        }
        guard !bytes.isEmpty else { return nil }
        guard let number = Int64(String(decoding: bytes, as: UTF8.self)) else {
            throw violation("has no number where one belongs")
        }
        return number
    }

    mutating func count() throws(QueueError) -> Int { Int(try number()) }

    mutating func flag() throws(QueueError) -> Bool { try number() != 0 }

    mutating func list() throws(QueueError) -> [RedisValue] {
        guard case .array(let values) = try next() else {
            throw violation("has no list where one belongs")
        }
        return values
    }

    func violation(_ what: String) -> QueueError {
        .protocolViolation(reason: "the reply of \(script) \(what)")
    }
}

extension RedisValue {
    /// The text of a reply; nil when it is a list or nothing.
    var text: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        case .null, .array, .error: nil
        }
    }
}

extension Array where Element == UInt8 {
    init(_ number: Int64) { self = Array(String(number).utf8) }
    init(_ number: Int) { self = Array(String(number).utf8) }
}
