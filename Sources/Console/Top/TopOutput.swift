import CallStore
import JobQueue
import RedisQueue
package import Reports

// What `ringback top` says without a screen.

extension TopSnapshot {
    /// The JSON of `ringback top --json`; fields may be added, never renamed.
    package var json: JSONValue {
        .fields(
            ("time", .text(TimeText.iso(time))),
            (
                "redis",
                .fields(
                    ("version", .text(redis.version)),
                    ("usedMemoryBytes", .count(redis.usedMemoryBytes)),
                    ("uptimeSeconds", .seconds(redis.uptime))
                )
            ),
            ("queues", .list(queues.map(\.json))),
            (
                "upstream",
                .list(
                    holds.map { hold in
                        .fields(
                            ("kind", .text(hold.kind.rawValue)),
                            ("text", .text(hold.text)),
                            ("blocking", .bool(hold.isBlocking)),
                            (
                                "until",
                                .optional(hold.untilMilliseconds.map(TimeText.iso(milliseconds:)))
                            )
                        )
                    }
                )
            ),
            ("pollAgeSeconds", .seconds(age(since: pulse.lastPollMilliseconds))),
            ("webhookAgeSeconds", .seconds(age(since: pulse.lastWebhookMilliseconds))),
            ("outboxLagSeconds", .seconds(age(since: pulse.outboxOldestMilliseconds))),
            (
                "progress",
                .list(
                    progress.map { work in
                        .fields(
                            ("name", .text(work.name)),
                            ("done", .count(work.done)),
                            ("total", .count(work.total)),
                            ("leftSeconds", .seconds(work.left))
                        )
                    }
                )
            ),
            (
                "store",
                .fields(("bytes", .integer(pulse.bytes)), ("walBytes", .integer(walBytes)))
            ),
            (
                "errors",
                .list(
                    failures.map { group in
                        .fields(
                            ("kind", .text(group.kind)),
                            ("error", .text(group.errorClass)),
                            ("count", .count(group.count)),
                            ("reason", .text(group.reason)),
                            ("first", .text(TimeText.iso(milliseconds: group.firstMilliseconds))),
                            ("last", .text(TimeText.iso(milliseconds: group.lastMilliseconds)))
                        )
                    }
                )
            )
        )
    }
}

extension TopSnapshot.Queue {
    fileprivate var json: JSONValue {
        .fields(
            ("name", .text(name)),
            (
                "state",
                .text(figures.pause != nil ? "paused" : hasNoWorker ? "no-worker" : "active")
            ),
            ("waiting", .count(waiting)),
            ("running", .count(figures.running)),
            ("scheduled", .count(max(0, figures.later - retrying))),
            ("retrying", .count(retrying)),
            ("dead", .count(figures.dead)),
            ("oldestReadySeconds", .seconds(figures.oldestReady)),
            ("donePerMinute", recent.map { .number($0.perMinute) } ?? .null),
            ("p95WaitSeconds", .seconds(recent?.p95Wait)),
            ("p95RunSeconds", .seconds(recent?.p95Run)),
            ("workers", .count(figures.workers)),
            ("slots", .count(figures.slots)),
            ("workersNeeded", .optional(workersNeeded))
        )
    }
}

extension JSONValue {
    /// Seconds with milliseconds; null when there is no such time.
    static func seconds(_ duration: Duration?) -> JSONValue {
        duration.map { .number(($0 / .milliseconds(1)).rounded() / 1000) } ?? .null
    }
}
