package import Ambient
package import CallJobs
package import CallStore
package import CoreMetrics
package import ElevenLabs
package import JobQueue
package import Logging
package import Telemetry

/// Everything that the routes work with.
package struct WebParts: Sendable {
    package let ambient: Ambient
    package let logger: Logger
    package let store: CallStore

    /// Sends the jobs of accepted webhooks to their queue.
    package let relay: OutboxRelay

    /// Knows the webhook secrets; without one webhooks are refused.
    package let verifier: WebhookVerifier

    /// The queues whose figures are shown.
    package let queues: [any QueueAdministration]
    package let budget: any UpstreamBudget
    package let access: AccessRule

    /// Counts what happens here.
    package let metrics: any MetricsFactory

    /// What the process itself has counted.
    package let families: @Sendable () -> [MetricFamily]

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
        queues: [any QueueAdministration],
        budget: any UpstreamBudget,
        access: AccessRule,
        metrics: any MetricsFactory,
        families: @escaping @Sendable () -> [MetricFamily],
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
        self.metrics = metrics
        self.families = families
        self.figureMax = figureMax
        self.files = files
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
