package import JobQueue
package import Telemetry

extension WorkerSnapshot {
    /// What the worker does now, as metrics.
    ///
    /// - Parameters:
    ///   - queue: Whose jobs it runs.
    ///   - slots: How many of them it can run at once.
    /// - Returns: Gauges of one series each.
    package func families(queue: QueueName, slots: Int) -> [MetricFamily] {
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(
                name: "ringback_worker_\(name)",
                help: help,
                kind: .gauge,
                series: [MetricSeries(value, ("queue", queue.text))]
            )
        }
        return [
            gauge("slots", "Jobs that the worker can run at once.", slots),
            gauge("busy_slots", "Jobs that it runs now.", busy),
            gauge("batches", "Batches that the queue has leased to it.", batches.count),
            gauge(
                "draining",
                "Whether it ends: it fetches nothing more and lets its jobs end.",
                phase == .draining ? 1 : 0
            ),
        ]
    }
}
