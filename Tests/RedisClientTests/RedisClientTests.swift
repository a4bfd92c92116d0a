import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("A Redis client")
struct RedisClientTests {
    @Test("brings back every kind of reply as it was sent")
    func kindsOfReplies() async throws {
        try await withSharedClient { client async throws in
            let every = Array(UInt8.min...UInt8.max)
            #expect(try await client.reply("PING") == .status("PONG"))
            let set = RedisCommand([[UInt8]("SET"), [UInt8]("kinds:binary"), every])
            let answer = try await client.send(set)
            #expect(answer == .status("OK"))
            #expect(try await client.reply("GET", "kinds:binary") == .bytes(every))
            #expect(try await client.reply("GET", "kinds:none") == .null)
            #expect(try await client.reply("SET", "kinds:empty", "") == .status("OK"))
            #expect(try await client.reply("GET", "kinds:empty") == .bytes([]))
            #expect(try await client.reply("STRLEN", "kinds:binary") == .integer(256))
            #expect(try await client.reply("LRANGE", "kinds:none", "0", "-1") == .array([]))
            #expect(
                try await client.failure("SET", "kinds:binary", "1", "nonsense")
                    == .server(.other(message: "ERR syntax error"))
            )
        }
    }

    @Test("keeps the shape of nested replies, errors in them included")
    func nestedReplies() async throws {
        try await withSharedClient { client async throws in
            let script = """
                return {1, {}, {'a', {false, {'b'}}}, redis.status_reply('S'),
                    redis.error_reply('E x')}
                """
            let reply = try await client.reply("EVAL", script, "0")
            #expect(
                reply
                    == .array([
                        .integer(1), .array([]),
                        .array([
                            .bytes([UInt8]("a")),
                            .array([.null, .array([.bytes([UInt8]("b"))])]),
                        ]),
                        .status("S"), .error(.other(message: "E x")),
                    ])
            )
        }
    }
}
