package import CallJobs
package import CallStore
package import JobQueue

/// What is sound and what is not, as pure functions of what was read.
package enum DoctorRules {
    /// A disk with less room is nearly full: a backfill of a large account needs about this.
    package static let freeBytesMin: Int64 = 512 * 1024 * 1024

    /// The write-ahead log is emptied long before this unless a reader holds it open.
    package static let walBytesMax: Int64 = 256 * 1024 * 1024

    /// A call that is not finished after a day will hardly ever be.
    package static let watchAgeMax: Int64 = 24 * 3_600

    /// A poll every 15 minutes that failed twice.
    package static let pollAgeMax: Int64 = 35 * 60

    /// How far this machine's clock and Redis's may differ before people read wrong times.
    package static let clockDifferenceMax = Duration.seconds(5)

    /// An outbox row is sent within seconds when Redis answers.
    package static let outboxAgeMax: Int64 = 15 * 60

    package static func disk(freeBytes: Int64?, folder: String) -> Finding {
        guard let freeBytes else {
            return Finding("disk", .warning, "the free room of \(folder) cannot be read")
        }
        let megabytes = freeBytes / 1_048_576
        guard freeBytes < freeBytesMin else { return .ok("disk", "\(megabytes) MB free") }
        return Finding(
            "disk",
            .problem,
            "only \(megabytes) MB free in \(folder)",
            fix: "make room; work that waits goes on by itself then"
        )
    }

    package static func wal(bytes: Int64) -> Finding {
        let megabytes = bytes / 1_048_576
        guard bytes > walBytesMax else { return .ok("write-ahead log", "\(megabytes) MB") }
        return Finding(
            "write-ahead log",
            .warning,
            "\(megabytes) MB: somebody reads for very long, or nothing empties it",
            fix: "end long readers of the SQLite file; `ringback enqueue upkeep task=database`"
        )
    }

    package static func clock(difference: Duration) -> Finding {
        let size = difference < .zero ? .zero - difference : difference
        guard size > clockDifferenceMax else {
            return .ok("clock", "agrees with Redis's within \(TimeText.duration(size))")
        }
        return Finding(
            "clock",
            .warning,
            "differs from Redis's by \(TimeText.duration(size)); jobs keep to Redis's",
            fix: "let both machines keep time with NTP"
        )
    }

    package static func queue(_ name: String, _ figures: QueueFigures) -> [Finding] {
        let subject = "queue \(name)"
        var findings: [Finding] = []
        if let pause = figures.pause {
            let since = TimeText.iso(milliseconds: pause.atMilliseconds)
            let why = pause.reason.isEmpty ? "" : " (\(pause.reason))"
            findings.append(
                Finding(
                    subject,
                    .warning,
                    "paused by \(pause.person) since \(since)\(why)",
                    fix: "ringback queue resume \(name)"
                )
            )
        }
        if figures.workers == 0 {
            findings.append(
                Finding(
                    subject,
                    .problem,
                    "no worker is alive",
                    fix: "start worker-\(name), or `ringback up`"
                )
            )
        }
        if figures.suspects > 0 {
            findings.append(
                Finding(
                    subject,
                    .warning,
                    "\(figures.suspects) jobs of workers that died wait to run alone",
                    fix: "if it stays so, see `ringback jobs list \(name) --state suspect`"
                )
            )
        }
        return findings.isEmpty
            ? [.ok(subject, "\(figures.workers) workers, \(figures.running) running")]
            : findings
    }

    package static func dead(_ groups: [DeadGroup]) -> [Finding] {
        guard !groups.isEmpty else { return [.ok("dead jobs", "none")] }
        return groups.map { group in
            Finding(
                "dead jobs",
                .warning,
                "\(group.count) in \(group.queue): \(JobText.clipped(group.reason, 160))",
                fix: "mend the cause, then `ringback dead retry \(group.queue) \(group.example)` "
                    + "(or --all); or `ringback dead discard`"
            )
        }
    }

    package static func store(_ health: StoreHealth, nowMilliseconds: Int64) -> [Finding] {
        var findings = [
            Finding.ok(
                "store",
                "schema \(health.schemaVersion), \(health.bytes / 1_048_576) MB, "
                    + "\(health.ledgerRows) rows in the ledger"
            )
        ]
        if let oldest = health.outboxOldestMilliseconds,
            nowMilliseconds - oldest > outboxAgeMax * 1000
        {
            let age = TimeText.duration(.milliseconds(nowMilliseconds - oldest))
            findings.append(
                Finding(
                    "outbox",
                    .warning,
                    "\(health.outboxWaiting) follow-on jobs, the oldest made \(age) ago",
                    fix: "see that scheduler and workers run, and `ringback dead list`"
                )
            )
        }
        if health.inboxDead > 0 {
            findings.append(
                Finding(
                    "inbox",
                    .warning,
                    "\(health.inboxDead) webhooks could not be worked in",
                    fix: "`ringback dead list sync`; their bodies are kept"
                )
            )
        }
        return findings
    }

    /// What a recount of all figures found.
    package static func recount(
        _ recount: Recount,
        zone: String,
        wanted: String,
        rebuild: FigureRebuild? = nil
    ) -> Finding {
        let fix = "`ringback doctor --recount --repair` counts anew"
        if let rebuild {
            return Finding(
                "figures",
                .warning,
                "calls are being counted anew, \(Int(rebuild.share * 100)) % are",
                fix: "wait for the scheduler, which does it, or " + fix + " at once"
            )
        }
        guard recount.isRight else {
            return Finding(
                "figures",
                .problem,
                "\(recount.wrongCalls) of \(recount.calls) calls and \(recount.wrongSums) sums by day "
                    + "are not what a recount says",
                fix: fix
            )
        }
        guard zone == wanted else {
            return Finding(
                "figures",
                .warning,
                "right, but by days of \(zone) while RINGBACK_TIME_ZONE says \(wanted)",
                fix: "restart the scheduler, or " + fix
            )
        }
        return .ok("figures", "\(recount.calls) calls recounted by days of \(zone), all right")
    }

    package static func unreadable(count: Int, examples: [RawBodyNote]) -> Finding {
        guard count > 0 else { return .ok("records", "all were understood") }
        let named = examples.prefix(3).map { note in
            "\(note.conversationID ?? "no id") (\(note.unreadableReason ?? "unknown"))"
        }
        return Finding(
            "records",
            .warning,
            "\(count) were stored raw, as they could not be understood: "
                + named.joined(separator: "; "),
            fix: "report them; after an update `ringback enqueue sync --conversation ID` reads "
                + "them again"
        )
    }

    package static func watchList(_ calls: [WatchedCall], nowUnix: Int64) -> Finding {
        let old = calls.filter { nowUnix - $0.startedUnix > watchAgeMax }
        guard let oldest = old.min(by: { $0.startedUnix < $1.startedUnix }) else {
            return .ok("unfinished calls", "\(calls.count), none older than a day")
        }
        return Finding(
            "unfinished calls",
            .warning,
            "\(old.count) began more than a day ago, such as \(oldest.identity.conversationID)",
            fix: "look at them in ElevenLabs; the upstream has not ended them"
        )
    }

    package static func poll(lastMilliseconds: Int64?, nowMilliseconds: Int64) -> Finding {
        guard let lastMilliseconds else {
            return Finding(
                "poll",
                .warning,
                "there has been none",
                fix: "see that the scheduler and worker-sync run"
            )
        }
        let age = max(0, nowMilliseconds - lastMilliseconds)
        let text = TimeText.duration(.milliseconds(age))
        guard age > pollAgeMax * 1000 else { return .ok("poll", "\(text) ago") }
        return Finding(
            "poll",
            .problem,
            "the last one was \(text) ago",
            fix: "see the log of worker-sync, and whether the scheduler runs"
        )
    }
}
