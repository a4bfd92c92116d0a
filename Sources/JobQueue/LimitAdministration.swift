/// What holds back the jobs of a limit key, as operators set it.
package struct LimitSettings: Sendable, Equatable, Codable {
    /// Most jobs of the key at once, over all workers of the queue; nil without a limit.
    package var concurrency: Int?

    /// How many of them may begin in a time; nil without a limit.
    package var rate: RateLimit?

    package static let concurrencyMax = 100_000

    package init(concurrency: Int? = nil, rate: RateLimit? = nil) {
        self.concurrency = concurrency.map { min(max(1, $0), Self.concurrencyMax) }
        self.rate = rate
    }

    package var isEmpty: Bool { concurrency == nil && rate == nil }
}

/// Why no job of a key is fetched.
package enum LimitRest: String, Sendable, Codable, CaseIterable {
    /// As many jobs of it run as may.
    case full

    /// Its rate is used up.
    case rate

    /// What it stands for asked for quiet, or does not answer.
    case open
}

/// One limit key of a queue: what it may, and what it does.
package struct LimitFigures: Sendable, Equatable {
    package var key: LimitKey
    package var settings: LimitSettings

    /// Unsettled jobs of it in leased batches.
    package var running: Int
    package var waiting: [Lane: Int]
    package var rest: LimitRest?

    /// When the rest ends at the latest, in Unix milliseconds of the queue's clock.
    package var untilMilliseconds: Int64?

    /// Whether its jobs go one at a time, until one is done after a rest.
    package var isOnTrial: Bool

    /// Since when its oldest waiting job could have run but for the limits, in Unix milliseconds of
    /// the queue's clock; nil when none waits.
    package var waitingSinceMilliseconds: Int64?

    package init(
        key: LimitKey,
        settings: LimitSettings,
        running: Int = 0,
        waiting: [Lane: Int] = [:],
        rest: LimitRest? = nil,
        untilMilliseconds: Int64? = nil,
        isOnTrial: Bool = false,
        waitingSinceMilliseconds: Int64? = nil
    ) {
        self.key = key
        self.settings = settings
        self.running = running
        self.waiting = waiting
        self.rest = rest
        self.untilMilliseconds = untilMilliseconds
        self.isOnTrial = isOnTrial
        self.waitingSinceMilliseconds = waitingSinceMilliseconds
    }
}
