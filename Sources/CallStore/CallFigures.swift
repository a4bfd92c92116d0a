package import Definitions

/// What a set of calls amounts to; sums, so that parts add up.
package struct CallFigures: Hashable, Sendable {
    /// With those that are excluded, which nothing else counts.
    package var conversations = 0
    package var excluded = 0
    package var success = 0
    package var failure = 0
    package var unknown = 0
    package var pending = 0
    package var connected = 0
    package var noSpeech = 0
    package var notConnected = 0
    package var qualified = 0
    package var conversions = 0

    /// With a campaign.
    package var attributed = 0

    /// Over connected calls.
    package var seconds = 0

    /// Over the calls that have any.
    package var credits = 0
    package var creditsKnown = 0

    /// Millionths of US dollars, over the calls that have a cost.
    package var microdollars = 0
    package var microdollarsKnown = 0

    package init() {}

    package var calls: Int { success + failure + unknown + pending }

    /// Nil without a call that succeeded or failed; so for the other rates and their denominators.
    package var successRate: Double? { Self.share(success, success + failure) }

    package var conversionRate: Double? { Self.share(conversions, qualified) }

    package var conversionsPerSuccess: Double? { Self.share(conversions, success) }

    package var attributedShare: Double? { Self.share(attributed, calls) }

    package var averageSeconds: Double? { Self.share(seconds, connected) }

    /// US dollars; nil while no call has a cost.
    package var agentCost: Double? {
        microdollarsKnown == 0 ? nil : Double(microdollars) / 1_000_000
    }

    /// The figures that are sums, by their definitions.
    package static let counted: [(id: MetricID, value: @Sendable (CallFigures) -> Int)] = [
        (.calls, { $0.calls }), (.excluded, { $0.excluded }), (.success, { $0.success }),
        (.failure, { $0.failure }), (.unknown, { $0.unknown }), (.pending, { $0.pending }),
        (.connected, { $0.connected }), (.noSpeech, { $0.noSpeech }),
        (.notConnected, { $0.notConnected }), (.qualified, { $0.qualified }),
        (.conversions, { $0.conversions }), (.credits, { $0.credits }),
    ]

    /// The figures that follow from sums, by their definitions.
    package static let derived: [(id: MetricID, value: @Sendable (CallFigures) -> Double?)] = [
        (.successRate, { $0.successRate }), (.conversionRate, { $0.conversionRate }),
        (.conversionsPerSuccess, { $0.conversionsPerSuccess }),
        (.attributedShare, { $0.attributedShare }), (.averageDuration, { $0.averageSeconds }),
        (.agentCost, { $0.agentCost }),
    ]

    private static func share(_ part: Int, _ whole: Int) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }

    /// Field by field: a report adds a few for each day, agent and campaign.
    package static func + (left: CallFigures, right: CallFigures) -> CallFigures {
        var sum = left
        sum.conversations += right.conversations
        sum.excluded += right.excluded
        sum.success += right.success
        sum.failure += right.failure
        sum.unknown += right.unknown
        sum.pending += right.pending
        sum.connected += right.connected
        sum.noSpeech += right.noSpeech
        sum.notConnected += right.notConnected
        sum.qualified += right.qualified
        sum.conversions += right.conversions
        sum.attributed += right.attributed
        sum.seconds += right.seconds
        sum.credits += right.credits
        sum.creditsKnown += right.creditsKnown
        sum.microdollars += right.microdollars
        sum.microdollarsKnown += right.microdollarsKnown
        return sum
    }
}

/// Which calls a figure is about; what is nil does not matter.
package struct FigureScope: Hashable, Sendable {
    package var workspace: String

    /// Days in the report zone, both included.
    package var from: LocalDay?
    package var to: LocalDay?
    package var agentID: String?
    package var campaign: CallFilter.CampaignChoice?

    /// Whether conversations of voice widgets count as calls.
    package var includesVoice: Bool

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        from: LocalDay? = nil,
        to: LocalDay? = nil,
        agentID: String? = nil,
        campaign: CallFilter.CampaignChoice? = nil,
        includesVoice: Bool = false
    ) {
        self.workspace = workspace
        self.from = from
        self.to = to
        self.agentID = agentID
        self.campaign = campaign
        self.includesVoice = includesVoice
    }
}

/// How long connected calls lasted, in seconds.
package struct DurationFigures: Hashable, Sendable {
    package var calls: Int

    /// Nil without calls.
    package var average: Double?
    package var median: Int?
    package var p90: Int?

    package init(
        calls: Int,
        average: Double? = nil,
        median: Int? = nil,
        p90: Int? = nil
    ) {
        self.calls = calls
        self.average = average
        self.median = median
        self.p90 = p90
    }
}

/// The figures of a scope, from one consistent look.
package struct FigureReport: Hashable, Sendable {
    package struct Day: Hashable, Sendable {
        package var day: LocalDay
        package var figures: CallFigures

        package init(
            day: LocalDay,
            figures: CallFigures
        ) {
            self.day = day
            self.figures = figures
        }
    }

    package struct Part<Key: Hashable & Sendable>: Hashable, Sendable {
        package var key: Key
        package var figures: CallFigures

        package init(
            key: Key,
            figures: CallFigures
        ) {
            self.key = key
            self.figures = figures
        }
    }

    /// IANA name of the zone whose days these are.
    package var timeZone: String
    package var total: CallFigures
    package var durations: DurationFigures

    /// Days without calls are not among them.
    package var days: [Day]

    /// By agent, those with the most calls first.
    package var agents: [Part<String>]

    /// By campaign, nil for none, those with the most calls first.
    package var campaigns: [Part<CampaignID?>]

    /// Of the scope without its days, up to now.
    package var callsToday: Int
    package var callsThisWeek: Int
    package var callsThisMonth: Int
    package var today: LocalDay

    /// What changed the rules' word within these days, in order.
    package var notes: [FigureNote]

    /// Calls that are being counted anew: some figures are of before.
    package var rebuild: FigureRebuild?

    /// What callers thought.
    package var satisfaction: Satisfaction

    package init(
        timeZone: String,
        total: CallFigures,
        durations: DurationFigures,
        days: [Day],
        agents: [Part<String>],
        campaigns: [Part<CampaignID?>],
        callsToday: Int,
        callsThisWeek: Int,
        callsThisMonth: Int,
        today: LocalDay,
        notes: [FigureNote] = [],
        rebuild: FigureRebuild? = nil,
        satisfaction: Satisfaction = Satisfaction()
    ) {
        self.timeZone = timeZone
        self.total = total
        self.durations = durations
        self.days = days
        self.agents = agents
        self.campaigns = campaigns
        self.callsToday = callsToday
        self.callsThisWeek = callsThisWeek
        self.callsThisMonth = callsThisMonth
        self.today = today
        self.notes = notes
        self.rebuild = rebuild
        self.satisfaction = satisfaction
    }
}
