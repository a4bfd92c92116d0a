import Foundation
import Logging

extension Settings {
    /// Reads and checks all settings.
    ///
    /// - Parameters:
    ///   - environment: The process's variables.
    ///   - folder: The working folder, absolute: `.env` files are looked for in it, and relative
    ///     paths start from it.
    /// - Returns: The settings, all of them sound.
    /// - Throws: `SettingsError` with everything that is wrong, at once.
    package static func load(
        environment: [String: String],
        folder: String
    ) throws(SettingsError) -> Settings {
        let sources = try SettingSources(environment: environment, folder: folder)
        var reader = SettingReader(sources: sources)
        let settings = Settings(reading: &reader, folder: folder)
        guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
        return settings
    }

    private init(reading reader: inout SettingReader, folder: String) {
        let path = { (text: String) in SettingsPath.absolute(text, in: folder) }
        database = path(reader.text(.database))
        dataFolder = URL(fileURLWithPath: database).deletingLastPathComponent().path
        let privateRedis = PrivateRedis(folder: dataFolder)
        redis =
            reader.optional(.redisURL, SettingParsers.url(ofRedis:))
            ?? .privateSocket(privateRedis)
        upstream = UpstreamSettings(reading: &reader)
        webhook = WebhookSettings(reading: &reader)
        server = ServerSettings(reading: &reader)
        worker = WorkerSettings(reading: &reader)
        outside = OutsideSettings(reading: &reader)
        retention = RetentionSettings(reading: &reader)
        privacy = PrivacySettings(reading: &reader)
        log = LogSettings(reading: &reader)
        region = reader.value(.region, standard: "US", SettingParsers.region)
        timeZone = reader.value(.timeZone, standard: .gmt, SettingParsers.timeZone)
        // 128 bits as hexadecimal digits: fewer could be tried through for the few numbers there are.
        phoneKey = reader.secret(.phoneKey, bytesMin: 32)
        phoneKeyPrevious = reader.secret(.phoneKeyPrevious, bytesMin: 32)
        schedulesFolder = path(reader.text(.schedules))
        rulesPath = path(reader.text(.rules))
        webFolder = path(reader.text(.web))
        let exports = reader.optional(.exports) { (text) throws(Unacceptable) in text }
        exportsFolder = exports.map(path) ?? dataFolder + "/exports"
        rows = reader.rows
        unknownNames = reader.sources.unknownNames
    }
}

extension UpstreamSettings {
    fileprivate init(reading reader: inout SettingReader) {
        apiKey = reader.secret(.apiKey, bytesMin: 1)
        baseURL = reader.value(
            .baseURL,
            standard: "https://api.elevenlabs.io",
            SettingParsers.webURL
        )
        // The plans' own limits lie between 5 and 30; 100 bounds a mistake.
        parallel = reader.integer(.upstreamParallel, standard: 3, in: 1...100)
        rate = reader.optional(.upstreamRate) { (text) throws(Unacceptable) in
            guard let rate = RateText(text) else { throw Unacceptable(expected: RateText.form) }
            return rate
        }
        burst = reader.optional(.upstreamBurst) { (text) throws(Unacceptable) in
            try SettingParsers.integer(text, in: 1...10_000)
        }
    }
}

extension WebhookSettings {
    fileprivate init(reading reader: inout SettingReader) {
        secret = reader.secret(.webhookSecret, bytesMin: 8)
        secretPrevious = reader.secret(.webhookSecretPrevious, bytesMin: 8)
        sources = reader.value(.webhookSources, standard: [], SettingParsers.networks)
    }
}

extension ServerSettings {
    fileprivate init(reading reader: inout SettingReader) {
        address = reader.value(
            .http,
            standard: ListenAddress(host: "127.0.0.1", port: 9000),
            SettingParsers.listenAddress
        )
        adminToken = reader.secret(.adminToken, bytesMin: 16)
        publicURL = reader.optional(.publicURL, SettingParsers.webURL)
        corsOrigins = reader.value(.corsOrigins, standard: [], SettingParsers.origins)
        trustedProxies = reader.value(.trustedProxies, standard: [], SettingParsers.networks)
        environment = reader.optional(.environment, SettingParsers.environment)
        isReadOnly = reader.value(.readOnly, standard: false, SettingParsers.flag)
    }
}

extension OutsideSettings {
    fileprivate init(reading reader: inout SettingReader) {
        privateHosts = Set(
            reader.value(.privateHosts, standard: []) { (text) throws(Unacceptable) in
                try SettingParsers.hosts(text)
            }
        )
        smtp = reader.optional(.smtp, SettingParsers.mailServer)
        mailFrom = reader.optional(.mailFrom) { (text) throws(Unacceptable) in
            guard let address = try SettingParsers.mailAddresses(text).first else {
                throw Unacceptable(expected: "a mail address")
            }
            return address
        }
        alertRecipients = reader.value(
            .alertRecipients,
            standard: [],
            SettingParsers.mailAddresses
        )
        alertWebhook = reader.optional(.alertWebhook, SettingParsers.hook)
        alertSecret = reader.secret(.alertSecret, bytesMin: 16)
        alertCost = reader.optional(.alertCost) { (text) throws(Unacceptable) in
            guard let cost = Double(text), cost.isFinite, cost > 0 else {
                throw Unacceptable(expected: "an amount over 0, such as 12.50")
            }
            return cost
        }
        exportRecipients = reader.value(
            .exportRecipients,
            standard: [],
            SettingParsers.mailAddresses
        )
        exportWebhook = reader.optional(.exportWebhook, SettingParsers.hook)
        exportSecret = reader.secret(.exportSecret, bytesMin: 16)
    }
}

extension WorkerSettings {
    fileprivate init(reading reader: inout SettingReader) {
        concurrency = reader.integer(.concurrency, standard: 16, in: 1...1000)
        metrics = reader.optional(.metrics, SettingParsers.listenAddress)
    }
}

extension RetentionSettings {
    fileprivate init(reading reader: inout SettingReader) {
        raw = reader.duration(.retentionRaw, atLeast: .seconds(86_400))
        webhooks = reader.duration(.retentionWebhooks, atLeast: .seconds(86_400))
        exports = reader.duration(.retentionExports, atLeast: .seconds(3_600))
        // 30 days in `dead` and the longest retry horizon (twelve attempts, under 12 h) before it.
        ledger = reader.duration(.retentionLedger, atLeast: .seconds(31 * 86_400))
        numbers = reader.duration(.retentionNumbers, atLeast: .seconds(86_400))
        transcripts = reader.duration(.retentionTranscripts, atLeast: .seconds(86_400))
    }
}

extension PrivacySettings {
    fileprivate init(reading reader: inout SettingReader) {
        redact = reader.value(.redact, standard: []) { (text) throws(Unacceptable) in
            let words = text.split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces).lowercased()
            }
            if words == ["none"] { return [] }
            guard !words.isEmpty, words.allSatisfy(Self.redactWords.contains) else {
                throw Unacceptable(
                    expected: "none, or some of numbers, email, card, iban, separated by commas"
                )
            }
            return words
        }
        suppressed = reader.value(.suppressed, standard: "counted") {
            (text) throws(Unacceptable) in
            guard ["counted", "kept"].contains(text) else {
                throw Unacceptable(expected: "counted or kept")
            }
            return text
        }
    }
}

extension LogSettings {
    fileprivate init(reading reader: inout SettingReader) {
        level = reader.value(.logLevel, standard: .info) { (text) throws(Unacceptable) in
            guard let level = Logger.Level(rawValue: text.lowercased()) else {
                throw Unacceptable(
                    expected: "one of trace, debug, info, notice, warning, error, critical"
                )
            }
            return level
        }
        format = reader.value(.logFormat, standard: .text) { (text) throws(Unacceptable) in
            guard let format = Format(rawValue: text.lowercased()) else {
                throw Unacceptable(expected: "text or json")
            }
            return format
        }
    }
}

/// Takes values from the sources and gathers what is wrong with them.
struct SettingReader {
    let sources: SettingSources
    private(set) var problems: [SettingProblem] = []
    private var shown: [SettingName: SettingRow] = [:]

    init(sources: SettingSources) {
        self.sources = sources
    }

    /// One row for each setting, in the order of `SettingName`.
    var rows: [SettingRow] {
        SettingName.allCases.map { name in
            shown[name]
                ?? SettingRow(name: name, shown: name.facts.standard, origin: .standard)
        }
    }

    mutating func optional<Value>(
        _ name: SettingName,
        _ parse: (String) throws(Unacceptable) -> Value
    ) -> Value? {
        guard let (text, origin) = sources.text(of: name) else { return nil }
        let display = name.facts.isSecret ? nil : SettingRow.masked(text)
        shown[name] = SettingRow(
            name: name,
            shown: display ?? "\(Secret.mask) (\(text.count) characters)",
            origin: origin
        )
        do {
            return try parse(text)
        } catch {
            problems.append(
                .malformed(name, value: display, origin: origin, expected: error.expected)
            )
            return nil
        }
    }

    mutating func value<Value>(
        _ name: SettingName,
        standard: Value,
        _ parse: (String) throws(Unacceptable) -> Value
    ) -> Value {
        optional(name, parse) ?? standard
    }

    mutating func text(_ name: SettingName) -> String {
        guard let standard = name.facts.standard else {
            preconditionFailure("A text that is asked for without a parser has a default.")
        }
        return value(name, standard: standard) { (text) throws(Unacceptable) in text }
    }

    mutating func integer(_ name: SettingName, standard: Int, in range: ClosedRange<Int>) -> Int {
        value(name, standard: standard) { (text) throws(Unacceptable) in
            try SettingParsers.integer(text, in: range)
        }
    }

    mutating func secret(_ name: SettingName, bytesMin: Int) -> Secret? {
        optional(name) { (text) throws(Unacceptable) in
            try SettingParsers.secret(text, bytesMin: bytesMin)
        }
    }

    /// A duration whose default stands in the setting's facts.
    mutating func duration(_ name: SettingName, atLeast minimum: Duration) -> Duration {
        guard let standard = name.facts.standard.flatMap(Duration.init(settingText:)) else {
            preconditionFailure("A duration's default is one.")
        }
        return value(name, standard: standard) { (text) throws(Unacceptable) in
            guard let duration = Duration(settingText: text), duration >= minimum else {
                throw Unacceptable(
                    expected: "a time such as 36h or 45d, at least \(minimum.components.seconds) s"
                )
            }
            return duration
        }
    }
}

extension SettingRow {
    /// A text with the password of an address in it, if there is one, masked.
    static func masked(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        // Everything before the last @ is user and password, even where it holds a slash or two.
        guard let at = rest.lastIndex(of: "@") else { return text }
        let user = rest[..<at].prefix { $0 != ":" }
        return text[..<scheme.upperBound] + "\(user):\(Secret.mask)" + rest[at...]
    }
}
