package import Foundation
package import Logging

/// All settings of a program, read once at its start and checked as a whole.
package struct Settings: Sendable {
    /// The folder of the result store, absolute; keys, the private Redis and exports stand in it.
    package let dataFolder: String

    /// The SQLite file, absolute.
    package let database: String

    package let redis: RedisLocation
    package let upstream: UpstreamSettings
    package let webhook: WebhookSettings
    package let server: ServerSettings
    package let worker: WorkerSettings
    package let outside: OutsideSettings
    package let retention: RetentionSettings
    package let privacy: PrivacySettings
    package let log: LogSettings

    /// Two capital letters.
    package let region: String
    package let timeZone: TimeZone

    /// The key of caller keys when it is given; nil when `PhoneKeyFile` keeps it.
    package let phoneKey: Secret?

    /// The key before it, while rows are given the new one.
    package let phoneKeyPrevious: Secret?

    /// Folders, absolute.
    package let schedulesFolder: String
    package let exportsFolder: String
    package let webFolder: String

    /// A folder or a file, absolute, as it was given.
    package let rulesPath: String

    /// The rules file that holds: `default.yaml` when a folder was given.
    package var rulesFile: String {
        [".yaml", ".yml", ".rules"].contains { rulesPath.hasSuffix($0) }
            ? rulesPath : rulesPath + "/default.yaml"
    }

    /// Every setting as it holds, for `ringback config`; secrets are masked already.
    package let rows: [SettingRow]

    /// Variables that look like settings and are none.
    package let unknownNames: [String]

    /// The file that keeps the key of caller keys.
    package var phoneKeyFile: PhoneKeyFile {
        PhoneKeyFile(path: dataFolder + "/keys/phone")
    }

    /// Every secret, so that the log can be kept free of them.
    package var secrets: [Secret] {
        [
            upstream.apiKey, webhook.secret, webhook.secretPrevious, server.adminToken, phoneKey,
            phoneKeyPrevious, outside.alertSecret, outside.exportSecret, redisPassword,
        ].compactMap(\.self)
    }

    private var redisPassword: Secret? {
        guard case .url(let url) = redis else { return nil }
        return URLComponents(string: url.reveal())?.password.map(Secret.init)
    }
}

/// How the ElevenLabs API is reached.
package struct UpstreamSettings: Sendable, Equatable {
    package let apiKey: Secret?

    /// Without a slash at its end.
    package let baseURL: String
    package let parallel: Int

    /// Nil without a limit.
    package let rate: RateText?

    /// Nil for a second's worth.
    package let burst: Int?
}

/// How post-call webhooks are checked.
package struct WebhookSettings: Sendable, Equatable {
    package let secret: Secret?
    package let secretPrevious: Secret?

    /// Addresses and networks that webhooks are taken from; from everywhere when empty.
    package let sources: [String]

    /// Those that are set, the present one first.
    package var accepted: [Secret] { [secret, secretPrevious].compactMap(\.self) }
}

/// How the server is reached, and by whom.
package struct ServerSettings: Sendable, Equatable {
    package let address: ListenAddress
    package let adminToken: Secret?
    package let publicURL: String?
    package let corsOrigins: [String]
    package let trustedProxies: [String]

    /// What people call this installation, such as `production`.
    package let environment: String?

    /// Whether nobody may change anything there.
    package let isReadOnly: Bool

    /// What keeps the server from listening there: without a token it serves this machine only.
    package func check() throws(SettingsError) {
        guard adminToken == nil, !address.isLoopback else { return }
        throw SettingsError(
            problems: [
                .missing(
                    .adminToken,
                    why: "without it the server listens on loopback only, and RINGBACK_HTTP is "
                        + address.description
                )
            ]
        )
    }
}

/// Whom alerts and events reach outside of this machine.
package struct OutsideSettings: Sendable, Equatable {
    /// Names of hosts in private networks that may be reached all the same, in lower case.
    package let privateHosts: Set<String>

    /// Holds the mail server's password.
    package let smtp: Secret?
    package let mailFrom: String?
    package let alertRecipients: [String]
    package let alertWebhook: String?
    package let alertSecret: Secret?

    /// US dollars.
    package let alertCost: Double?
    package let exportRecipients: [String]
    package let exportWebhook: String?
    package let exportSecret: Secret?
}

/// How a worker process runs.
package struct WorkerSettings: Sendable, Equatable {
    package let concurrency: Int

    /// Where the process answers `/healthz` and `/metrics`; nil for nowhere.
    package let metrics: ListenAddress?
}

/// How long things are kept.
package struct RetentionSettings: Sendable, Equatable {
    package let raw: Duration
    package let webhooks: Duration
    package let exports: Duration
    package let ledger: Duration
    package let numbers: Duration
    package let transcripts: Duration
}

/// What is not kept of people.
package struct PrivacySettings: Sendable, Equatable {
    /// Words of `RINGBACK_REDACT`, each of them known.
    package let redact: [String]

    /// `counted` or `kept`.
    package let suppressed: String

    /// The words that `RINGBACK_REDACT` takes.
    package static let redactWords = ["numbers", "email", "card", "iban"]
}

/// What is logged, and how.
package struct LogSettings: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    package let level: Logger.Level
    package let format: Format
}

/// One line of `ringback config`.
package struct SettingRow: Sendable, Equatable {
    package let name: SettingName

    /// What holds, masked where it is secret; nil when nothing does.
    package let shown: String?
    package let origin: SettingOrigin
}
