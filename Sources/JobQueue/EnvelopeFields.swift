/// Writes the fields of one envelope.
struct EnvelopeWriter {
    private(set) var bytes: [UInt8] = []

    private static let separator = UInt8(ascii: "|")

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func text(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(Self.separator)
    }

    mutating func number(_ number: Int64, _ field: EnvelopeField) throws(EnvelopeError) {
        guard number >= 0, number <= Envelope.numberMax else { throw .malformed(field) }
        if number < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(number))
            bytes.append(Self.separator)
        } else {
            text(String(number))
        }
    }

    mutating func identifier(_ text: String, _ field: EnvelopeField) throws(EnvelopeError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(field) }
        self.text(text)
    }

    /// The part that no script changes: from the lane to the payload.
    mutating func tail(
        lane: Lane,
        unique: UniqueKey?,
        kind: String,
        horizon: Duration,
        trace: String?,
        limit: LimitKey?,
        encoding: PayloadEncoding,
        payload: [UInt8]
    ) throws(EnvelopeError) {
        text(lane.rawValue)
        text(unique?.text ?? "")
        try identifier(kind, .kind)
        try number(Int64(payload.count), .bytes)
        try number(horizon.queueMilliseconds, .horizon)
        text(encoding.rawValue)
        if let trace {
            try identifier(trace, .trace)
        } else {
            text("")
        }
        if limit != nil || encoding != .raw { text(limit?.text ?? "") }
        bytes.append(contentsOf: payload)
    }
}

/// Reads the fields of one envelope, each up to its separator.
///
/// Looks at bytes that belong to its caller, who keeps them as long as it reads.
struct EnvelopeReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// Digits that a number may have.
    private static let digitsMax = 15

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// What follows the last field that was read.
    var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[position...]) }

    mutating func text(_ field: EnvelopeField) throws(EnvelopeError) -> String {
        String(decoding: try span(field), as: UTF8.self)
    }

    mutating func identifier(_ field: EnvelopeField) throws(EnvelopeError) -> String {
        let text = try text(field)
        guard Identifier.isWellFormed(text) else { throw .malformed(field) }
        return text
    }

    mutating func optionalIdentifier(
        _ field: EnvelopeField
    ) throws(EnvelopeError) -> String? {
        let text = try text(field)
        guard !text.isEmpty else { return nil }
        guard Identifier.isWellFormed(text) else { throw .malformed(field) }
        return text
    }

    mutating func number(_ field: EnvelopeField) throws(EnvelopeError) -> Int64 {
        let digits = try span(field)
        guard !digits.isEmpty, digits.count <= Self.digitsMax else { throw .malformed(field) }
        var number: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else {
                throw .malformed(field)
            }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// The bytes up to the next separator, which is skipped.
    ///
    /// No field is longer than an identifier, so a text without separators is refused quickly.
    private mutating func span(
        _ field: EnvelopeField
    ) throws(EnvelopeError) -> UnsafeBufferPointer<UInt8> {
        let limit = min(bytes.count, position + Identifier.lengthMax + 1)
        var end = position
        while end < limit, bytes[end] != UInt8(ascii: "|") { end += 1 }
        guard end < limit else {
            throw end == bytes.count ? .truncated(field) : .malformed(field)
        }
        defer { position = end + 1 }
        return UnsafeBufferPointer(rebasing: bytes[position..<end])
    }
}
