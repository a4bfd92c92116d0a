import Ambient
import CallStore
import Hummingbird
import JobQueue
import Telemetry

/// Whether the server can do its work: 200, or 503 with what is missing.
struct HealthRoute: Sendable {
    static let path = "/healthz"

    let parts: WebParts

    func answer() async -> Response {
        let report = await report()
        return .text(
            report.json,
            type: "application/json",
            status: report.isHealthy ? .ok : .serviceUnavailable
        )
    }

    func report() async -> HealthReport {
        let store = parts.store
        let queue = parts.queues.first
        async let isStoreThere =
            within(parts.figureMax, parts.ambient) {
                _ = try await store.mark(.lastWebhook)
                return true
            } ?? false
        async let isQueueThere =
            within(parts.figureMax, parts.ambient) {
                _ = try await queue?.figures()
                return true
            } ?? false
        return HealthReport(checks: [
            check("store", await isStoreThere), check("redis", await isQueueThere),
        ])
    }

    private func check(_ name: String, _ isHealthy: Bool) -> HealthReport.Check {
        HealthReport.Check(
            name: name,
            isHealthy: isHealthy,
            detail: isHealthy ? "answers" : "does not answer"
        )
    }
}
