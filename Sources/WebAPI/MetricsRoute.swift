import Ambient
import CallStore
import ElevenLabs
import Hummingbird
import JobQueue
import Telemetry

/// Prometheus' text of this process, of all queues, of the store and the upstream's budget.
struct MetricsRoute: Sendable {
    static let path = "/metrics"

    let parts: WebParts
    let health: HealthRoute

    func answer() async -> Response {
        .text(await text(), type: PrometheusText.contentType)
    }

    func text() async -> String {
        let budget = parts.budget
        let store = parts.store
        let ambient = parts.ambient
        async let queues = figures()
        async let report = health.report()
        async let stored = within(parts.figureMax, ambient) { try await store.figures() }
        async let state = within(parts.figureMax, ambient) { try await budget.state() }
        async let poll = within(parts.figureMax, ambient) { try await store.mark(.lastPoll) }
        async let webhook = within(parts.figureMax, ambient) {
            try await store.mark(.lastWebhook)
        }
        let upstream = UpstreamMetrics.Reading(
            budget: await state,
            lastPollMilliseconds: await poll ?? nil,
            lastWebhookMilliseconds: await webhook ?? nil,
            takesWebhooks: parts.verifier.hasSecret,
            nowMilliseconds: ambient.unixMilliseconds
        )
        var families = parts.families()
        families.append(await report.family)
        families += QueueMetrics.families(await queues)
        families += UpstreamMetrics.families(upstream)
        families += await stored?.families(nowMilliseconds: ambient.unixMilliseconds) ?? []
        return PrometheusText.render(families)
    }

    /// The figures of each queue, asked for together; nil for one that does not answer.
    private func figures() async -> [QueueMetrics.Reading] {
        let ambient = parts.ambient
        return await withTaskGroup(of: QueueMetrics.Reading.self) { group in
            for queue in parts.queues {
                group.addTask {
                    async let figures = within(parts.figureMax, ambient) {
                        try await queue.figures()
                    }
                    // Without a setting it only reads.
                    async let pressure = within(parts.figureMax, ambient) {
                        try await queue.pressure(setting: [:])
                    }
                    return QueueMetrics.Reading(
                        queue: queue.name,
                        figures: await figures,
                        pressure: await pressure
                    )
                }
            }
            var readings: [QueueMetrics.Reading] = []
            for await reading in group { readings.append(reading) }
            return readings.sorted { $0.queue.text < $1.queue.text }
        }
    }
}
