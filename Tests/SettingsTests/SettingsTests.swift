import Foundation
import Logging
import Settings
import TestSupport
import Testing

@Suite("settings")
struct SettingsTests {
    private func load(
        _ environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> Settings {
        let folder = try ScratchFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        return try Settings.load(environment: environment, folder: folder.path)
    }

    private func problems(
        _ environment: [String: String],
        files: [String: String] = [:]
    ) throws -> [SettingProblem] {
        do {
            _ = try load(environment, files: files)
            return []
        } catch let error as SettingsError {
            return error.problems
        }
    }

    @Test("nothing set gives the defaults")
    func defaults() throws {
        let folder = try ScratchFolder()
        let settings = try Settings.load(environment: [:], folder: folder.path)
        let data = folder.path + "/data"
        #expect(settings.database == data + "/ringback.sqlite")
        #expect(settings.dataFolder == data)
        #expect(settings.redis == .privateSocket(PrivateRedis(folder: data)))
        #expect(settings.upstream.apiKey == nil)
        #expect(settings.upstream.baseURL == "https://api.elevenlabs.io")
        #expect(settings.upstream.parallel == 3)
        #expect(settings.webhook.accepted == [])
        #expect(settings.server.address == ListenAddress(host: "127.0.0.1", port: 9000))
        #expect(settings.region == "US")
        #expect(settings.timeZone.secondsFromGMT() == 0)
        #expect(settings.schedulesFolder == folder.path + "/schedules")
        #expect(settings.rulesFile == folder.path + "/rules/default.yaml")
        #expect(settings.exportsFolder == data + "/exports")
        #expect(settings.worker.concurrency == 16)
        #expect(settings.worker.metrics == nil)
        #expect(settings.retention.ledger == .seconds(45 * 86_400))
        #expect(settings.retention.exports == .seconds(86_400))
        #expect(settings.log.level == .info)
        #expect(settings.log.format == .text)
        #expect(settings.rows.allSatisfy { $0.origin == .standard })
    }

    @Test("an environment is a short name on one line")
    func environment() throws {
        #expect(try load().server.environment == nil)
        let named = try load(["RINGBACK_ENVIRONMENT": "production"])
        #expect(named.server.environment == "production")
        for text in [String(repeating: "x", count: 25), "a\nb"] {
            let found = try problems(["RINGBACK_ENVIRONMENT": text])
            #expect(found.count == 1, "\(text)")
        }
    }

    @Test("every setting is in the table once, with an example that it accepts")
    func examplesAreAccepted() throws {
        for name in SettingName.allCases {
            let settings = try load([name.rawValue: name.facts.example])
            let row = try #require(settings.rows.first { $0.name == name })
            #expect(row.origin == .environment, "\(name.rawValue)")
            #expect(!name.facts.meaning.isEmpty)
        }
        #expect(try load().rows.map(\.name) == SettingName.allCases)
    }

    @Test("every default in the table is what holds without it")
    func standardsAreAccepted() throws {
        let standards = SettingName.allCases.compactMap { name in
            name.facts.standard.map { (name.rawValue, $0) }
        }
        let given = try load(Dictionary(uniqueKeysWithValues: standards))
        let bare = try load()
        #expect(given.server == bare.server)
        #expect(given.upstream == bare.upstream)
        #expect(given.worker == bare.worker)
        #expect(given.retention == bare.retention)
        #expect(given.log == bare.log)
        #expect(given.region == bare.region)
    }

    @Test("the environment wins over .env.local, and that over .env")
    func precedence() throws {
        let files = [
            ".env": "RINGBACK_REGION=DE\nLOG_LEVEL=debug\nRINGBACK_CONCURRENCY=4\n",
            ".env.local": "RINGBACK_REGION=FR\nLOG_LEVEL=error\n",
        ]
        let settings = try load(["RINGBACK_REGION": "GB"], files: files)
        #expect(settings.region == "GB")
        #expect(settings.log.level == .error)
        #expect(settings.worker.concurrency == 4)
        let origins = settings.rows.filter { $0.origin != .standard }.map {
            "\($0.name.rawValue) \($0.origin)"
        }
        #expect(
            origins == [
                "RINGBACK_REGION environment", "RINGBACK_CONCURRENCY .env", "LOG_LEVEL .env.local",
            ]
        )
    }

    @Test("an empty value hides what a later place says")
    func emptyHides() throws {
        let files = [".env": "ELEVENLABS_API_KEY=sk_from_file\n"]
        #expect(try load(files: files).upstream.apiKey == Secret("sk_from_file"))
        #expect(try load(["ELEVENLABS_API_KEY": ""], files: files).upstream.apiKey == nil)
    }

    @Test("a setting may come from a file, one line end at its end not counted")
    func filesOfSecrets() throws {
        let files = ["key": "sk_0123456789\n", ".env": "ELEVENLABS_WEBHOOK_SECRET_FILE=hook\n"]
        let settings = try load(
            ["ELEVENLABS_API_KEY_FILE": "key"],
            files: files.merging(["hook": "wsec_abcdef"]) { $1 }
        )
        #expect(settings.upstream.apiKey == Secret("sk_0123456789"))
        #expect(settings.webhook.secret == Secret("wsec_abcdef"))
        let row = try #require(settings.rows.first { $0.name == .apiKey })
        #expect(row.origin == .file(path: "key", named: .environment))
        #expect(row.shown == "******** (13 characters)")
    }

    @Test("a file in the environment wins over a value in .env")
    func fileWinsOverLaterPlace() throws {
        let settings = try load(
            ["ELEVENLABS_API_KEY_FILE": "key"],
            files: ["key": "sk_first", ".env": "ELEVENLABS_API_KEY=sk_second"]
        )
        #expect(settings.upstream.apiKey == Secret("sk_first"))
    }

    @Test("a value and a file in one place contradict each other")
    func valueAndFile() throws {
        let environment = ["ELEVENLABS_API_KEY": "sk_1", "ELEVENLABS_API_KEY_FILE": "key"]
        #expect(
            try problems(environment, files: ["key": "sk_2"])
                == [.given(.apiKey, twiceIn: .environment)]
        )
    }

    @Test("a file that cannot be read is named")
    func missingFile() throws {
        let found = try problems(["ELEVENLABS_API_KEY_FILE": "nowhere"])
        #expect(
            found == [.unreadable(.apiKey, path: "nowhere", reason: "No such file or directory")]
        )
        let line = try #require(found.first).description
        #expect(line.contains("ELEVENLABS_API_KEY_FILE"))
        #expect(line.contains("nowhere"))
    }

    struct Bad: CustomTestStringConvertible {
        let name: SettingName
        let value: String
        var testDescription: String { "\(name.rawValue)=\(value)" }

        init(_ name: SettingName, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    @Test(
        "a malformed value is named with its meaning, the value and an example",
        arguments: [
            Bad(.redisURL, "localhost:6379"), Bad(.redisURL, "redis://"),
            Bad(.redisURL, "redis://h/abc"), Bad(.redisURL, "unix://relative"),
            Bad(.http, "9000"), Bad(.http, "localhost"), Bad(.http, "localhost:99999"),
            Bad(.http, ":9000"), Bad(.http, "::1:9000"), Bad(.baseURL, "api.elevenlabs.io"),
            Bad(.baseURL, "https://x/?q=1"), Bad(.upstreamParallel, "0"),
            Bad(.upstreamRate, "10"), Bad(.upstreamRate, "10/d"), Bad(.upstreamRate, "0/s"),
            Bad(.upstreamBurst, "0"), Bad(.upstreamParallel, "many"), Bad(.concurrency, "-1"),
            Bad(.concurrency, "1.5"),
            Bad(.region, "USA"), Bad(.region, "1"), Bad(.timeZone, "Mars/Olympus"),
            Bad(.retentionLedger, "5d"), Bad(.retentionExports, "soon"),
            Bad(.retentionRaw, "10"), Bad(.logLevel, "loud"), Bad(.logFormat, "xml"),
            Bad(.corsOrigins, "https://a.example/path"), Bad(.corsOrigins, "*"),
            Bad(.trustedProxies, "10.0.0.0/33"), Bad(.trustedProxies, "proxy"),
            Bad(.webhookSources, "34.67.146.145/40"), Bad(.webhookSources, "elevenlabs.io"),
            Bad(.exportWebhook, "hooks.example.com"),
            Bad(.exportRecipients, "ana"),
            Bad(.publicURL, "ftp://example.com"), Bad(.metrics, "on"),
        ]
    )
    func namesMalformed(bad: Bad) throws {
        let found = try problems([bad.name.rawValue: bad.value])
        #expect(found.count == 1)
        let line = try #require(found.first).description
        #expect(line.contains(bad.name.rawValue))
        #expect(line.contains(bad.name.facts.meaning))
        #expect(line.contains("\"\(bad.value)\""))
        #expect(line.contains("\(bad.name.rawValue)=\(bad.name.facts.example)"))
        #expect(!line.contains("\n"))
    }

    @Test(
        "a malformed secret is named and never shown",
        arguments: [SettingName.webhookSecret, .adminToken, .phoneKey]
    )
    func hidesMalformedSecret(name: SettingName) throws {
        let found = try problems([name.rawValue: "hunter2"])
        let line = try #require(found.first).description
        #expect(line.contains(name.rawValue))
        #expect(!line.contains("hunter2"))
    }

    @Test("everything that is wrong is said at once")
    func gathersProblems() throws {
        let found = try problems(["LOG_LEVEL": "loud", "RINGBACK_REGION": "nowhere"])
        #expect(found.count == 2)
        let lines = SettingsError(problems: found).description.split(separator: "\n")
        #expect(lines.count == 2)
    }

    @Test("secrets and passwords show nowhere")
    func masksSecrets() throws {
        let environment = [
            "ELEVENLABS_API_KEY": "sk_topsecret_1", "RINGBACK_ADMIN_TOKEN": "topsecret_2_padding",
            "ELEVENLABS_WEBHOOK_SECRET": "topsecret_3",
            "RINGBACK_PHONE_KEY": "topsecret_4_padded_to_32_characters",
            "REDIS_URL": "redis://worker:topsecret_5@redis.example:6380/1",
        ]
        let settings = try load(environment)
        var shown = settings.rows.map { $0.shown ?? "" }.joined(separator: "\n")
        dump(settings, to: &shown)
        shown += "\(settings) \(String(reflecting: settings))"
        #expect(!shown.contains("topsecret"))
        #expect(shown.contains("redis://worker:********@redis.example:6380/1"))
        #expect(settings.secrets.count == 5)
    }

    @Test("a name that looks like a setting and is none is noticed")
    func noticesTypingErrors() throws {
        let settings = try load(
            ["RINGBACK_REGOIN": "DE", "ELEVENLABS_KEY": "x", "RINGBACK_DB": "a/b.sqlite"],
            files: [".env": "RINGBACK_HTTPS=1\n"]
        )
        #expect(
            settings.unknownNames == ["ELEVENLABS_KEY", "RINGBACK_HTTPS", "RINGBACK_REGOIN"]
        )
    }

    @Test("without a token the server stays on loopback")
    func serverNeedsToken() throws {
        let open = ["RINGBACK_HTTP": "0.0.0.0:9000"]
        #expect(throws: SettingsError.self) { try load(open).server.check() }
        let token = ["RINGBACK_ADMIN_TOKEN": "0123456789abcdef"]
        try load(open.merging(token) { $1 }).server.check()
        for address in ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.9.9.9:1"] {
            try load(["RINGBACK_HTTP": address]).server.check()
        }
    }

    @Test("the private Redis's socket is in the folder unless its path is too long")
    func privateSocket() throws {
        let folder = try ScratchFolder()
        let short = PrivateRedis(folder: folder.path)
        #expect(short.fitsInFolder)
        #expect(try short.url() == nil)
        try folder.write("", to: "redis.sock")
        #expect(try short.url() == "unix://\(folder.path)/redis.sock")

        let name = String(repeating: "long", count: 30)
        try folder.makeFolder(name)
        let long = PrivateRedis(folder: folder.path + "/" + name)
        #expect(!long.fitsInFolder)
        #expect(try long.url() == nil)
        try folder.write("unix:///tmp/x/redis.sock\n", to: name + "/redis.url")
        #expect(try long.url() == "unix:///tmp/x/redis.sock")
    }
}
