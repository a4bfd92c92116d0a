package import JobWorker

/// One word for why an attempt failed, by which failures are searched.
package enum JobErrorClass: String, Sendable, CaseIterable {
    /// It took too long, or somebody that it asked did.
    case timeout

    /// Its worker died with it.
    case crash

    /// The upstream asks for fewer requests.
    case busy

    /// The upstream failed, or gave an answer that cannot be used.
    case upstream

    /// The upstream refused it: the key, the plan, or the request itself.
    case refused

    /// The job's arguments are not those of its kind.
    case arguments

    /// The result store was away, full, or refused the result.
    case store

    /// What it was made from had changed meanwhile.
    case stale

    /// A person ended it.
    case cancelled
    case other

    /// The class of a failure, from who ended the attempt and in what words.
    package init(cause: JobNote.Cause, reason: String) {
        switch cause {
        case .timeout, .stuck: self = .timeout
        case .rejected: self = .store
        case .person: self = .cancelled
        case .crash: self = .crash
        case .handler: self = Self.read(reason)
        }
    }

    /// Words of reasons, the more telling first.
    private static let words: [(word: [UInt8], means: JobErrorClass)] = texts.map {
        (Array($0.utf8), $1)
    }

    private static let texts: [(String, JobErrorClass)] = [
        ("timeout", .timeout), ("timed out", .timeout), ("no end within", .timeout),
        ("crashed worker", .crash),
        ("is busy", .busy), ("no permit", .busy), ("shared budget", .busy),
        ("refuses the api key", .refused), ("may not read", .refused),
        ("plan is used up", .refused), ("blocks the account", .refused), ("was refused", .refused),
        ("upstream", .upstream), ("the answer is no json", .upstream),
        ("an answer nobody expects", .upstream),
        ("argument", .arguments), ("no job kind", .arguments),
        ("sqlite", .store), ("disk", .store), ("the store", .store),
        ("changed", .stale),
    ]

    private static func read(_ reason: String) -> JobErrorClass {
        // Asked for every failure that is noted: as characters the search takes a hundred times as long.
        let text = Array(reason.lowercased().utf8)
        return words.first { text.end(of: $0.word) != nil }?.means ?? .other
    }
}
