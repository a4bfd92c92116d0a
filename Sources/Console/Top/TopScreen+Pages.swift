import CallJobs
import CallStore
import Foundation
import JobQueue

// The screens behind the overview.

extension TopScreen {
    func queueLines(_ name: String) -> [TopLine] {
        var tabs = TopLine("\(name)  ", .bold)
        for tab in JobState.allCases {
            tabs.add(" \(tab.rawValue) ", tab == state.tab ? .reverse : .plain)
        }
        tabs.add("  page \(state.page + 1)", .dim)
        guard case .jobs(let all, let hasMore) = detail else { return [tabs] }
        let jobs = filtered(all)
        var table = TopTable([
            .init("ID", isKept: true), .init("TRY", isRight: true), .init("WHEN", isKept: true),
            .init("WORKER"), .init("REASON"), .init("ARGUMENTS"),
        ])
        for record in jobs {
            let at = record.atMilliseconds ?? record.job.readyMilliseconds
            table.add([
                .init(record.job.id.text), .init("\(record.job.attempt)"),
                .init(TimeText.iso(milliseconds: at)),
                .init(record.batch?.id.worker.text ?? ""),
                .init(JobText.clipped(record.reason ?? "", 60)),
                .init(Self.masked(JobText.arguments(of: record.job))),
            ])
        }
        var lines = [tabs]
        lines += rowLines(of: table)
        if jobs.isEmpty { lines.append(TopLine("  no jobs here", .dim)) }
        if hasMore { lines.append(TopLine("  more: [n]", .dim)) }
        return lines
    }

    /// Arguments hold ids and ranges only, but what a person pushed may hold anything.
    static func masked(_ arguments: String) -> String {
        var digits = 0
        let masked = arguments.prefix(200).map { character -> Character in
            digits = character.isNumber ? digits + 1 : 0
            // Longer runs of digits than times and ids of calls could be a phone number.
            return digits > 10 ? "*" : character
        }
        return JobText.clipped(String(masked), 60)
    }

    var jobLines: [TopLine] {
        guard case .job(let timeline) = detail else { return [TopLine("  no such job", .dim)] }
        var lines = [
            TopLine("\(timeline.id)", .bold), TopLine(timeline.answer),
            TopLine("about \(timeline.entity ?? "nothing that it is searched by")", .dim),
            TopLine(),
        ]
        lines += timeline.lines.map { TopLine("  \($0)") }
        if let job = timeline.held?.record.job {
            let arguments = Self.masked(JobText.arguments(of: job))
            lines += [TopLine(), TopLine("arguments \(arguments)", .dim)]
        }
        return lines
    }

    var workerLines: [TopLine] {
        var table = TopTable([
            .init("WORKER", isKept: true), .init("QUEUE", isKept: true), .init("HOST"),
            .init("PID", isRight: true), .init("BUSY", isRight: true, isKept: true),
            .init("BATCHES", isRight: true), .init("UP", isRight: true), .init("VERSION"),
            .init("BEAT ENDS", isRight: true),
        ])
        for (queue, worker) in snapshot.workers {
            let presence = worker.presence
            let left = worker.expiryMilliseconds - snapshot.nowMilliseconds
            table.add([
                .init(presence.worker.text), .init(queue), .init(presence.host),
                .init("\(presence.processID)"), .init("\(presence.busy)/\(presence.slots)"),
                .init("\(presence.batches.count)"),
                .init(TopText.age(snapshot.age(since: presence.startedMilliseconds))),
                .init(presence.version),
                .init(TopText.age(.milliseconds(max(0, left))), left < 10_000 ? .warning : .plain),
            ])
        }
        var lines = [TopLine("workers", .bold)]
        lines += table.lines(width: columns, selected: nil)
        for queue in snapshot.queues where queue.figures.workers == 0 {
            lines.append(TopLine("  \(queue.name): NO WORKER", .alert))
        }
        return lines
    }

    var scheduleLines: [TopLine] {
        var table = TopTable([
            .init("SCHEDULE", isKept: true), .init("NEXT", isKept: true),
            .init("IN", isRight: true), .init("LAST"), .init("STATE"),
        ])
        for schedule in snapshot.schedules {
            let wait = schedule.next.map { next in
                Duration.seconds(max(0, Int(next.timeIntervalSince(snapshot.time))))
            }
            table.add([
                .init(schedule.name), .init(schedule.next.map(TimeText.iso) ?? "-"),
                .init(TopText.age(wait)), .init(schedule.last.map(TimeText.iso) ?? "never"),
                .init(schedule.isPaused ? "PAUSED" : "", .warning),
            ])
        }
        return [TopLine("schedules", .bold)] + table.lines(width: columns, selected: nil)
    }

    var deadLines: [TopLine] {
        guard case .dead(let groups, _) = detail else { return [TopLine("dead", .bold)] }
        var table = TopTable([
            .init("QUEUE", isKept: true), .init("COUNT", isRight: true, isKept: true),
            .init("FIRST"), .init("LAST", isKept: true), .init("REASON", isKept: true),
        ])
        for group in groups {
            table.add([
                .init(group.queue), .init("\(group.count)"),
                .init(TimeText.iso(milliseconds: group.firstMilliseconds)),
                .init(TimeText.iso(milliseconds: group.lastMilliseconds)),
                .init(JobText.clipped(group.reason, 120)),
            ])
        }
        var lines = [TopLine("dead letters, grouped by their reason", .bold)]
        lines += rowLines(of: table)
        if groups.isEmpty { lines.append(TopLine("  none", .good)) }
        for queue in snapshot.queues {
            let shown = groups.filter { $0.queue == queue.name }.reduce(0) { $0 + $1.count }
            guard shown > 0, shown < queue.figures.dead else { continue }
            lines.append(
                TopLine(
                    "  \(queue.name): the first \(shown) of \(queue.figures.dead) are grouped here",
                    .dim
                )
            )
        }
        return lines
    }

    var helpLines: [TopLine] {
        [
            "j k, arrows   rows          Enter   open            Esc, q   back; q quits at the top",
            "h l           tabs          n p     pages           /        filter",
            "s             sort          x A     select, all     space    freeze",
            "w c d         workers, schedules, dead letters      + -      interval",
            "t             plain         z       time zone       i        what looking costs",
            "",
            "Capital letters change something, only with --actions:",
            "P pause   R resume a queue, or retry dead jobs   D discard dead jobs   K cancel jobs",
            "Ctrl-C ends it always.",
        ].map { TopLine("  \($0)") }
    }
}
