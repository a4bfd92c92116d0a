import Ambient
import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("When the server")
struct FaultTests {
    @Test("restarts, commands in flight fail and the next ones wait for it")
    func restarts() async throws {
        // Every write is on disk before it is answered.
        try await withServer(PrivateRedisOptions(appendFsync: .always)) { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.limits.connectPatience = .seconds(20)
            configuration.limits.commandTimeout = .seconds(20)
            try await withClient(configuration) { client async throws in
                var acknowledged = 0
                for _ in 0..<5 {
                    for _ in 0..<20 {
                        _ = try await client.reply("INCR", "count")
                        acknowledged += 1
                    }
                    let stuck = client.sendFuture(RedisCommand("BLPOP", "nothing", "0"))
                    try await withClient(configuration) { try await $0.untilBlocked() }
                    await server.kill()
                    await #expect(throws: RedisError.closed) { _ = try await stuck.get() }
                    async let waiting = client.replyUnlessLoading("GET", "count")
                    try await server.start()
                    let count = RedisValue.bytes([UInt8]("\(acknowledged)"))
                    // A server that listens before it has read its file says so.
                    if let early = try await waiting { #expect(early == count) }
                    #expect(try await client.reply("GET", "count") == count)
                }
            }
        }
    }

    @Test("is down, a command fails after its patience and was not sent")
    func down() async throws {
        try await withServer { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.limits.connectPatience = .milliseconds(30)
            configuration.limits.backoffBase = .milliseconds(1)
            await server.kill()
            try await withClient(configuration) { client async throws in
                for _ in 0..<3 {
                    let failure = try await client.failure("PING")
                    guard case .cannotConnect(let reason) = failure else {
                        Issue.record("unexpected: \(String(describing: failure))")
                        return
                    }
                    #expect(!reason.isEmpty)
                }
                try await server.start()
                // Its patience is short: an attempt from before the start may use it up.
                var failure = try await client.failure("PING")
                while case .cannotConnect = failure { failure = try await client.failure("PING") }
                #expect(failure == nil)
            }
        }
    }

    @Test("is down, a client without patience fails with the first attempt")
    func impatient() async throws {
        var configuration = RedisConfiguration(address: .unix(path: "/nonexistent/socket"))
        configuration.limits.connectPatience = .zero
        // So long that a second attempt would show.
        configuration.limits.backoffBase = .seconds(1000)
        configuration.limits.backoffCap = .seconds(1000)
        try await withClient(configuration) { client async throws in
            guard case .cannotConnect = try await client.failure("PING") else {
                Issue.record("connected to nothing")
                return
            }
        }
    }

    @Test("hangs up, a later command makes a new connection")
    func hangsUp() async throws {
        try await withServer { server async throws in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { client async throws in
                try await withClient(configuration) { other async throws in
                    var seen: Set<Int64> = []
                    while seen.count < 10 {
                        do throws(RedisError) {
                            let reply = try await client.send(RedisCommand("CLIENT", "ID"))
                            guard case .integer(let id) = reply else { return }
                            #expect(seen.insert(id).inserted)
                        } catch {
                            // It was on its way when the connection was cut.
                            #expect(error == .closed)
                            continue
                        }
                        _ = try await other.reply("CLIENT", "KILL", "SKIPME", "yes")
                    }
                }
            }
        }
    }

    @Test("is loading its data, that is what a command is told")
    func loading() async throws {
        var options = PrivateRedisOptions()
        // 6,000 keys at 5 ms each, and a look at its clients each kilobyte.
        options.extraArguments = [
            "--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024",
        ]
        try await withServer(options) { server async throws in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { client async throws in
                _ = try await client.pipeline(
                    (0..<6000).map { RedisCommand("SET", "key:\($0)", "value") }
                )
                _ = try await client.reply("SAVE")
            }
            await server.end()
            try await server.start(until: .listening)
            try await withClient(configuration) { client async throws in
                #expect(try await client.failure("GET", "key:1") == .server(.loading))
                #expect(try await client.failure("GET", "key:1") == .server(.loading))
            }
        }
    }

    @Test("has no memory left, writes are refused and the rest goes on")
    func outOfMemory() async throws {
        var options = PrivateRedisOptions()
        options.memoryMaxBytes = 3 * 1024 * 1024
        try await withServer(options) { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                let value = [UInt8](repeating: 1, count: 256 * 1024)
                var failure: RedisError?
                for index in 0..<100 where failure == nil {
                    do throws(RedisError) {
                        _ = try await client.send(
                            RedisCommand([[UInt8]("SET"), [UInt8]("fill:\(index)"), value])
                        )
                    } catch {
                        failure = error
                    }
                }
                #expect(failure == .server(.outOfMemory))
                let script = RedisScript(
                    name: "write",
                    source: "return redis.call('APPEND', KEYS[1], string.rep('x', 10000))"
                )
                failure = nil
                for _ in 0..<1000 where failure == nil {
                    do throws(RedisError) {
                        _ = try await client.evaluate(script, keys: ["x"], arguments: [])
                    } catch {
                        failure = error
                    }
                }
                #expect(failure == .server(.outOfMemory))
                #expect(try await client.reply("DEL", "fill:0") == .integer(1))
            }
        }
    }

    @Test("is a replica, writes are refused as read-only")
    func readOnly() async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                _ = try await client.reply("REPLICAOF", "127.0.0.1", "1")
                #expect(try await client.failure("SET", "a", "b") == .server(.readOnly))
            }
        }
    }

    @Test("is busy with a script, that is what a command is told")
    func busy() async throws {
        var options = PrivateRedisOptions()
        options.extraArguments = ["--busy-reply-threshold", "1"]
        try await withServer(options) { server async throws in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { client async throws in
                try await withClient(configuration) { other async throws in
                    let endless = client.sendFuture(
                        RedisCommand("EVAL", "while true do end", "0"),
                        timeout: .seconds(60)
                    )
                    var failure: RedisError?
                    while failure == nil { failure = try await other.failure("GET", "x") }
                    #expect(failure == .server(.busy))
                    #expect(try await other.reply("SCRIPT", "KILL") == .status("OK"))
                    await #expect(throws: RedisError.self) { _ = try await endless.get() }
                }
            }
        }
    }

    @Test("is no Redis at all, the connection is given up")
    func notRedis() async throws {
        try await withImpostor(saying: "HTTP/1.1 400 Bad Request\r\n\r\n") {
            configuration async throws in
            try await withClient(configuration) { client async throws in
                let failure = try await client.failure("PING")
                switch failure {
                case .cannotConnect, .protocolError: break
                default: Issue.record("unexpected: \(String(describing: failure))")
                }
            }
        }
    }

    @Test("says more than it was asked, nobody is told a wrong answer")
    func unasked() async throws {
        // The greeting's answer, the answer to the first command, and one too many.
        try await withImpostor(saying: "+OK\r\n", then: "+first\r\n+second\r\n") {
            configuration async throws in
            var configuration = configuration
            // Each command needs a connection of its own, and a busy machine takes its time for it.
            configuration.limits.connectPatience = .seconds(5)
            try await withClient(configuration) { client async throws in
                #expect(try await client.reply("PING") == .status("first"))
                for _ in 0..<5 {
                    #expect(try await client.reply("PING") == .status("first"))
                }
            }
        }
    }

    @Test("is closed for good by the client, every command fails as closed")
    func closed() async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                _ = try await client.reply("PING")
                let stuck = client.sendFuture(RedisCommand("BLPOP", "nothing", "0"))
                await client.close()
                await #expect(throws: RedisError.closed) { _ = try await stuck.get() }
                #expect(try await client.failure("PING") == .closed)
                await client.close()
            }
        }
    }
}
