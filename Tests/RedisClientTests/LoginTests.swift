import RedisClient
import TestSupport
import Testing

@Suite("Logging in")
struct LoginTests {
    static func options() -> PrivateRedisOptions {
        var options = PrivateRedisOptions()
        options.password = "s3cret"
        options.users = ["ann on >apple ~own:* +@all -@dangerous"]
        return options
    }

    @Test("works with the default user's password and with a user of the ACL")
    func accepted() async throws {
        try await withServer(Self.options()) { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration) { client async throws in
                #expect(try await client.reply("ACL", "WHOAMI").text == "default")
            }
            configuration.user = "ann"
            configuration.password = "apple"
            try await withClient(configuration) { client async throws in
                #expect(try await client.reply("SET", "own:a", "1") == .status("OK"))
                guard case .server(.noPermission) = try await client.failure("SET", "a", "1") else {
                    Issue.record("ann wrote what is not hers")
                    return
                }
                guard case .server(.noPermission) = try await client.failure("FLUSHALL") else {
                    Issue.record("ann flushed")
                    return
                }
            }
        }
    }

    @Test(
        "is refused at once, and again, with a wrong user or password",
        arguments: [(nil, nil), (nil, "wrong"), ("ann", "wrong"), ("nobody", "apple")]
            as [(String?, String?)]
    )
    func refused(user: String?, password: String?) async throws {
        try await withServer(Self.options()) { server async throws in
            var configuration = RedisConfiguration(address: .unix(path: server.socketPath))
            configuration.user = user
            configuration.password = password
            configuration.limits.backoffBase = .milliseconds(1)
            // Patience would only wait for the same answer again.
            configuration.limits.connectPatience = .seconds(1000)
            try await withClient(configuration) { client async throws in
                for _ in 0..<3 {
                    let failure = try await client.failure("GET", "a")
                    guard case .server(.noAuthentication(let message)) = failure else {
                        Issue.record("unexpected: \(String(describing: failure))")
                        return
                    }
                    #expect(!message.contains("wrong") && !message.contains("apple"))
                }
            }
        }
    }

    @Test("is refused when the server wants no password but gets one")
    func unwanted() async throws {
        let server = try await PrivateRedis.shared()
        var configuration = RedisConfiguration(address: .unix(path: server.socketPath))
        configuration.password = "s3cret"
        try await withClient(configuration) { client async throws in
            guard case .server(.noAuthentication) = try await client.failure("PING") else {
                Issue.record("a password was taken that nobody wanted")
                return
            }
        }
    }

    @Test("selects the database on every connection, and names it")
    func database() async throws {
        try await withServer { server async throws in
            var configuration = try RedisConfiguration(url: server.url + "?db=7")
            configuration.clientName = "worker-7"
            try await withClient(configuration) { client async throws in
                #expect(try await client.reply("SET", "where", "7") == .status("OK"))
                let info = try await client.reply("CLIENT", "INFO").text ?? ""
                #expect(info.contains(" db=7 ") && info.contains(" name=worker-7 "))
                try await withClient(RedisConfiguration(url: server.url)) { other async throws in
                    #expect(try await other.reply("GET", "where") == .null)
                    _ = try await other.reply("CLIENT", "KILL", "SKIPME", "yes")
                }
                // One that is sent before the client hears of the end learns of it with no reply.
                let heard = try await client.failure("PING")
                #expect(heard == nil || heard == .closed)
                #expect(try await client.reply("GET", "where") == .bytes([UInt8]("7")))
            }
        }
    }

    @Test("is refused when there is no such database")
    func noDatabase() async throws {
        let server = try await PrivateRedis.shared()
        try await withClient(RedisConfiguration(url: server.url + "?db=99")) {
            client async throws in
            #expect(
                try await client.failure("PING")
                    == .server(.other(message: "ERR DB index is out of range"))
            )
        }
    }

    @Test("waits its turn when the server has too many clients")
    func tooManyClients() async throws {
        var options = PrivateRedisOptions()
        options.extraArguments = ["--maxclients", "1"]
        try await withServer(options) { server async throws in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.limits.backoffBase = .milliseconds(1)
            configuration.limits.backoffCap = .milliseconds(5)
            try await withClient(configuration) { first async throws in
                _ = try await first.reply("PING")
                var impatient = configuration
                impatient.limits.connectPatience = .milliseconds(20)
                try await withClient(impatient) { second async throws in
                    guard case .cannotConnect(let reason) = try await second.failure("PING") else {
                        Issue.record("two clients of one")
                        return
                    }
                    #expect(reason.contains("max number of clients") || reason.contains("hung up"))
                    await first.close()
                    var failure = try await second.failure("PING")
                    while case .cannotConnect = failure {
                        failure = try await second.failure("PING")
                    }
                    #expect(failure == nil)
                }
            }
        }
    }

    @Test("works over TCP by name and by number", arguments: ["localhost", "127.0.0.1"])
    func overTCP(host: String) async throws {
        var options = PrivateRedisOptions()
        options.listensOnTCP = true
        try await withServer(options) { server async throws in
            let port = try #require(server.port)
            try await withClient(RedisConfiguration(url: "redis://\(host):\(port)/2")) {
                client async throws in
                #expect(try await client.reply("ECHO", "x") == .bytes([UInt8]("x")))
            }
        }
    }
}
