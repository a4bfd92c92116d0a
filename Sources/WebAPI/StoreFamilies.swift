package import CallStore
package import Telemetry

extension StoreFigures {
    /// The store as metrics.
    ///
    /// - Parameter nowMilliseconds: Unix milliseconds, for ages.
    /// - Returns: Gauges of one series each; what is not known is left out.
    package func families(nowMilliseconds: Int64) -> [MetricFamily] {
        func age(_ milliseconds: Int64?) -> Double {
            milliseconds.map { Double(max(0, nowMilliseconds - $0)) / 1_000 } ?? 0
        }
        var list = GaugeList()
        list.add("ringback_store_bytes", "Size of the SQLite file.", Double(fileBytes))
        list.add(
            "ringback_store_wal_bytes",
            "Size of SQLite's write-ahead log; it grows while a long read goes on.",
            Double(walBytes)
        )
        list.add(
            "ringback_outbox_jobs",
            "Follow-on jobs that are not done yet.",
            Double(outboxJobs)
        )
        list.add(
            "ringback_outbox_oldest_seconds",
            "Age of the oldest follow-on job that is not done; 0 when there is none.",
            age(outboxOldestMilliseconds)
        )
        list.add(
            "ringback_inbox_waiting_webhooks",
            "Webhooks that are not worked in yet.",
            Double(inboxWaiting)
        )
        list.add(
            "ringback_inbox_dead_webhooks",
            "Webhooks that could not be understood and are kept for a person.",
            Double(inboxDead)
        )
        list.add(
            "ringback_newest_call_timestamp_seconds",
            "Unix time at which the newest call that has ended began.",
            newestEndedCallUnix.map(Double.init)
        )
        list.add(
            "ringback_upstream_halted",
            "Whether polling stands still because ElevenLabs refuses the key.",
            isHalted ? 1 : 0
        )
        list.add(
            "ringback_unfinished_calls",
            "Calls that have not ended.",
            Double(archive.unfinished)
        )
        list.add(
            "ringback_stuck_calls",
            "Calls that began more than a day ago and have not ended.",
            Double(archive.stuck)
        )
        list.add(
            "ringback_webhook_missed_calls",
            "Calls found by the poll alone since the last webhook, for which one was due.",
            Double(archive.webhooks.missed)
        )
        list.add(
            "ringback_event_oldest_seconds",
            "Age of the oldest event that an endpoint has not taken; 0 when there is none.",
            age(debts.oldestEventMilliseconds)
        )
        list.add(
            "ringback_endpoint_failures",
            "Most attempts in a row to tell one endpoint that failed.",
            Double(debts.endpointFailures)
        )
        list.add(
            "ringback_alerts_firing",
            "Rules of the alerts that fire.",
            Double(debts.alertsFiring)
        )
        list.add(
            "ringback_alerts_oldest_check_seconds",
            "Time since the rule was checked, and its notice taken, that waits the longest; 0 before.",
            age(debts.alertsCheckedMilliseconds)
        )
        list.add(
            "ringback_open_erasures",
            "Erasures of callers that are not over.",
            Double(debts.erasures)
        )
        list.add(
            "ringback_erasure_oldest_seconds",
            "Age of the oldest erasure that is not over; 0 when there is none.",
            age(debts.oldestErasureMilliseconds)
        )
        return list.families
    }
}
