import Ambient
import NIOCore
import RedisClient
import TestSupport
import Testing

/// A client behind a network that does what networks do.
@Suite("When the network")
struct NetworkTests {
    @Test("loses a reply, the command fails, what was answered before it stays answered")
    func lostReply() async throws {
        try await withNetwork { client, beside, proxy async throws in
            _ = try await client.reply("PING")
            proxy.plan(.isLost, ofCommandWith: "INCRBY", passing: 5)
            var answers: [RedisValue] = []
            var failures: [RedisError] = []
            for _ in 0..<10 {
                do throws(RedisError) {
                    answers.append(try await client.send(RedisCommand("INCRBY", "n", "1")))
                } catch {
                    failures.append(error)
                }
            }
            #expect(failures == [.closed])
            #expect(answers == [1, 2, 3, 4, 5, 7, 8, 9, 10].map { RedisValue.integer($0) })
            #expect(try await beside.reply("GET", "n") == .bytes([UInt8]("10")))
            #expect(proxy.counts.lostReplies == 1)
        }
    }

    @Test("breaks a reply off, nobody is given a part of it", arguments: [0, 1, 3, 4, 500, 1005])
    func brokenReply(bytes: Int) async throws {
        try await withNetwork { client, _, proxy async throws in
            let value = String(repeating: "v", count: 1000)
            _ = try await client.reply("SET", "key", value)
            proxy.plan(.breaksOff(afterBytes: bytes), ofCommandWith: "GET")
            #expect(try await client.failure("GET", "key") == .closed)
            #expect(try await client.reply("GET", "key") == .bytes([UInt8](value)))
            #expect(proxy.counts.brokenReplies == 1)
        }
    }

    @Test("closes one way only, the client hangs up and connects anew")
    func halfClosed() async throws {
        try await withNetwork { client, beside, proxy async throws in
            let first = try await client.reply("CLIENT", "ID")
            let stuck = client.sendFuture(RedisCommand("BLPOP", "nothing", "0"))
            try await beside.untilBlocked()
            proxy.halfClose()
            await #expect(throws: RedisError.closed) { _ = try await stuck.get() }
            let second = try await client.reply("CLIENT", "ID")
            #expect(first != second)
            #expect(proxy.counts.halfCloses == 1)
        }
    }

    @Test("is cut, commands in flight fail and the next ones have a new connection")
    func cut() async throws {
        try await withNetwork { client, beside, proxy async throws in
            for _ in 0..<10 {
                let stuck = client.sendFuture(RedisCommand("BLPOP", "nothing", "0"))
                try await beside.untilBlocked()
                proxy.cut()
                await #expect(throws: RedisError.closed) { _ = try await stuck.get() }
                #expect(try await client.reply("PING") == .status("PONG"))
                try await beside.untilNoneBlocked()
            }
            #expect(proxy.counts.cuts == 10)
        }
    }

    @Test("lets nothing through, a command has its time limit and later ones their answers")
    func stalled() async throws {
        try await withNetwork { client, _, proxy async throws in
            _ = try await client.reply("SET", "key", "value")
            proxy.stall()
            let failure = try await client.failure("INCR", "n", timeout: .milliseconds(50))
            #expect(failure == .timeout)
            proxy.resume()
            for number in 0..<20 {
                let answer = try await client.reply("ECHO", "\(number)")
                #expect(answer == .bytes([UInt8]("\(number)")))
            }
        }
    }

    @Test("is slow, every reply still reaches the command it belongs to")
    func slow() async throws {
        try await withNetwork { client, _, proxy async throws in
            proxy.delay(by: .milliseconds(30))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let answer = try await client.reply("ECHO", "\(number)")
                        return answer == .bytes([UInt8]("\(number)"))
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            proxy.delay(by: .zero)
            #expect(try await client.reply("PING") == .status("PONG"))
        }
    }

    @Test("refuses connections for a while, a command waits for it")
    func refused() async throws {
        try await withNetwork { client, _, proxy async throws in
            proxy.refuse(true)
            async let waiting = client.reply("PING")
            while proxy.counts.refusedConnections < 3 { await Task.yield() }
            proxy.refuse(false)
            #expect(try await waiting == .status("PONG"))
        }
    }

    /// A client behind a proxy, one beside it, and the proxy.
    private func withNetwork(
        _ body: (RedisClient, RedisClient, RedisProxy) async throws -> Void
    ) async throws {
        try await withServer { server async throws in
            let proxy = try await RedisProxy.start(to: server.socketPath)
            var configuration = try RedisConfiguration(url: proxy.url)
            configuration.limits.backoffBase = .milliseconds(1)
            configuration.limits.connectPatience = .seconds(60)
            // What is tested is the network; a crowded machine must not run into a time limit.
            configuration.limits.commandTimeout = .seconds(60)
            var direct = try RedisConfiguration(url: server.url)
            direct.limits.commandTimeout = .seconds(60)
            try await withClient(configuration) { client async throws in
                try await withClient(direct) { beside async throws in
                    try await body(client, beside, proxy)
                }
            }
            await proxy.end()
        }
    }
}
