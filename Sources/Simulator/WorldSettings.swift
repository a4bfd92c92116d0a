/// What decides the simulated data: the same settings give the same bytes, for ever.
package struct WorldSettings: Sendable, Equatable {
    package var seed: UInt64
    /// Calls that started before the anchor.
    package var calls: Int
    /// How far the calls reach back before the anchor.
    package var days: Int
    package var agents: Int
    /// The moment the history ends, in Unix seconds.
    package var anchor: Int
    /// Seconds between two live calls after the anchor; 0 means none.
    package var liveEvery: Int
    /// How many of the newest historical calls are still under way at the anchor.
    package var unfinished: Int

    package init(
        seed: UInt64 = 1,
        calls: Int = 500,
        days: Int = 30,
        agents: Int = 3,
        anchor: Int,
        liveEvery: Int = 0,
        unfinished: Int = 0
    ) {
        self.seed = seed
        self.calls = calls
        self.days = days
        self.agents = agents
        self.anchor = anchor
        self.liveEvery = liveEvery
        self.unfinished = unfinished
    }

    /// Bounds that keep every later computation in range.
    package static let callsMax = 5_000_000
    package static let daysRange = 1...730
    package static let agentsRange = 1...200
    package static let liveEveryMax = 86_400

    /// What is wrong with these settings, in one line; nil when nothing is.
    package var problem: String? {
        if !(0...Self.callsMax).contains(calls) {
            return "--calls must be between 0 and \(Self.callsMax), not \(calls)"
        }
        if !Self.daysRange.contains(days) {
            return "--days must be between 1 and \(Self.daysRange.upperBound), not \(days)"
        }
        if !Self.agentsRange.contains(agents) {
            return "--agents must be between 1 and \(Self.agentsRange.upperBound), not \(agents)"
        }
        if !(0...Self.liveEveryMax).contains(liveEvery) {
            return "--live-every must be between 0 and \(Self.liveEveryMax), not \(liveEvery)"
        }
        if !(0...calls).contains(unfinished) {
            return "--unfinished must be between 0 and --calls, not \(unfinished)"
        }
        if !(1_000_000_000...4_000_000_000).contains(anchor) {
            return "--anchor must be Unix seconds, such as 1794700000, not \(anchor)"
        }
        return nil
    }
}
