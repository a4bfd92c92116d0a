import JobQueue
import TestSupport
import Testing

@Suite("Envelope")
struct EnvelopeTests {
    @Test("a job survives the way into bytes and back", arguments: UInt64(1)...300)
    func roundTrip(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let job = try randomJob(&random)
        let bytes = try Envelope.encode(job)
        #expect(try Envelope.decode(bytes) == job, "seed \(seed)")
    }

    @Test("reads as the documented text")
    func documentedText() throws {
        let job = Job(
            id: try JobID("call-1"),
            kind: "sync",
            lane: .std,
            attempt: 2,
            crashes: 1,
            createdMilliseconds: 1000,
            readyMilliseconds: 2000,
            payload: Array(#"{"a":"x|y"}"#.utf8),
            unique: try UniqueKey("poll"),
            uniqueHorizon: .seconds(60),
            trace: "00-ab-cd-01"
        )
        let text = String(decoding: try Envelope.encode(job), as: UTF8.self)
        #expect(
            text == #"v1|1000|2000|1|call-1|2|std|poll|sync|11|60000|raw|00-ab-cd-01|{"a":"x|y"}"#
        )
    }

    @Test("a job with a limit key has version 2 and one more field; without it nothing changes")
    func limitKey() throws {
        var job = try Envelope.decode(Array("v1|1|2|0|a|1|std||sync|2|0|raw||{}".utf8))
        #expect(job.limit == nil)
        job.limit = try LimitKey("upstream:elevenlabs")
        let bytes = try Envelope.encode(job)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text == "v2|1|2|0|a|1|std||sync|2|0|raw||upstream:elevenlabs|{}")
        #expect(try Envelope.decode(bytes) == job)
    }

    @Test("a large payload is compressed, and unpacked when somebody asks for it")
    func compression() throws {
        let large = Array(String(repeating: #"{"call":7}"#, count: 1000).utf8)
        let new = NewJob(id: try JobID("a"), kind: "sync", payload: large)
        let untimed = try Envelope.encodeUntimed(new)
        #expect(untimed.count < large.count / 10)
        let bytes = untimed.prefix(3) + Array("17|18|".utf8) + untimed.dropFirst(3)
        let job = try Envelope.decode(Array(bytes))
        #expect(job.encoding == .deflate)
        #expect(job.limit == nil)
        #expect(try job.arguments() == large)
        #expect(try Envelope.decode(try Envelope.encode(job)) == job)
    }

    @Test("a payload that is small, or does not become smaller, goes as it is")
    func uncompressed() throws {
        var random = Seeded(seed: 3)
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let small = [UInt8](repeating: 0x78, count: QueueLimits.compressFrom - 1)
        for payload in [noise, small, []] {
            #expect(PackedPayload(payload).encoding == .raw)
            #expect(PackedPayload(payload).bytes == payload)
        }
    }

    @Test("compressed bytes that stand for too much, or for nothing, are refused")
    func bomb() throws {
        let packed = PackedPayload([UInt8](repeating: 0, count: 4_000_000))
        #expect(packed.bytes.count < 10_000)
        var job = try Envelope.decode(Array("v1|1|2|0|a|1|std||sync|2|0|raw||{}".utf8))
        job.encoding = .deflate
        job.payload = packed.bytes
        #expect(throws: PayloadError.tooLarge(limit: QueueLimits.payloadBytesMax)) {
            try job.arguments()
        }
        #expect(try job.arguments(limit: 4_000_000).count == 4_000_000)
        job.payload = Array(packed.bytes.dropLast(20))
        #expect(throws: PayloadError.self) { try job.arguments() }
        job.payload = Array("nonsense".utf8)
        #expect(throws: PayloadError.damaged) { try job.arguments() }
    }

    @Test("an untimed envelope is a whole one without its times", arguments: UInt64(1)...50)
    func untimed(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let job = try randomJob(&random)
        let new = NewJob(
            id: job.id,
            kind: job.kind,
            lane: job.lane,
            payload: job.payload,
            unique: job.unique,
            uniqueHorizon: job.uniqueHorizon,
            trace: job.trace,
            limit: job.limit
        )
        let untimed = try Envelope.encodeUntimed(new)
        let bytes = untimed.prefix(3) + Array("17|18|".utf8) + untimed.dropFirst(3)
        let decoded = try Envelope.decode(Array(bytes))
        var expected = job
        expected.attempt = 1
        expected.crashes = 0
        expected.createdMilliseconds = 17
        expected.readyMilliseconds = 18
        #expect(decoded == expected, "seed \(seed)")
    }

    @Test("every proper prefix is refused", arguments: UInt64(1)...20)
    func truncation(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let bytes = try Envelope.encode(try randomJob(&random))
        for count in 0..<bytes.count {
            #expect(throws: EnvelopeError.self, "seed \(seed), \(count) bytes") {
                try Envelope.decode(Array(bytes.prefix(count)))
            }
        }
    }

    @Test(
        "a damaged envelope is refused or stands for a job of its own",
        arguments: UInt64(1)...300
    )
    func mutation(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var bytes = try Envelope.encode(try randomJob(&random))
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            damage(&bytes, &random)
        }
        do {
            let job = try Envelope.decode(bytes)
            #expect(try Envelope.decode(try Envelope.encode(job)) == job, "seed \(seed)")
        } catch {
            #expect(EnvelopeError.allKinds.contains(error), "seed \(seed)")
        }
    }

    @Test(
        "names the field that is wrong",
        arguments: [
            ("", EnvelopeError.truncated(.version)),
            ("{\"type\":\"sync\"}", .truncated(.version)),
            ("v3|1|1|0|a|1|std||sync|0|0|raw||", .unknownVersion),
            ("v2|1|1|0|a|1|std||sync|0|0|raw||", .truncated(.limit)),
            ("v2|1|1|0|a|1|std||sync|0|0|raw||k}|", .malformed(.limit)),
            ("v1|x|1|0|a|1|std||sync|0|0|raw||", .malformed(.created)),
            ("v1||1|0|a|1|std||sync|0|0|raw||", .malformed(.created)),
            ("v1|1|-1|0|a|1|std||sync|0|0|raw||", .malformed(.ready)),
            ("v1|1|1234567890123456|0|a|1|std||sync|0|0|raw||", .malformed(.ready)),
            ("v1|1|1|0||1|std||sync|0|0|raw||", .malformed(.id)),
            ("v1|1|1|0|a b|1|std||sync|0|0|raw||", .malformed(.id)),
            ("v1|1|1|0|a{|1|std||sync|0|0|raw||", .malformed(.id)),
            ("v1|1|1|0|a|0|std||sync|0|0|raw||", .malformed(.attempt)),
            ("v1|1|1|0|a|1|mid||sync|0|0|raw||", .malformed(.lane)),
            ("v1|1|1|0|a|1|std|k}|sync|0|0|raw||", .malformed(.unique)),
            ("v1|1|1|0|a|1|std|||0|0|raw||", .malformed(.kind)),
            ("v1|1|1|0|a|1|std||sync|1|0|raw||", .malformed(.bytes)),
            ("v1|1|1|0|a|1|std||sync|0|0|raw||x", .malformed(.bytes)),
            ("v1|1|1|0|a|1|std||sync|0|0|zip||", .unknownEncoding),
            ("v1|1|1|0|a|1|std||sync|0|0|deflate||", .unknownEncoding),
            ("v2|1|1|0|a|1|std||sync|0|0|zip|||", .unknownEncoding),
            ("v1|1|1|0|a|1|std||sync|0|0|raw|\u{7f}|", .malformed(.trace)),
            ("v1|1|1|0|a|1|std||sync|0|0|raw", .truncated(.encoding)),
        ]
    )
    func typedErrors(text: String, expected: EnvelopeError) {
        #expect(throws: expected) { try Envelope.decode(Array(text.utf8)) }
    }

    @Test("a job that no envelope can hold is refused")
    func unencodable() throws {
        var random = Seeded(seed: 7)
        let job = try randomJob(&random)
        var broken = job
        broken.kind = "a b"
        #expect(throws: EnvelopeError.malformed(.kind)) { try Envelope.encode(broken) }
        broken = job
        broken.attempt = 0
        #expect(throws: EnvelopeError.malformed(.attempt)) { try Envelope.encode(broken) }
        broken = job
        broken.createdMilliseconds = -1
        #expect(throws: EnvelopeError.malformed(.created)) { try Envelope.encode(broken) }
        broken = job
        broken.trace = ""
        #expect(throws: EnvelopeError.malformed(.trace)) { try Envelope.encode(broken) }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout Seeded) {
        // The prefix is what can be wrong; a change of the payload alone is a different job.
        let index = Int.random(in: 0..<min(bytes.count, 80), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8(ascii: "|"), at: index)
        default: bytes.insert(UInt8.random(in: 0x30...0x39, using: &random), at: index)
        }
    }

    private func randomJob(_ random: inout Seeded) throws -> Job {
        Job(
            id: try JobID(randomIdentifier(&random)),
            kind: randomIdentifier(&random),
            lane: Lane.allCases.randomElement(using: &random) ?? .std,
            attempt: Int.random(in: 1...40, using: &random),
            crashes: Int.random(in: 0...3, using: &random),
            createdMilliseconds: Int64.random(in: 0...Envelope.numberMax, using: &random),
            readyMilliseconds: Int64.random(in: 0...Envelope.numberMax, using: &random),
            payload: (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            },
            unique: Bool.random(using: &random) ? try UniqueKey(randomIdentifier(&random)) : nil,
            uniqueHorizon: .milliseconds(Int64.random(in: 0...1_000_000_000, using: &random)),
            trace: Bool.random(using: &random) ? randomIdentifier(&random) : nil
        )
    }

    private func randomIdentifier(_ random: inout Seeded) -> String {
        let allowed = (UInt8(0x21)...0x7E).filter { $0 != 0x7C && $0 != 0x7B && $0 != 0x7D }
        let count = Int.random(in: 1...Identifier.lengthMax, using: &random)
        let bytes = (0..<count).map { _ in allowed.randomElement(using: &random) ?? 0x61 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension EnvelopeError {
    /// Every error there is, so that a test can tell a typed refusal from an invented one.
    fileprivate static var allKinds: [EnvelopeError] {
        EnvelopeField.allCases.map { .truncated($0) }
            + EnvelopeField.allCases.map { .malformed($0) }
            + [.unknownVersion, .unknownEncoding]
    }
}
