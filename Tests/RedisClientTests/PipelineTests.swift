import Ambient
import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("Pipelined commands")
struct PipelineTests {
    @Test("get their replies in order, errors among them")
    func pipeline() async throws {
        try await withSharedClient { client async throws in
            let replies = try await client.pipeline([
                RedisCommand("SET", "pipe:a", "1"), RedisCommand("INCR", "pipe:a"),
                RedisCommand("LPUSH", "pipe:a", "x"), RedisCommand("GET", "pipe:a"),
            ])
            let wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
            #expect(
                replies == [
                    .status("OK"), .integer(2), .error(.other(message: wrongType)),
                    .bytes([UInt8]("2")),
                ]
            )
            let none = try await client.pipeline([])
            #expect(none.isEmpty)
        }
    }

    @Test("carry 16 MB values both ways, between small ones")
    func bigValues() async throws {
        try await withSharedClient { client async throws in
            var random = Seeded(seed: 16)
            var big = [UInt8](repeating: 0, count: 16 * 1024 * 1024)
            for index in stride(from: 0, to: big.count, by: 97) {
                big[index] = UInt8.random(in: 0...255, using: &random)
            }
            let set = RedisCommand([[UInt8]("SET"), [UInt8]("pipe:big"), big])
            async let stored = client.send(set)
            async let small = client.reply("ECHO", "small")
            #expect(try await small == .bytes([UInt8]("small")))
            _ = try await stored
            async let read = client.reply("GET", "pipe:big")
            async let after = client.reply("ECHO", "after")
            let value = try await read
            #expect(value == .bytes(big), "the value came back different")
            #expect(try await after == .bytes([UInt8]("after")))
            _ = try await client.reply("DEL", "pipe:big")
        }
    }

    @Test("end with the connection when a reply is larger than the limit")
    func replyLimit() async throws {
        let server = try await PrivateRedis.shared()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.limits.replyBytesMax = 100_000
        try await withClient(configuration) { client async throws in
            let value = RedisCommand([
                [UInt8]("SET"), [UInt8]("pipe:limit"), [UInt8](repeating: 1, count: 200_000),
            ])
            _ = try await client.send(value)
            #expect(
                try await client.failure("GET", "pipe:limit")
                    == .protocolError(reason: "a reply is larger than the limit")
            )
            #expect(try await client.reply("DEL", "pipe:limit") == .integer(1))
        }
    }

    @Test("are answered each with its own reply under concurrent use", arguments: Seeds.first(20))
    func concurrentUse(seed: UInt64) async throws {
        try await withSharedClient { client async throws in
            let mismatches = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<24 {
                    group.addTask {
                        var random = Seeded(seed: seed &* 1000 &+ UInt64(task))
                        var mismatches = 0
                        for round in 0..<40 {
                            let text = "\(seed).\(task).\(round)"
                            mismatches += try await Self.exchange(client, text, &random) ? 0 : 1
                        }
                        return mismatches
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(mismatches == 0, "\(Seeds.replay(seed, filter: "PipelineTests"))")
        }
    }

    /// One exchange of some kind; returns whether the answer belongs to the question.
    private static func exchange(
        _ client: RedisClient,
        _ text: String,
        _ random: inout Seeded
    ) async throws -> Bool {
        let bytes = [UInt8](text)
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            let size = Int.random(in: 0...200_000, using: &random)
            let padded = bytes + [UInt8](repeating: UInt8(ascii: "."), count: size)
            return try await client.send(RedisCommand([[UInt8]("ECHO"), padded])) == .bytes(padded)
        case 1:
            let replies = try await client.pipeline([
                RedisCommand("ECHO", text + "/1"), RedisCommand("NONSENSE", text),
                RedisCommand("ECHO", text + "/2"),
            ])
            guard replies.count == 3, case .error = replies[1] else { return false }
            return replies[0].text == text + "/1" && replies[2].text == text + "/2"
        case 2:
            let script = RedisScript(name: "echo", source: "return {ARGV[1], KEYS[1], {ARGV[1]}}")
            let reply = try await client.evaluate(script, keys: ["k"], arguments: [bytes])
            return reply
                == .array([.bytes(bytes), .bytes([UInt8]("k")), .array([.bytes(bytes)])])
        case 3:
            let value = try await client.sendFuture(RedisCommand("ECHO", text)).get()
            return value == .bytes(bytes)
        default:
            return try await client.send(RedisCommand("ECHO", text)) == .bytes(bytes)
        }
    }

    @Test("are refused when too many wait, and go on afterwards")
    func overload() async throws {
        let server = try await PrivateRedis.shared()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.limits.commandsMax = 10
        try await withClient(configuration) { client async throws in
            let blocked = "overload:\(Ambient.live().newID())"
            let futures = (0..<10).map { _ in
                client.sendFuture(RedisCommand("BLPOP", blocked, "30"), timeout: .seconds(60))
            }
            #expect(
                try await client.failure("PING")
                    == .cannotConnect(reason: "too many commands wait")
            )
            try await withSharedClient { other async throws in
                for _ in 0..<10 { _ = try await other.reply("LPUSH", blocked, "x") }
            }
            for future in futures {
                #expect(
                    try await future.get()
                        == .array([.bytes([UInt8](blocked)), .bytes([UInt8]("x"))])
                )
            }
            #expect(try await client.reply("PING") == .status("PONG"))
        }
    }

    @Test("run a script again after the server forgot it", arguments: [true, false])
    func scriptFlush(fromTheLoop: Bool) async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                let script = RedisScript(
                    name: "count",
                    source: "return redis.call('INCRBY', KEYS[1], ARGV[1])"
                )
                for count in 1...4 {
                    let reply =
                        fromTheLoop
                        ? try await client.evaluateFuture(
                            script,
                            keys: ["n"],
                            arguments: [[UInt8]("3")]
                        ).get()
                        : try await client.evaluate(
                            script,
                            keys: ["n"],
                            arguments: [[UInt8]("3")]
                        )
                    #expect(reply == .integer(Int64(3 * count)))
                    if count == 2 { _ = try await client.reply("SCRIPT", "FLUSH") }
                }
            }
        }
    }

    @Test("sent from the event loop fail there with typed errors")
    func futures() async throws {
        try await withSharedClient { client async throws in
            let future = client.sendFuture(RedisCommand("NONSENSE"))
            await #expect(throws: RedisError.self) { _ = try await future.get() }
            let script = RedisScript(name: "fail", source: "return redis.error_reply('E no')")
            let failed = client.evaluateFuture(script, keys: [], arguments: [])
            await #expect(throws: RedisError.server(.other(message: "E no"))) {
                _ = try await failed.get()
            }
        }
    }

    @Test("can beat from the event loop by themselves")
    func repeats() async throws {
        try await withSharedClient { client async throws in
            let key = "repeat:\(Ambient.live().newID())"
            let (beats, beat) = AsyncStream.makeStream(of: RedisValue.self)
            let task = client.scheduleRepeated(every: .milliseconds(1)) {
                client.sendFuture(RedisCommand("INCR", key)).map { value in
                    _ = beat.yield(value)
                }
            }
            var seen: [RedisValue] = []
            for await value in beats.prefix(5) { seen.append(value) }
            task.cancel()
            #expect(seen == (1...5).map { RedisValue.integer($0) })
        }
    }
}
