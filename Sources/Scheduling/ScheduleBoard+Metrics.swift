import Foundation
package import Telemetry

/// What a scheduler counts and shows; series are named by schedules, which operators name.
package enum ScheduleMetrics {
    /// What each counted metric means, for the registry.
    package static let helps = [
        "ringback_schedule_ticks_total": "Instants of schedules that came, by what became of them.",
        "ringback_schedule_files_broken":
            "Whether an edit of the schedules' files was refused and the older ones go on.",
    ]
}

extension ScheduleBoard {
    /// The state of every schedule, as metrics; one that is not known yet is left out.
    package var families: [MetricFamily] {
        let statuses = statuses
        func gauge(
            _ name: String,
            _ help: String,
            _ value: (ScheduleStatus) -> Double?
        ) -> MetricFamily {
            MetricFamily(
                name: "ringback_schedule_\(name)",
                help: help,
                kind: .gauge,
                series: statuses.compactMap { status in
                    value(status).map { MetricSeries($0, ("schedule", status.name.text)) }
                }
            )
        }
        return [
            gauge("last_timestamp_seconds", "Unix time of the instant that was fired last.") {
                $0.last?.timeIntervalSince1970
            },
            gauge("next_timestamp_seconds", "Unix time of the next instant.") {
                $0.next?.timeIntervalSince1970
            },
            gauge("waiting", "Whether the schedule waits for a queue that does not answer.") {
                $0.isWaitingForQueue ? 1 : 0
            },
        ]
    }
}
