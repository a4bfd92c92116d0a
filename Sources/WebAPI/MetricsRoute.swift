import Ambient
import CallStore
import Hummingbird
import JobQueue
import Telemetry

/// Prometheus' text of this process, of all queues, and of how fresh the records are.
struct MetricsRoute: Sendable {
    static let path = "/metrics"

    let parts: WebParts

    func answer() async -> Response {
        let queues = await figures()
        let budget = parts.budget
        let store = parts.store
        let ambient = parts.ambient
        async let state = within(WebLimits.figureMax, ambient) { try await budget.state() }
        async let poll = within(WebLimits.figureMax, ambient) { try await store.mark(.lastPoll) }
        async let webhook = within(WebLimits.figureMax, ambient) {
            try await store.mark(.lastWebhook)
        }
        let families =
            parts.families() + QueueMetrics.families(queues)
            + FreshnessMetrics.families(
                budget: await state,
                lastPoll: await poll ?? nil,
                lastWebhook: await webhook ?? nil,
                nowMilliseconds: ambient.unixMilliseconds
            )
        return .text(PrometheusText.render(families), type: PrometheusText.contentType)
    }

    /// The figures of each queue, asked for together; nil for one that does not answer.
    private func figures() async -> [QueueMetrics.Reading] {
        let ambient = parts.ambient
        return await withTaskGroup(of: QueueMetrics.Reading.self) { group in
            for queue in parts.queues {
                group.addTask {
                    let figures = await within(WebLimits.figureMax, ambient) {
                        try await queue.figures()
                    }
                    return QueueMetrics.Reading(queue: queue.name, figures: figures)
                }
            }
            var readings: [QueueMetrics.Reading] = []
            for await reading in group { readings.append(reading) }
            return readings.sorted { $0.queue.text < $1.queue.text }
        }
    }
}
