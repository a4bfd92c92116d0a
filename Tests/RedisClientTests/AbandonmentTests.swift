import Ambient
import NIOCore
import RedisClient
import TestSupport
import Testing

/// What must hold however callers give up: no reply ever reaches the wrong one.
@Suite("A command that nobody waits for any more")
struct AbandonmentTests {
    @Test("does not shift the replies of the next, when it was cancelled")
    func cancelled() async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                #expect(try await client.reply("PING") == .status("PONG"))
                let cancelled = await withTaskGroup(of: RedisError?.self) { group in
                    group.addTask {
                        do throws(RedisError) {
                            let sleep = RedisCommand("DEBUG", "SLEEP", "0.2")
                            _ = try await client.send(sleep)
                            return nil
                        } catch {
                            return error
                        }
                    }
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(cancelled == .cancelled)
                for index in 0..<20 {
                    #expect(
                        try await client.reply("ECHO", "\(index)") == .bytes([UInt8]("\(index)"))
                    )
                }
            }
        }
    }

    @Test("does not shift the replies of the next, when its time was up")
    func timedOut() async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                let connection = try await client.reply("CLIENT", "ID")
                let limit = Duration.milliseconds(20)
                let slow = client.sendFuture(RedisCommand("DEBUG", "SLEEP", "1"), timeout: limit)
                let late = client.sendFuture(RedisCommand("ECHO", "late"), timeout: limit)
                await #expect(throws: RedisError.timeout) { _ = try await slow.get() }
                await #expect(throws: RedisError.timeout) { _ = try await late.get() }
                for index in 0..<20 {
                    #expect(
                        try await client.reply("ECHO", "\(index)") == .bytes([UInt8]("\(index)"))
                    )
                }
                // The place in the line was kept: it is still the same connection.
                #expect(try await client.reply("CLIENT", "ID") == connection)
            }
        }
    }

    @Test("ends the connection when the server stays silent", arguments: [1, 3])
    func silence(commands: Int) async throws {
        try await withServer { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.limits.commandTimeout = .milliseconds(500)
            configuration.limits.connectTimeout = .milliseconds(300)
            configuration.limits.connectPatience = .milliseconds(300)
            try await withClient(configuration) { client async throws in
                // On a busy machine even a greeting may take longer than these limits.
                while try await client.failure("PING") != nil {}
                server.freeze()
                let errors = try await withThrowingTaskGroup(of: RedisError?.self) { group in
                    for _ in 0..<commands {
                        group.addTask { try await client.failure("INCR", "silent") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(errors.allSatisfy { $0 == .timeout || $0 == .closed })
                #expect(errors.contains(.timeout))
                // Nothing answers the greeting, so it is known that this one was not sent.
                let refused = try #require(try await client.failure("INCR", "silent"))
                guard case .cannotConnect = refused else {
                    Issue.record("unexpected: \(refused)")
                    return server.thaw()
                }
                server.thaw()
            }
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                #expect(try await client.reply("CLIENT", "ID") != .null)
                let count = try await client.reply("GET", "silent").text.flatMap { Int($0) } ?? 0
                #expect(count <= commands, "a command was sent again")
            }
        }
    }

    @Test("takes nothing when it was blocked: its connection is dropped")
    func blocked() async throws {
        try await withServer { server async throws in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { blocking async throws in
                try await withClient(configuration) { client async throws in
                    let outcome = try await withThrowingTaskGroup(of: RedisError?.self) { group in
                        group.addTask {
                            do throws(RedisError) {
                                _ = try await blocking.send(
                                    RedisCommand("BLPOP", "bell", "0"),
                                    timeout: .seconds(60),
                                    abandonment: .dropsConnection
                                )
                                return nil
                            } catch {
                                return error
                            }
                        }
                        try await client.untilBlocked()
                        group.cancelAll()
                        return try await group.next() ?? nil
                    }
                    #expect(outcome == .cancelled)
                    try await client.untilNoneBlocked()
                    _ = try await client.reply("LPUSH", "bell", "token")
                    #expect(try await client.reply("LLEN", "bell") == .integer(1))
                    // The client makes itself a new connection and takes the token with it.
                    let taken = try await blocking.send(
                        RedisCommand("BLPOP", "bell", "0"),
                        timeout: .seconds(60),
                        abandonment: .dropsConnection
                    )
                    #expect(taken == .array([.bytes([UInt8]("bell")), .bytes([UInt8]("token"))]))
                }
            }
        }
    }

    @Test("drops its connection also when its own time is up")
    func blockedTimeout() async throws {
        try await withServer { server async throws in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { blocking async throws in
                _ = try await blocking.reply("PING")
                do throws(RedisError) {
                    _ = try await blocking.send(
                        RedisCommand("BLPOP", "bell", "0"),
                        timeout: .milliseconds(20),
                        abandonment: .dropsConnection
                    )
                    Issue.record("nobody rang")
                } catch {
                    #expect(error == .timeout)
                }
                try await withClient(configuration) { client async throws in
                    try await client.untilNoneBlocked()
                    _ = try await client.reply("LPUSH", "bell", "token")
                    #expect(try await client.reply("LLEN", "bell") == .integer(1))
                }
            }
        }
    }

    @Test("is not sent at all when its task was cancelled before", arguments: [true, false])
    func cancelledBefore(isConnected: Bool) async throws {
        try await withServer { server async throws in
            try await withClient(RedisConfiguration(url: server.url)) { client async throws in
                if isConnected { _ = try await client.reply("PING") }
                let outcomes = await withTaskGroup(of: RedisError?.self) { group in
                    group.cancelAll()
                    for _ in 0..<50 {
                        group.addTask {
                            do throws(RedisError) {
                                _ = try await client.send(RedisCommand("INCR", "never"))
                                return nil
                            } catch {
                                return error
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.allSatisfy { $0 == .cancelled })
                #expect(try await client.reply("EXISTS", "never") == .integer(0))
                #expect(try await client.reply("ECHO", "x") == .bytes([UInt8]("x")))
            }
        }
    }

    @Test(
        "never makes another one's reply wrong, whoever gives up when",
        arguments: Seeds.first(25)
    )
    func anyInterleaving(seed: UInt64) async throws {
        try await withServer { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.limits.commandTimeout = .seconds(20)
            try await withClient(configuration, seed: seed) { client async throws in
                try await withClient(configuration) { disturber async throws in
                    let wrong = try await Self.storm(client, disturber, seed)
                    #expect(wrong == [], "\(Seeds.replay(seed, filter: "AbandonmentTests"))")
                    // That its connection was cut may be news to the client.
                    if let failure = try await client.failure("PING") {
                        #expect(failure == .closed)
                    }
                    #expect(try await client.reply("ECHO", "end") == .bytes([UInt8]("end")))
                }
            }
        }
    }

    /// Many tasks, some of which give up, while the server pauses, sleeps and cuts connections.
    ///
    /// Returns the questions that got somebody else's answer.
    private static func storm(
        _ client: RedisClient,
        _ disturber: RedisClient,
        _ seed: UInt64
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            for task in 0..<16 {
                group.addTask {
                    var random = Seeded(seed: seed &* 100 &+ UInt64(task))
                    var wrong: [String] = []
                    for round in 0..<30 {
                        let text = "\(seed).\(task).\(round)"
                        if try await ask(client, text, &random) == false { wrong.append(text) }
                    }
                    return wrong
                }
            }
            group.addTask {
                var random = Seeded(seed: seed)
                for _ in 0..<6 {
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: _ = try await disturber.reply("DEBUG", "SLEEP", "0.004")
                    case 1: _ = try await disturber.reply("CLIENT", "PAUSE", "4", "ALL")
                    default: _ = try await disturber.reply("CLIENT", "KILL", "SKIPME", "yes")
                    }
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Asks for an echo in some way; nil when there was no answer, else whether it was the right.
    private static func ask(
        _ client: RedisClient,
        _ text: String,
        _ random: inout Seeded
    ) async throws -> Bool? {
        let command = RedisCommand("ECHO", text)
        let timeout = Duration.microseconds(Int.random(in: 50...3000, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return await answered(text) { () throws(RedisError) in
                try await client.send(command, timeout: timeout)
            }
        case 1:
            return await withTaskGroup(of: Bool?.self) { group in
                group.addTask {
                    await answered(text) { () throws(RedisError) in try await client.send(command) }
                }
                group.cancelAll()
                return await group.next() ?? nil
            }
        default:
            return await answered(text) { () throws(RedisError) in try await client.send(command) }
        }
    }

    private static func answered(
        _ text: String,
        _ body: () async throws(RedisError) -> RedisValue
    ) async -> Bool? {
        do throws(RedisError) {
            return try await body() == .bytes([UInt8](text))
        } catch {
            switch error {
            case .timeout, .closed, .cancelled, .cannotConnect: return nil
            case .server, .protocolError: return false
            }
        }
    }
}

extension RedisClient {
    /// Returns when another client is blocked, as the server tells.
    func untilBlocked() async throws {
        try #require(
            try await eventually(within: .seconds(30), every: .milliseconds(1)) {
                try await blockedClients() > 0
            }
        )
    }

    func untilNoneBlocked() async throws {
        try #require(
            try await eventually(within: .seconds(30), every: .milliseconds(1)) {
                try await blockedClients() == 0
            }
        )
    }

    private func blockedClients() async throws -> Int {
        let info = try await reply("INFO", "clients").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("blocked_clients:")
        }
        return try #require(line.flatMap { Int($0.dropFirst("blocked_clients:".count)) })
    }
}
