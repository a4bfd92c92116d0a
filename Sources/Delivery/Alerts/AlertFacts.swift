package import CallStore

/// All that the rules are decided from, at one moment.
package struct AlertFacts: Sendable, Equatable {
    /// One queue; what it does not answer is not there.
    package struct Queue: Sendable, Equatable {
        package var name: String
        package var isPaused: Bool
        package var dead: Int

        /// How long the oldest job has been ready; nil when none is.
        package var oldest: Duration?

        package init(name: String, isPaused: Bool, dead: Int, oldest: Duration?) {
            self.name = name
            self.isPaused = isPaused
            self.dead = dead
            self.oldest = oldest
        }
    }

    package var nowMilliseconds: Int64
    package var lastPollMilliseconds: Int64?
    package var lastWebhookMilliseconds: Int64?

    /// Calls that are over and started after the last webhook, but not just now.
    package var callsSinceWebhook: Int
    package var queues: [Queue]

    /// The day before today in the report zone, which is complete, and the figures by day of the
    /// weeks before.
    package var yesterday: LocalDay
    package var days: [LocalDay: CallFigures]

    /// Calls of the last hours, and of the same hours in each of the weeks before.
    package var callsLately: Int
    package var callsLatelyBefore: [Int]

    /// US dollars of the agent that a conversion may cost; nil for no limit.
    package var costMax: Double?

    /// Calls that have not ended for longer than they may.
    package var unfinished: Int

    /// Calls that were not read whole and that the upstream deletes before long.
    package var unread: Int

    /// What is kept for longer than it may be; nil when nobody has said how long that is.
    package var overdue: [OverdueClass]?

    /// How often labels differ from the rules, by conversion type.
    package var labelDrifts: [LabelDrift]

    /// How people have set rules.
    package var settings: [AlertRule: AlertSetting]

    package init(
        nowMilliseconds: Int64,
        lastPollMilliseconds: Int64? = nil,
        lastWebhookMilliseconds: Int64? = nil,
        callsSinceWebhook: Int = 0,
        queues: [Queue] = [],
        yesterday: LocalDay,
        days: [LocalDay: CallFigures] = [:],
        callsLately: Int = 0,
        callsLatelyBefore: [Int] = [],
        costMax: Double? = nil,
        unfinished: Int = 0,
        unread: Int = 0,
        overdue: [OverdueClass]? = nil,
        labelDrifts: [LabelDrift] = [],
        settings: [AlertRule: AlertSetting] = [:]
    ) {
        self.nowMilliseconds = nowMilliseconds
        self.lastPollMilliseconds = lastPollMilliseconds
        self.lastWebhookMilliseconds = lastWebhookMilliseconds
        self.callsSinceWebhook = callsSinceWebhook
        self.queues = queues
        self.yesterday = yesterday
        self.days = days
        self.callsLately = callsLately
        self.callsLatelyBefore = callsLatelyBefore
        self.costMax = costMax
        self.unfinished = unfinished
        self.unread = unread
        self.overdue = overdue
        self.labelDrifts = labelDrifts
        self.settings = settings
    }
}
