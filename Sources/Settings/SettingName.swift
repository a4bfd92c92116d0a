/// Every setting, by the name of its variable.
///
/// A new one is a case here, a row in `SettingName.facts` and a field of `Settings`; everything
/// else (sources, errors, `ringback config`) follows from these.
package enum SettingName: String, CaseIterable, Sendable {
    case redisURL = "REDIS_URL"
    case database = "RINGBACK_DB"
    case apiKey = "ELEVENLABS_API_KEY"
    case baseURL = "ELEVENLABS_BASE_URL"
    case webhookSecret = "ELEVENLABS_WEBHOOK_SECRET"
    case webhookSecretPrevious = "ELEVENLABS_WEBHOOK_SECRET_PREVIOUS"
    case webhookSources = "ELEVENLABS_WEBHOOK_SOURCES"
    case upstreamParallel = "ELEVENLABS_PARALLEL"
    case upstreamRate = "ELEVENLABS_RATE"
    case upstreamBurst = "ELEVENLABS_BURST"
    case http = "RINGBACK_HTTP"
    case adminToken = "RINGBACK_ADMIN_TOKEN"
    case publicURL = "RINGBACK_PUBLIC_URL"
    case corsOrigins = "RINGBACK_CORS_ORIGINS"
    case trustedProxies = "RINGBACK_TRUSTED_PROXIES"
    case region = "RINGBACK_REGION"
    case timeZone = "RINGBACK_TIME_ZONE"
    case phoneKey = "RINGBACK_PHONE_KEY"
    case phoneKeyPrevious = "RINGBACK_PHONE_KEY_PREVIOUS"
    case schedules = "RINGBACK_SCHEDULES"
    case rules = "RINGBACK_RULES"
    case exports = "RINGBACK_EXPORTS"
    case concurrency = "RINGBACK_CONCURRENCY"
    case metrics = "RINGBACK_METRICS"
    case retentionRaw = "RINGBACK_RETENTION_RAW"
    case retentionWebhooks = "RINGBACK_RETENTION_WEBHOOKS"
    case retentionExports = "RINGBACK_RETENTION_EXPORTS"
    case retentionLedger = "RINGBACK_RETENTION_LEDGER"
    case retentionNumbers = "RINGBACK_RETENTION_NUMBERS"
    case retentionTranscripts = "RINGBACK_RETENTION_TRANSCRIPTS"
    case redact = "RINGBACK_REDACT"
    case suppressed = "RINGBACK_SUPPRESSED"
    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"
    case readOnly = "RINGBACK_READ_ONLY"
    case environment = "RINGBACK_ENVIRONMENT"
    case web = "RINGBACK_WEB"
    case privateHosts = "RINGBACK_PRIVATE_HOSTS"
    case smtp = "RINGBACK_SMTP_URL"
    case mailFrom = "RINGBACK_MAIL_FROM"
    case alertRecipients = "RINGBACK_ALERT_MAIL"
    case alertWebhook = "RINGBACK_ALERT_URL"
    case alertSecret = "RINGBACK_ALERT_SECRET"
    case alertCost = "RINGBACK_ALERT_COST"
    case exportRecipients = "RINGBACK_EXPORT_MAIL"
    case exportWebhook = "RINGBACK_EXPORT_URL"
    case exportSecret = "RINGBACK_EXPORT_SECRET"
}

/// What people need to know of a setting.
package struct SettingFacts: Sendable, Equatable {
    /// What it means, as the end of "NAME is …".
    package let meaning: String

    /// A value that would be accepted.
    package let example: String

    /// What holds when it is not set; nil when nothing does.
    package let standard: String?

    package let isSecret: Bool

    fileprivate init(
        _ meaning: String,
        example: String,
        standard: String? = nil,
        isSecret: Bool = false
    ) {
        self.meaning = meaning
        self.example = example
        self.standard = standard
        self.isSecret = isSecret
    }
}

extension SettingName {
    /// The facts of every setting, in one table.
    package var facts: SettingFacts {
        switch self {
        case .redisURL, .database, .schedules, .rules, .exports, .region, .timeZone, .web:
            placeFacts
        case .phoneKey, .phoneKeyPrevious, .retentionNumbers, .retentionTranscripts, .redact,
            .suppressed:
            privacyFacts
        case .apiKey, .baseURL, .webhookSecret, .webhookSecretPrevious, .webhookSources,
            .upstreamParallel, .upstreamRate, .upstreamBurst:
            upstreamFacts
        case .http, .adminToken, .publicURL, .corsOrigins, .trustedProxies, .readOnly,
            .environment:
            serverFacts
        case .privateHosts, .smtp, .mailFrom, .alertRecipients, .alertWebhook, .alertSecret,
            .alertCost, .exportRecipients, .exportWebhook, .exportSecret:
            outsideFacts
        case .concurrency, .metrics, .retentionRaw, .retentionWebhooks, .retentionExports,
            .retentionLedger, .logLevel, .logFormat:
            runningFacts
        }
    }

    private var placeFacts: SettingFacts {
        switch self {
        case .redisURL:
            // Its password alone is secret; `SettingRow` masks just that.
            SettingFacts(
                "the Redis that holds the queues (without it: the private one of `ringback up`)",
                example: "redis://localhost:6379/0"
            )
        case .database:
            SettingFacts(
                "the SQLite file of the results; what else is kept stands beside it",
                example: "data/ringback.sqlite",
                standard: "data/ringback.sqlite"
            )
        case .schedules:
            SettingFacts(
                "the folder of the schedule files",
                example: "schedules/",
                standard: "schedules/"
            )
        case .rules:
            SettingFacts(
                "the folder of the conversion rules (its default.yaml holds), or one rules file",
                example: "rules/",
                standard: "rules/"
            )
        case .exports:
            SettingFacts(
                "the folder that exports are written to (without it: exports/ beside the store)",
                example: "data/exports/"
            )
        case .web:
            SettingFacts(
                "the folder of what browsers load: pages, styles, scripts, the widget",
                example: "web/",
                standard: "web/"
            )
        case .region:
            SettingFacts(
                "the region of numbers without a country code, two letters",
                example: "US",
                standard: "US"
            )
        default:
            SettingFacts(
                "the time zone of reports, and of schedules that name none",
                example: "Europe/Berlin",
                standard: "UTC"
            )
        }
    }

    private var privacyFacts: SettingFacts {
        switch self {
        case .phoneKey:
            SettingFacts(
                "the key that turns callers' numbers into caller keys "
                    + "(without it: the file keys/phone beside the store, made at first start)",
                example: "0123456789abcdef0123456789abcdef",
                isSecret: true
            )
        case .phoneKeyPrevious:
            SettingFacts(
                "the key before RINGBACK_PHONE_KEY, while rows are given the new one",
                example: "fedcba9876543210fedcba9876543210",
                isSecret: true
            )
        case .retentionNumbers:
            SettingFacts(
                "how long numbers of callers and recipients are kept",
                example: "396d",
                standard: "396d"
            )
        case .retentionTranscripts:
            SettingFacts(
                "how long transcripts and summaries are kept",
                example: "396d",
                standard: "396d"
            )
        case .redact:
            SettingFacts(
                "what is taken out of transcripts before they are stored: numbers, email, card and "
                    + "iban, separated by commas (nothing without it)",
                example: "card,iban"
            )
        default:
            SettingFacts(
                "what becomes of new calls of an erased caller: counted without content, or kept",
                example: "counted",
                standard: "counted"
            )
        }
    }

    private var upstreamFacts: SettingFacts {
        switch self {
        case .apiKey:
            SettingFacts(
                "the key of the ElevenLabs API (without it `ringback up` starts a simulator)",
                example: "sk_0123456789abcdef",
                isSecret: true
            )
        case .baseURL:
            SettingFacts(
                "the address of the ElevenLabs API",
                example: "https://api.eu.residency.elevenlabs.io",
                standard: "https://api.elevenlabs.io"
            )
        case .webhookSecret:
            SettingFacts(
                "the secret that signs post-call webhooks (without it they are refused)",
                example: "wsec_0123456789abcdef",
                isSecret: true
            )
        case .webhookSecretPrevious:
            SettingFacts(
                "the webhook secret before the present one, while it is being changed",
                example: "wsec_fedcba9876543210",
                isSecret: true
            )
        case .webhookSources:
            SettingFacts(
                "the addresses and networks that webhooks are taken from, separated by commas "
                    + "(from everywhere without it)",
                example: "34.67.146.145,34.59.11.47"
            )
        case .upstreamRate:
            SettingFacts(
                "how many requests may begin per second, minute or hour, over all workers "
                    + "(without it: as many as the parallelism lets through)",
                example: "300/m"
            )
        case .upstreamBurst:
            SettingFacts(
                "how many requests may begin at once after a rest, when ELEVENLABS_RATE is set "
                    + "(without it: one second's worth)",
                example: "10"
            )
        default:
            SettingFacts(
                "how many detail requests may be under way at once, over all workers",
                example: "3",
                standard: "3"
            )
        }
    }

    private var serverFacts: SettingFacts {
        switch self {
        case .http:
            SettingFacts(
                "the address that the server listens on",
                example: "127.0.0.1:9000",
                standard: "127.0.0.1:9000"
            )
        case .adminToken:
            SettingFacts(
                "the token that signs people in (without it the server serves this machine only)",
                example: "a-long-random-text-of-32-characters",
                isSecret: true
            )
        case .publicURL:
            SettingFacts(
                "the address under which others reach the server, for links",
                example: "https://ringback.example.com"
            )
        case .corsOrigins:
            SettingFacts(
                "the origins whose pages may call the API, separated by commas",
                example: "https://crm.example.com,https://www.example.com"
            )
        case .environment:
            SettingFacts(
                "what people call this installation, shown on every page; production is red",
                example: "staging"
            )
        case .readOnly:
            SettingFacts(
                "whether the server shows everything and lets nobody change anything, true or false",
                example: "true",
                standard: "false"
            )
        default:
            SettingFacts(
                "the proxies whose forwarding headers are believed, separated by commas",
                example: "127.0.0.1,10.0.0.0/8"
            )
        }
    }

    private var outsideFacts: SettingFacts {
        switch self {
        case .privateHosts:
            SettingFacts(
                "the hosts in private networks that events and alerts may be sent to, by name",
                example: "crm.internal,127.0.0.1"
            )
        case .smtp:
            // Its password alone is secret; `SettingRow` masks just that.
            SettingFacts(
                "the mail server that alerts and exports are sent through",
                example: "smtps://ringback:password@mail.example.com"
            )
        case .mailFrom:
            SettingFacts("the sender of mails", example: "ringback@example.com")
        case .alertRecipients:
            SettingFacts(
                "who gets alerts by mail, separated by commas",
                example: "ops@example.com,ana@example.com"
            )
        case .alertCost:
            SettingFacts(
                "what a conversion may cost of the agent, in US dollars, before that is an alert",
                example: "12.50"
            )
        case .exportRecipients:
            SettingFacts(
                "who gets exports that are delivered by mail, separated by commas",
                example: "ana@example.com"
            )
        case .exportWebhook:
            SettingFacts(
                "the address that exports which are delivered by webhook are posted to",
                example: "https://hooks.example.com/exports"
            )
        case .exportSecret:
            SettingFacts(
                "the secret that signs exports posted to RINGBACK_EXPORT_URL",
                example: "a-long-random-text-of-32-characters",
                isSecret: true
            )
        case .alertWebhook:
            SettingFacts(
                "the address that alerts are posted to",
                example: "https://hooks.example.com/ringback"
            )
        default:
            SettingFacts(
                "the secret that signs alerts posted to RINGBACK_ALERT_URL",
                example: "a-long-random-text-of-32-characters",
                isSecret: true
            )
        }
    }

    private var runningFacts: SettingFacts {
        switch self {
        case .concurrency:
            SettingFacts("how many jobs a worker runs at once", example: "16", standard: "16")
        case .metrics:
            SettingFacts(
                "the address of a process's own /healthz and /metrics (off without it)",
                example: "127.0.0.1:9100"
            )
        case .retentionRaw:
            // Thirteen months, as the transcripts that the bodies hold.
            SettingFacts(
                "how long raw conversation bodies are kept",
                example: "396d",
                standard: "396d"
            )
        case .retentionWebhooks:
            SettingFacts(
                "how long raw webhook bodies are kept once they are worked in",
                example: "7d",
                standard: "7d"
            )
        case .retentionExports:
            SettingFacts("how long export files are kept", example: "24h", standard: "24h")
        case .retentionLedger:
            // Longer than any redelivery can take: retry horizon and the age limit of `dead`.
            SettingFacts(
                "how long the ledger remembers finished jobs, at least 31d",
                example: "45d",
                standard: "45d"
            )
        case .logLevel:
            SettingFacts(
                "the least level that is logged: trace, debug, info, notice, warning, error or "
                    + "critical",
                example: "info",
                standard: "info"
            )
        default:
            SettingFacts(
                "the form of the log lines: text or json",
                example: "json",
                standard: "text"
            )
        }
    }
}
