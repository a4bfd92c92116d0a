/// One way in which the simulated upstream can misbehave; each by itself or with others.
package enum FaultName: String, Sendable, CaseIterable {
    // Requests.
    case refuse
    case rateLimit = "rate-limit"
    case parallelLimit = "parallel-limit"
    case fail
    case slowReplies = "slow-replies"
    case slowDrip = "slow-drip"
    case cutShort = "cut-short"
    case invalidUTF8 = "invalid-utf8"
    case expireCursors = "expire-cursors"
    case repeatPages = "repeat-pages"

    // Records.
    case insertCalls = "insert-calls"
    case malformedRecords = "malformed-records"
    case unknownFields = "unknown-fields"
    case wrongTypes = "wrong-types"
    case bigTranscripts = "big-transcripts"
    case lateRatings = "late-ratings"
    case rerunAnalysis = "rerun-analysis"

    // Webhooks.
    case dropWebhooks = "drop-webhooks"
    case duplicateWebhooks = "duplicate-webhooks"
    case reorderWebhooks = "reorder-webhooks"
    case lateWebhooks = "late-webhooks"
    case unknownEvents = "unknown-events"
    case disableWebhooks = "disable-webhooks"

    /// What the value of a fault counts.
    package enum Unit: Sendable {
        /// 0 to 1, of the requests, records or events that it concerns.
        case share

        /// Requests in a second, written `20/s`.
        case perSecond

        /// Requests at a time.
        case count

        /// Bytes, written `64MB` or `512KB`.
        case bytes

        /// There or not.
        case flag
    }

    package var unit: Unit {
        switch self {
        case .rateLimit: .perSecond
        case .parallelLimit: .count
        case .bigTranscripts: .bytes
        case .insertCalls, .malformedRecords, .unknownFields, .disableWebhooks: .flag
        default: .share
        }
    }

    /// The value of a fault that is named without one.
    package var usual: Double {
        switch self {
        case .rateLimit: 20
        case .parallelLimit: 12
        case .bigTranscripts: 64 * 1_048_576
        case .insertCalls, .malformedRecords, .unknownFields, .disableWebhooks: 1
        case .lateRatings, .unknownEvents: 0.5
        case .dropWebhooks: 0.3
        case .duplicateWebhooks, .reorderWebhooks, .lateWebhooks: 0.2
        case .refuse, .fail, .rerunAnalysis: 0.1
        case .slowReplies, .cutShort, .expireCursors, .repeatPages, .wrongTypes: 0.05
        case .slowDrip, .invalidUTF8: 0.02
        }
    }

    /// What it does, in one line.
    package var meaning: String {
        switch self {
        case .refuse: "requests answered 429, of both kinds and in both body styles"
        case .rateLimit: "requests in a second, beyond which 429 comes"
        case .parallelLimit: "requests at a time, beyond which 429 comes"
        case .fail: "requests answered 500 or 503"
        case .slowReplies: "requests whose answer begins late, by up to three seconds"
        case .slowDrip: "requests whose answer comes in small pieces, over up to ten seconds"
        case .cutShort: "requests whose answer breaks off"
        case .invalidUTF8: "requests whose answer has a byte that is no UTF-8"
        case .expireCursors: "cursors that are refused when they are used"
        case .repeatPages: "requests with a cursor that get the page before once more"
        case .insertCalls: "calls that appear in the list during a walk, between older ones"
        case .malformedRecords: "records without a start that could be read"
        case .unknownFields: "fields and words that no schema knows"
        case .wrongTypes: "records with fields of another type than the schema's"
        case .bigTranscripts: "size of the transcript of one call in 499"
        case .lateRatings: "ratings that are given, or changed, up to three days after the call"
        case .rerunAnalysis: "calls analysed anew with another verdict, up to three days after"
        case .dropWebhooks: "events that are never sent"
        case .duplicateWebhooks: "events that are sent twice"
        case .reorderWebhooks: "events held back until others have overtaken them"
        case .lateWebhooks: "events that come 10 to 40 minutes late, as retries do"
        case .unknownEvents: "calls with a second event, of a type that nobody knows"
        case .disableWebhooks: "the webhook is disabled, as after too many failures"
        }
    }
}

/// How badly the simulated upstream behaves: a set of faults, each with its value.
package struct FaultProfile: Sendable, Equatable {
    /// The named set that it began with.
    package let base: FaultMode

    private var values: [FaultName: Double]

    package static let none = FaultProfile(.none)

    /// A named set, with settings such as `drop-webhooks=0.3` on top, each in place of the set's.
    package init(_ base: FaultMode, _ settings: [FaultSetting] = []) {
        self.base = base
        values = base.values
        for setting in settings {
            values[setting.name] = setting.value > 0 ? setting.value : nil
        }
    }

    /// The value of a fault; 0 when it is not among them.
    package subscript(_ name: FaultName) -> Double { values[name] ?? 0 }

    package func has(_ name: FaultName) -> Bool { values[name] != nil }

    /// Whether it behaves well.
    var isEmpty: Bool { values.isEmpty }

    /// How often one target fails before it works.
    package var failuresInARowMax: Int { isEmpty ? 0 : base == .flaky ? 2 : 3 }

    /// The faults with their values, for people.
    var json: JSON {
        .object(
            FaultName.allCases.compactMap { name in
                values[name].map { JSON.Member(name: name.rawValue, value: .double($0)) }
            }
        )
    }
}

/// How badly the simulated upstream behaves, in one word: a named set of faults.
package enum FaultMode: String, Sendable, CaseIterable {
    /// It answers everything at once and well.
    case none
    /// Now and then it refuses, fails, stalls or breaks off, as a real one does.
    case flaky
    /// More of that, and answers with things no schema knows.
    case hostile

    fileprivate var values: [FaultName: Double] {
        switch self {
        case .none: [:]
        case .flaky:
            [
                .refuse: 0.056, .parallelLimit: 12, .fail: 0.035, .slowReplies: 0.024,
                .cutShort: 0.025, .dropWebhooks: 0.05, .duplicateWebhooks: 0.05,
                .reorderWebhooks: 0.05,
            ]
        case .hostile:
            [
                .refuse: 0.128, .parallelLimit: 12, .fail: 0.08, .slowReplies: 0.044,
                .slowDrip: 0.01, .cutShort: 0.048, .invalidUTF8: 0.01, .expireCursors: 0.05,
                .repeatPages: 0.03, .insertCalls: 1, .malformedRecords: 1, .unknownFields: 1,
                .wrongTypes: 0.05, .dropWebhooks: 0.12, .duplicateWebhooks: 0.12,
                .reorderWebhooks: 0.12, .unknownEvents: 0.2,
            ]
        }
    }
}

/// One fault and its value, as `NAME` or `NAME=VALUE` on the command line.
package struct FaultSetting: Sendable, Equatable {
    package let name: FaultName

    /// In the fault's unit; 0 takes the fault out of a named set.
    package let value: Double

    package init(_ name: FaultName, _ value: Double? = nil) {
        self.name = name
        self.value = value ?? name.usual
    }

    /// Reads a setting.
    ///
    /// - Throws: `FaultProblem` that says what was expected.
    package init(_ text: String) throws(FaultProblem) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = FaultName(rawValue: String(parts[0])) else {
            let names = FaultName.allCases.map(\.rawValue).joined(separator: ", ")
            throw FaultProblem(line: "there is no fault \"\(parts[0])\"; there are \(names)")
        }
        guard parts.count == 2 else {
            self.init(name)
            return
        }
        guard let value = Self.value(parts[1], name.unit) else {
            throw FaultProblem(line: "\(name.rawValue) takes \(Self.expected(name.unit))")
        }
        self.init(name, value)
    }

    private static func value(_ text: Substring, _ unit: FaultName.Unit) -> Double? {
        if text == "off" { return 0 }
        switch unit {
        case .share:
            return Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
        case .perSecond:
            let number = text.hasSuffix("/s") ? text.dropLast(2) : text
            return Double(number).flatMap { (0...100_000).contains($0) ? $0 : nil }
        case .count:
            return Int(text).flatMap { (0...100_000).contains($0) ? Double($0) : nil }
        case .bytes:
            return bytes(text)
        case .flag:
            return text == "on" ? 1 : nil
        }
    }

    /// More than this no process of a test should have to hold several times.
    private static let bytesMax = 256 * 1_048_576

    private static func bytes(_ text: Substring) -> Double? {
        for (suffix, factor) in [("MB", 1_048_576), ("KB", 1_024), ("", 1)]
        where text.hasSuffix(suffix) {
            guard let number = Int(text.dropLast(suffix.count)), number >= 0,
                number <= bytesMax / factor
            else { return nil }
            return Double(number * factor)
        }
        return nil
    }

    private static func expected(_ unit: FaultName.Unit) -> String {
        switch unit {
        case .share: "a share from 0 to 1, such as 0.3"
        case .perSecond: "requests in a second, such as 20/s"
        case .count: "a number, such as 12"
        case .bytes: "a size up to 256MB, such as 64MB"
        case .flag: "on or off"
        }
    }
}

/// Why a fault cannot be set, in one line.
package struct FaultProblem: Error, Equatable {
    package let line: String

    package init(line: String) {
        self.line = line
    }
}
