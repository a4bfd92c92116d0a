/// What is watched.
package enum AlertRule: String, Sendable, CaseIterable {
    case webhookSilence = "webhook-silence"
    case pollFailing = "poll-failing"
    case unattributedShare = "unattributed-share"
    case conversionRate = "conversion-rate"
    case successRate = "success-rate"
    case noCalls = "no-calls"
    case oldestJob = "oldest-job"
    case deadJobs = "dead-jobs"
    case costPerConversion = "cost-per-conversion"
    case unfinishedCalls = "unfinished-calls"
    case upstreamDeletion = "upstream-deletion"
    case retentionBehind = "retention-behind"
    case labelDrift = "label-drift"

    /// For people.
    package var title: String {
        switch self {
        case .webhookSilence: "Webhooks have stopped"
        case .pollFailing: "Polling does not get through"
        case .unattributedShare: "More calls than usual have no campaign"
        case .conversionRate: "The conversion rate has dropped"
        case .successRate: "The success rate has dropped"
        case .noCalls: "No calls at a time that is always busy"
        case .oldestJob: "A job has waited for long"
        case .deadJobs: "Jobs have failed for good"
        case .costPerConversion: "Conversions cost more than they may"
        case .unfinishedCalls: "Calls do not come to their end"
        case .upstreamDeletion: "Calls are deleted upstream before they were read"
        case .retentionBehind: "Something is kept for longer than it may be"
        case .labelDrift: "People and the rules differ more than they did"
        }
    }
}

/// The numbers of the alerts, each with its reason.
package enum AlertLimits {
    /// Calls that came by polling alone, after the last webhook, before that is more than chance.
    package static let callsWithoutWebhook = 5

    /// Three polls of every 15 minutes.
    package static let pollSilence = Duration.seconds(46 * 60)

    /// Nobody should wait longer for a job that waits for nothing but a worker.
    package static let jobAge = Duration.seconds(15 * 60)

    /// Weeks whose same weekday is compared with.
    package static let weeks = 4

    /// Calls of a day, and of the days compared with, below which a rate says nothing.
    package static let dayCalls = 50
    package static let baseCalls = 150

    /// Standard errors from which a difference counts: 1 day in 200 by chance, for a rate that
    /// is looked at once a day, so two false alerts a year.
    package static let standardErrors = 2.58

    /// Share of itself by which a rate must differ, however sure that is: less is no alarm.
    package static let differenceMin = 0.1

    /// The hours that are looked at for calls, and how many the same hours of the weeks before must
    /// have had: with so many expected, none is chance once in three million looks.
    package static let quietHours = 3
    package static let quietCallsExpected = 15.0

    /// Days over which the cost of a conversion is averaged, and conversions that it needs.
    package static let costDays = 7
    package static let costConversions = 10

    /// The watch list looks for a call's end for so long.
    package static let unfinishedAge = Duration.seconds(24 * 60 * 60)

    /// Time to mend what keeps calls from being read.
    package static let deletionDays = 3

    /// Retention works each night: two of them have done nothing.
    package static let overdue = Duration.seconds(48 * 60 * 60)

    /// The newest labels of a type, which are looked at, and how many before them they are compared
    /// with: with fewer, a few odd calls would be a drift.
    package static let driftLabels = 50
    package static let driftBaseMin = 100
    package static let driftBaseMax = 500

    /// Percentage points by which the share that differs must have risen, however sure that is.
    package static let driftPoints = 10

    /// Time between two notices of one rule: at most two in a day.
    package static let noticePause = Duration.seconds(12 * 60 * 60)
}
