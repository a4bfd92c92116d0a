/// The bytes of one job as they lie in a Redis list.
///
/// Thirteen fields, each ended by `|`, then the payload:
///
///     v1|createdMs|readyMs|crashes|jobId|attempt|lane|unique|type|bytes|horizonMs|encoding|trace|
///
/// What scripts stamp anew stands in front of `lane`; the rest they copy as it is. A text that is
/// absent is empty. A job with a limit key or a compressed payload has version 2, in which one more
/// field follows:
///
///     v2|…|encoding|trace|limit|
///
/// Programs that know only version 1 refuse a queue with such jobs, by its layout. Numbers are decimal, 1 to 15 digits, so that Lua's doubles hold them exactly.
/// The payload has exactly `bytes` bytes and ends the envelope; it may hold any byte.
package enum Envelope {
    /// What an envelope begins with: version 1 unless the job needs what only version 2 has, a
    /// limit key or a compressed payload.
    package static let version = "v1"
    package static let versionTwo = "v2"

    /// The largest number that a field may hold: 15 digits.
    package static let numberMax: Int64 = 999_999_999_999_999

    /// The job's bytes.
    ///
    /// - Throws: `EnvelopeError.malformed` when a field breaks the format's rules.
    package static func encode(_ job: Job) throws(EnvelopeError) -> [UInt8] {
        guard job.attempt >= 1 else { throw .malformed(.attempt) }
        var writer = EnvelopeWriter(capacity: 200 + job.payload.count)
        writer.text(version(limit: job.limit, encoding: job.encoding))
        try writer.number(job.createdMilliseconds, .created)
        try writer.number(job.readyMilliseconds, .ready)
        try writer.number(Int64(job.crashes), .crashes)
        try writer.identifier(job.id.text, .id)
        try writer.number(Int64(job.attempt), .attempt)
        try writer.tail(
            lane: job.lane,
            unique: job.unique,
            kind: job.kind,
            horizon: job.uniqueHorizon,
            trace: job.trace,
            limit: job.limit,
            encoding: job.encoding,
            payload: job.payload
        )
        return writer.bytes
    }

    private static func version(limit: LimitKey?, encoding: PayloadEncoding) -> String {
        limit == nil && encoding == .raw ? version : versionTwo
    }

    /// The envelope of a job that has not been tried, without its two times.
    ///
    /// The queue puts them behind the version, for only its clock counts.
    ///
    /// - Throws: `EnvelopeError.malformed` when a field breaks the format's rules.
    package static func encodeUntimed(_ job: NewJob) throws(EnvelopeError) -> [UInt8] {
        let packed = PackedPayload(job.payload)
        var writer = EnvelopeWriter(capacity: 160 + packed.bytes.count)
        writer.text(version(limit: job.limit, encoding: packed.encoding))
        try writer.number(0, .crashes)
        try writer.identifier(job.id.text, .id)
        try writer.number(1, .attempt)
        try writer.tail(
            lane: job.lane,
            unique: job.unique,
            kind: job.kind,
            horizon: job.uniqueHorizon,
            trace: job.trace,
            limit: job.limit,
            encoding: packed.encoding,
            payload: packed.bytes
        )
        return writer.bytes
    }

    /// The job that the bytes stand for.
    ///
    /// - Throws: `EnvelopeError`, naming the first field that breaks the format's rules.
    package static func decode(_ bytes: [UInt8]) throws(EnvelopeError) -> Job {
        try bytes.withUnsafeBufferPointer { bytes throws(EnvelopeError) in
            var reader = EnvelopeReader(bytes)
            return try decode(&reader)
        }
    }

    private static func decode(_ reader: inout EnvelopeReader) throws(EnvelopeError) -> Job {
        let found = try reader.text(.version)
        guard found == version || found == versionTwo else { throw .unknownVersion }
        let created = try reader.number(.created)
        let ready = try reader.number(.ready)
        let crashes = try reader.number(.crashes)
        let id = try reader.identifier(.id)
        let attempt = try reader.number(.attempt)
        guard attempt >= 1 else { throw .malformed(.attempt) }
        guard let lane = Self.lane(try reader.text(.lane)) else { throw .malformed(.lane) }
        let unique = try reader.optionalIdentifier(.unique)
        let kind = try reader.identifier(.kind)
        let count = try reader.number(.bytes)
        let horizon = try reader.number(.horizon)
        let encoding = Self.encoding(try reader.text(.encoding))
        guard let encoding, encoding == .raw || found == versionTwo else {
            throw .unknownEncoding
        }
        let trace = try reader.optionalIdentifier(.trace)
        let limit = found == version ? nil : try reader.optionalIdentifier(.limit)
        let payload = reader.rest
        guard Int64(payload.count) == count else { throw .malformed(.bytes) }
        do {
            return Job(
                id: try JobID(id),
                kind: kind,
                lane: lane,
                attempt: Int(attempt),
                crashes: Int(crashes),
                createdMilliseconds: created,
                readyMilliseconds: ready,
                payload: Array(payload),
                unique: try unique.map { text throws(IdentifierError) in try UniqueKey(text) },
                uniqueHorizon: .milliseconds(horizon),
                trace: trace,
                limit: try limit.map { text throws(IdentifierError) in try LimitKey(text) },
                encoding: encoding
            )
        } catch {
            throw .malformed(.id)
        }
    }

    /// Short texts are compared faster than looked up as raw values, once for each job.
    private static func lane(_ text: String) -> Lane? {
        if text == Lane.std.rawValue { return .std }
        if text == Lane.low.rawValue { return .low }
        return text == Lane.hi.rawValue ? .hi : nil
    }

    private static func encoding(_ text: String) -> PayloadEncoding? {
        if text == PayloadEncoding.raw.rawValue { return .raw }
        return PayloadEncoding(rawValue: text)
    }
}

/// One field of the envelope's prefix.
package enum EnvelopeField: String, Sendable, CaseIterable {
    case version
    case created
    case ready
    case crashes
    case id
    case attempt
    case lane
    case unique
    case kind
    case bytes
    case horizon
    case encoding
    case trace
    case limit
}

/// Why bytes are no envelope, or a job cannot become one.
package enum EnvelopeError: Error, Equatable, Sendable {
    /// The bytes end before the field does.
    case truncated(EnvelopeField)

    /// The field breaks its rule; for `bytes`, the payload has another length than it says.
    case malformed(EnvelopeField)

    /// An envelope of a version that this program does not know, or none at all.
    case unknownVersion

    /// The payload is encoded in a way that this program does not know.
    case unknownEncoding
}
