package import Ambient
package import CallJobs
package import CallStore
package import CoreMetrics
package import ElevenLabs
package import Foundation
package import JobQueue
package import Logging
package import Telemetry

/// A queue as the server sees and steers it, and puts jobs into it.
package typealias WebQueue =
    FeedQueue & QueueAdministration & ScheduleAdministration & WorkQueue

/// Everything that the routes work with.
package struct WebParts: Sendable {
    package let ambient: Ambient
    package let logger: Logger
    package internal(set) var store: CallStore

    /// Sends the jobs that follow from what is changed here to their queues.
    package let relay: OutboxRelay

    /// Knows the webhook secrets; without one webhooks are refused.
    package let verifier: WebhookVerifier

    /// The queues whose figures are shown, and that are steered.
    package let queues: [any WebQueue]
    package let budget: any UpstreamBudget
    package let access: AccessRule

    /// From where the server may be asked.
    package let policy: AccessPolicy

    /// What the routes need to know of the settings.
    package let places: WebPlaces

    /// Counts what happens here.
    package let metrics: any MetricsFactory

    /// What the process itself has counted.
    package let families: @Sendable () -> [MetricFamily]

    /// Where the server stands for the world.
    package let site: PublicSite

    /// Longest wait for one figure of `/healthz` or `/metrics`.
    package let figureMax: Duration

    /// The dashboard's files; nil for a server without pages.
    package let files: WebFiles?

    package init(
        ambient: Ambient,
        logger: Logger,
        store: CallStore,
        relay: OutboxRelay,
        verifier: WebhookVerifier,
        queues: [any WebQueue],
        budget: any UpstreamBudget,
        access: AccessRule,
        policy: AccessPolicy = AccessPolicy(),
        places: WebPlaces = WebPlaces(),
        metrics: any MetricsFactory,
        families: @escaping @Sendable () -> [MetricFamily],
        site: PublicSite = PublicSite(),
        figureMax: Duration = WebLimits.figureMax,
        files: WebFiles? = nil
    ) {
        self.ambient = ambient
        self.logger = logger
        self.store = store
        self.relay = relay
        self.verifier = verifier
        self.queues = queues
        self.budget = budget
        self.access = access
        self.policy = policy
        self.places = places
        self.metrics = metrics
        self.families = families
        self.site = site
        self.figureMax = figureMax
        self.files = files
    }
}

/// Where things stand, by the settings.
package struct WebPlaces: Sendable {
    package var exportsFolder: String
    package var rulesFile: String
    package var schedulesFolder: String

    /// The zone of the reports.
    package var timeZone: TimeZone

    /// The region of numbers without a country code.
    package var region: String

    /// US dollars of the agent that a conversion may cost, unless a person says otherwise.
    package var alertCost: Double?

    /// How long what is known of people stays, unless a person says otherwise.
    package var kept: KeptPeriods

    /// What people call this installation, such as `production`.
    package var environment: String?

    /// Every setting in force, secrets masked.
    package var settings: [SettingLine]

    package init(
        exportsFolder: String = "",
        rulesFile: String = "",
        schedulesFolder: String = "",
        timeZone: TimeZone = .gmt,
        region: String = "US",
        alertCost: Double? = nil,
        kept: KeptPeriods = .standard,
        environment: String? = nil,
        settings: [SettingLine] = []
    ) {
        self.exportsFolder = exportsFolder
        self.rulesFile = rulesFile
        self.schedulesFolder = schedulesFolder
        self.timeZone = timeZone
        self.region = region
        self.alertCost = alertCost
        self.kept = kept
        self.environment = environment
        self.settings = settings
    }
}

/// One setting of the server, as people may see it.
package struct SettingLine: Sendable, Hashable {
    package var name: String

    /// Nil where nothing is set.
    package var value: String?
    package var origin: String
    package var meaning: String

    package init(name: String, value: String?, origin: String, meaning: String) {
        self.name = name
        self.value = value
        self.origin = origin
        self.meaning = meaning
    }
}

/// The numbers of the server, each with its reason.
package enum WebLimits {
    /// Bytes of a webhook; a recording of half an hour in base64 has about twenty million.
    package static let webhookBytesMax = 32 * 1_024 * 1_024

    /// Bytes of webhooks that are being read at the same time; one more is told to come back.
    package static let webhookBytesAtOnceMax = 256 * 1_024 * 1_024

    /// Longest time to read a webhook's body: a sender that trickles holds its bytes.
    package static let webhookReadMax = Duration.seconds(30)

    /// Commits whose jobs wait to be sent; beyond it the scheduler's sweep sends them.
    package static let sendingsMax = 1_000

    /// `WebParts.figureMax` of the program: a probe gives up after a few seconds.
    package static let figureMax = Duration.seconds(2)

    /// How long a connection may stay silent.
    package static let idleSeconds: Int64 = 60

    /// How long requests that are under way may take when the server is to end.
    package static let shutdownMax = Duration.seconds(20)

    /// Time between two lines in the log about refused signatures.
    package static let refusalLogPause = Duration.seconds(60)

    /// Requests that are served at once: beyond it all get slower and none is done.
    package static let requestsAtOnceMax = 256

    /// What one client may ask: a page asks a few dozen things at once, and a live view goes on.
    static let requestsBurst = 1_000.0
    static let requestsPerSecond = 100.0

    /// What anybody may write: a visitor begins and ends a call now and then.
    static let publicChangesBurst = 60.0
    static let publicChangesPerSecond = 1.0

    /// Tokens that one client may try: a person mistypes one a few times.
    static let signInsBurst = 10.0
    static let signInsPerSecond = 0.1

    /// Clients whose requests are counted; beyond it those that rest are forgotten.
    static let clientsMax = 20_000

    /// People who are signed in at once, and how long without signing in again.
    static let sessionsMax = 1_000
    static let sessionMax = Duration.seconds(12 * 3_600)

    /// Bytes of a sign-in, of a report from a page (`sendBeacon` takes no more), and of other
    /// bodies; a rules file has a few dozen kilobytes.
    static let signInBytesMax = 4_096
    static let reportBytesMax = 65_536
    static let bodyBytesMax = 1_048_576

    /// Longest time to read a body: whoever trickles holds a place.
    static let bodyReadMax = Duration.seconds(10)

    /// Items of one page of a list.
    static let pageMax = 200
    static let pageStandard = 50

    /// Files of the dashboard, and bytes of one: what is more is no dashboard of ours.
    package static let webFilesMax = 500
    package static let webFileBytesMax = 4 * 1_024 * 1_024

    /// Browsers and programs that listen to live events at the same time.
    package static let liveClientsMax = 200

    /// Live events that wait for a slow client; older ones are dropped, the newest says it all.
    package static let liveEventsMax = 32

    /// Time between two looks for changes in the store, and at the queues.
    package static let liveStorePause = Duration.milliseconds(250)
    package static let liveQueuePause = Duration.milliseconds(750)

    /// Time between two signs of life to a silent client; below `idleSeconds`.
    package static let liveBeat = Duration.seconds(15)

    /// Changed calls that one live event names; the reader of more asks the list.
    package static let liveCallsMax = 50

    /// Rows of a list on a page.
    package static let pageRows = 50

    /// Days that a chart shows one by one; beyond it, weeks.
    package static let chartDaysMax = 400
}
