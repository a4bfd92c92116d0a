import RedisClient
import Testing

@Suite("A Redis address")
struct URLTests {
    struct Case: Sendable {
        let url: String
        let address: RedisConfiguration.Address
        var user: String?
        var password: String?
        var database = 0
        var tls: RedisConfiguration.TLS?
        var description: String
    }

    static let cases = [
        Case(
            url: "redis://localhost",
            address: .tcp(host: "localhost", port: 6379),
            description: "redis://localhost:6379/0"
        ),
        Case(
            url: "REDIS://10.0.0.7:6380/",
            address: .tcp(host: "10.0.0.7", port: 6380),
            description: "redis://10.0.0.7:6380/0"
        ),
        Case(
            url: "redis://:s3cret@cache:7000/3",
            address: .tcp(host: "cache", port: 7000),
            password: "s3cret",
            database: 3,
            description: "redis://cache:7000/3"
        ),
        Case(
            url: "redis://ann:p%40ss%2Fw%25rd@cache/12",
            address: .tcp(host: "cache", port: 6379),
            user: "ann",
            password: "p@ss/w%rd",
            database: 12,
            description: "redis://cache:6379/12"
        ),
        Case(
            url: "redis://ann:a@b:c?d@cache?db=4",
            address: .tcp(host: "cache", port: 6379),
            user: "ann",
            password: "a@b:c?d",
            database: 4,
            description: "redis://cache:6379/4"
        ),
        Case(
            url: "redis://[::1]:6390/1",
            address: .tcp(host: "::1", port: 6390),
            database: 1,
            description: "redis://[::1]:6390/1"
        ),
        Case(
            url: "redis://[2001:db8::7]",
            address: .tcp(host: "2001:db8::7", port: 6379),
            description: "redis://[2001:db8::7]:6379/0"
        ),
        Case(
            url: "rediss://cache:6380",
            address: .tcp(host: "cache", port: 6380),
            tls: RedisConfiguration.TLS(),
            description: "rediss://cache:6380/0"
        ),
        Case(
            url: "rediss://u:p@cache/2?ca=/etc/my%20ca.pem&name=redis.example.org",
            address: .tcp(host: "cache", port: 6379),
            user: "u",
            password: "p",
            database: 2,
            tls: RedisConfiguration.TLS(
                authorityFile: "/etc/my ca.pem",
                serverName: "redis.example.org"
            ),
            description: "rediss://cache:6379/2"
        ),
        Case(
            url: "unix:///run/redis/redis.sock",
            address: .unix(path: "/run/redis/redis.sock"),
            description: "unix:///run/redis/redis.sock"
        ),
        Case(
            url: "unix://u:p@/run/a%20b%3F.sock?db=5",
            address: .unix(path: "/run/a b?.sock"),
            user: "u",
            password: "p",
            database: 5,
            description: "unix:///run/a b?.sock?db=5"
        ),
    ]

    @Test("is read into its parts, and shown without the password", arguments: cases)
    func reads(expected: Case) throws {
        let configuration = try RedisConfiguration(url: expected.url)
        #expect(configuration.address == expected.address)
        #expect(configuration.user == expected.user)
        #expect(configuration.password == expected.password)
        #expect(configuration.database == expected.database)
        #expect(configuration.tls == expected.tls)
        #expect(configuration.description == expected.description)
    }

    static let refused: [(String, RedisURLError)] = [
        ("", .unknownScheme),
        ("localhost:6379", .unknownScheme),
        ("http://localhost", .unknownScheme),
        ("redis:/localhost", .unknownScheme),
        ("redis://", .hostMissing),
        ("redis://:6379", .hostMissing),
        ("redis://u:p@/1", .hostMissing),
        ("redis://[::1", .hostMissing),
        ("redis://h:", .malformedPort("")),
        ("redis://h:0", .malformedPort("0")),
        ("redis://h:65536", .malformedPort("65536")),
        ("redis://h:+1", .malformedPort("+1")),
        ("redis://h:63x", .malformedPort("63x")),
        ("redis://[::1]x", .malformedPort("x")),
        ("redis://h/one", .malformedDatabase("one")),
        ("redis://h/-1", .malformedDatabase("-1")),
        ("redis://h/1/2", .malformedDatabase("1/2")),
        ("redis://h?db=", .malformedDatabase("")),
        ("redis://user@h", .passwordMissing),
        ("redis://user:@h", .passwordMissing),
        ("redis://:%zz@h", .malformedEscape),
        ("redis://:%4@h", .malformedEscape),
        ("redis://:%ff@h", .malformedEscape),
        ("redis://h?ca=/x", .unknownParameter("ca")),
        ("rediss://h?verify=no", .unknownParameter("verify")),
        ("redis://h?db", .unknownParameter("db")),
        ("unix://", .pathMissing),
        ("unix:///", .pathMissing),
        ("unix://run/redis.sock", .pathMissing),
        ("unix:///s?ca=/x", .unknownParameter("ca")),
        ("unix:///" + String(repeating: "x", count: 107), .pathTooLong(bytes: 108)),
    ]

    @Test("that is wrong is refused with its reason", arguments: refused)
    func refuses(url: String, error: RedisURLError) {
        #expect(throws: error) { try RedisConfiguration(url: url) }
    }

    @Test("never shows its password in an error", arguments: refused.map(\.1))
    func hidesSecrets(error: RedisURLError) {
        #expect(!error.description.isEmpty)
    }
}

@Suite("An error reply")
struct ServerErrorTests {
    static let cases: [(String, RedisServerError)] = [
        ("LOADING Redis is loading the dataset in memory", .loading),
        ("READONLY You can't write against a read only replica.", .readOnly),
        ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory),
        (
            "MISCONF Errors writing to the AOF file: No space left on device",
            .cannotPersist(
                message: "MISCONF Errors writing to the AOF file: No space left on device"
            )
        ),
        (
            "OOM command not allowed when used memory > 'maxmemory'. script: f0, on @user_script:1.",
            .outOfMemory
        ),
        (
            "NOAUTH Authentication required.",
            .noAuthentication(message: "NOAUTH Authentication required.")
        ),
        (
            "WRONGPASS invalid username-password pair or user is disabled.",
            .noAuthentication(
                message: "WRONGPASS invalid username-password pair or user is disabled."
            )
        ),
        (
            "ERR AUTH <password> called without any password configured for the default user.",
            .noAuthentication(
                message:
                    "ERR AUTH <password> called without any password configured for the default user."
            )
        ),
        (
            "NOPERM this user has no permissions to run the 'get' command",
            .noPermission(message: "NOPERM this user has no permissions to run the 'get' command")
        ),
        ("NOSCRIPT No matching script. Please use EVAL.", .noScript),
        ("MOVED 3999 127.0.0.1:6381", .moved(slot: 3999, address: "127.0.0.1:6381")),
        ("MOVED nonsense", .other(message: "MOVED nonsense")),
        ("BUSY Redis is busy running a script.", .busy),
        ("ERR syntax error", .other(message: "ERR syntax error")),
        ("WRONGTYPE Operation against a key", .other(message: "WRONGTYPE Operation against a key")),
        ("", .other(message: "")),
        // Redis 6.2 wraps what a script's command met.
        (
            "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command "
                + "not allowed when used memory > 'maxmemory'.",
            .outOfMemory
        ),
        (
            "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
            .readOnly
        ),
        (
            "ERR Error running script (call to f_1): @user_script:1: attempt to call nil",
            .other(
                message:
                    "ERR Error running script (call to f_1): @user_script:1: attempt to call nil"
            )
        ),
    ]

    @Test("is sorted by what a caller does about it", arguments: cases)
    func sorts(text: String, expected: RedisServerError) {
        #expect(RedisServerError(reply: text) == expected)
    }
}

@Suite("A script")
struct ScriptTests {
    @Test(
        "is named by the SHA-1 of its source",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"),
        ]
    )
    func digest(source: String, digest: String) {
        #expect(RedisScript(name: "test", source: source).digest == digest)
    }
}
