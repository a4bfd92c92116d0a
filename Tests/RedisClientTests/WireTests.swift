import Dispatch
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite("A command that nobody stands before")
struct WireTests {
    @Test("goes out though the event loop is busy")
    func goesOut() async throws {
        let server = try await PrivateRedis.shared()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RedisClient(
            RedisConfiguration(url: server.url),
            on: group.next(),
            ambient: .live(seed: 1),
            logger: quietLogger
        )
        _ = try await client.reply("PING")
        let isSeen = DispatchSemaphore(value: 0)
        client.eventLoop.execute { _ = isSeen.wait(timeout: .now() + 20) }
        async let pushed = client.reply("RPUSH", "wire:list", "x")
        try await withSharedClient { other in
            let popped = try await other.send(
                RedisCommand("BLPOP", "wire:list", "10"),
                timeout: .seconds(15)
            )
            #expect(popped == .array([.bytes([UInt8]("wire:list")), .bytes([UInt8]("x"))]))
        }
        isSeen.signal()
        #expect(try await pushed == .integer(1))
        await client.close()
        try await group.shutdownGracefully()
    }

    @Test("arrives whole when the socket takes only a part of it, and before those that follow")
    func partial() async throws {
        try await withSharedClient { client in
            var random = Seeded(seed: 8)
            var big = [UInt8](repeating: 0, count: 8 * 1024 * 1024)
            for index in stride(from: 0, to: big.count, by: 61) {
                big[index] = UInt8.random(in: 0...255, using: &random)
            }
            let set = RedisCommand([[UInt8]("SET"), [UInt8]("wire:big"), big])
            #expect(try await client.send(set) == .status("OK"))
            #expect(try await client.reply("GET", "wire:big") == .bytes(big), "spoilt on the way")
            for round in 0..<5 {
                async let again = client.send(set)
                async let appended = client.reply("APPEND", "wire:after:\(round)", "x")
                #expect(try await again == .status("OK"))
                #expect(try await appended == .integer(1))
                _ = try await client.reply("DEL", "wire:after:\(round)")
            }
            #expect(try await client.reply("STRLEN", "wire:big") == .integer(Int64(big.count)))
            _ = try await client.reply("DEL", "wire:big")
        }
    }

    @Test("keeps no connection open that its client has closed")
    func closes() async throws {
        let server = try await PrivateRedis.shared()
        var name = RedisValue.null
        try await withClient(RedisConfiguration(url: server.url)) { client in
            name = try await client.reply("CLIENT", "ID")
        }
        guard case .integer(let id) = name else {
            Issue.record("no id: \(name)")
            return
        }
        try await withSharedClient { other in
            var tries = 0
            // The server reads the end of a connection when it comes to it.
            while tries < 10_000,
                try await other.reply("CLIENT", "LIST", "ID", "\(id)").text != ""
            {
                tries += 1
            }
            #expect(tries < 10_000, "the server still has the connection")
        }
    }

    @Test("fails once, and the next one finds a new connection, when the server hangs up")
    func hangUp() async throws {
        try await withSharedClient { client in
            try await withSharedClient { other in
                for _ in 0..<20 {
                    let name = try await client.reply("CLIENT", "ID")
                    guard case .integer(let id) = name else {
                        Issue.record("no id: \(name)")
                        return
                    }
                    _ = try await other.reply("CLIENT", "KILL", "ID", "\(id)")
                    // Sent before or after the news of the kill; it must have an end either way.
                    do {
                        _ = try await client.reply("PING")
                    } catch let error as RedisError {
                        #expect(error == .closed)
                    }
                    #expect(try await client.reply("PING") == .status("PONG"))
                }
            }
        }
    }
}
