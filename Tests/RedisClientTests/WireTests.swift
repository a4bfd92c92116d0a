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
            let big = [UInt8](repeating: 0x61, count: 8 * 1024 * 1024)
            for round in 0..<5 {
                let key = "wire:big:\(round)"
                // With an answer here nothing stands before the next command.
                _ = try await client.reply("PING")
                async let set = client.send(
                    RedisCommand([[UInt8]("SET"), [UInt8](key), big])
                )
                async let appended = client.reply("APPEND", "wire:after:\(round)", "x")
                #expect(try await set == .status("OK"))
                #expect(try await appended == .integer(1))
                #expect(try await client.reply("STRLEN", key) == .integer(Int64(big.count)))
                _ = try await client.reply("DEL", key, "wire:after:\(round)")
            }
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
