package import CallJobs
import CallStore
package import Foundation
package import JobQueue
import RedisQueue

/// What the present screen shows besides the snapshot; read when it is opened.
package enum TopDetail: Sendable {
    case none
    case jobs([JobRecord], hasMore: Bool)
    case job(JobTimeline)
    case dead([DeadGroup], ids: [[JobID]])
}

/// Draws `ringback top`: a pure function of what was read, where the person is, and the size.
package struct TopScreen: Sendable {
    package let snapshot: TopSnapshot
    package let state: TopState
    package let detail: TopDetail
    package let columns: Int
    package let rows: Int

    /// Letters instead of blocks in graphs, for terminals that have no others.
    package let isASCII: Bool
    package let zone: TimeZone

    /// What people call this installation; `production` is an alert.
    package let environment: String?

    /// Since when Redis does not answer, and what is tried; nil while it does.
    package let outage: String?

    /// What the last look cost, for `i`.
    package let cost: String

    package init(
        snapshot: TopSnapshot,
        state: TopState,
        detail: TopDetail = .none,
        columns: Int,
        rows: Int,
        isASCII: Bool = false,
        zone: TimeZone = .gmt,
        environment: String? = nil,
        outage: String? = nil,
        cost: String = ""
    ) {
        self.snapshot = snapshot
        self.state = state
        self.detail = detail
        self.columns = max(20, columns)
        self.rows = max(5, rows)
        self.isASCII = isASCII
        self.zone = zone
        self.environment = environment
        self.outage = outage
        self.cost = cost
    }

    /// The queues in the order in which they are shown.
    package var queues: [TopSnapshot.Queue] {
        let wanted = snapshot.queues.filter {
            state.filter.isEmpty || $0.name.localizedCaseInsensitiveContains(state.filter)
        }
        switch state.order {
        case .name: return wanted
        case .waiting: return wanted.sorted { $0.waiting > $1.waiting }
        case .oldest:
            return wanted.sorted {
                ($0.figures.oldestReady ?? .zero) > ($1.figures.oldestReady ?? .zero)
            }
        case .dead: return wanted.sorted { $0.figures.dead > $1.figures.dead }
        }
    }

    /// What the rows stand for, for keys that act on them.
    package var rowNames: TopState.Rows {
        var names = TopState.Rows()
        names.queues = queues.map(\.name)
        switch detail {
        case .jobs(let jobs, _): names.jobs = filtered(jobs).map(\.job.id)
        case .dead(let groups, let ids):
            names.groups = zip(groups, ids).map { group, ids in
                TopState.Rows.Group(queue: group.queue, reason: group.reason, ids: ids)
            }
        case .none, .job: break
        }
        return names
    }

    func filtered(_ jobs: [JobRecord]) -> [JobRecord] {
        guard !state.filter.isEmpty else { return jobs }
        return jobs.filter { record in
            record.job.id.text.localizedCaseInsensitiveContains(state.filter)
                || (record.reason ?? "").localizedCaseInsensitiveContains(state.filter)
        }
    }

    /// Exactly `rows` lines, none wider than `columns`.
    package func lines() -> [TopLine] {
        var head = [titleLine]
        if let outage { head.append(TopLine(outage, .alert)) }
        head.append(summaryLine)
        var body = state.showsHelp ? helpLines : bodyLines
        let room = rows - head.count - 1
        // The selected row stays in sight.
        let selected = min(state.selection + 1, max(0, body.count - 1))
        if body.count > room, selected >= room { body.removeFirst(selected - room + 1) }
        body = Array(body.prefix(room))
        body += Array(repeating: TopLine(), count: max(0, room - body.count))
        let lines = head + body + [footLine]
        return lines.map { line in
            let cut = line.cut(to: columns)
            return outage == nil ? cut : (cut == head[1] ? cut : cut.styled(.dim))
        }
    }

    /// The overview without the frame of a screen, however long it is.
    package var overviewLines: [TopLine] {
        ([titleLine, summaryLine] + overview).map { $0.cut(to: columns) }
    }

    // MARK: Head

    private var titleLine: TopLine {
        var line = TopLine("ringback top", .bold)
        if let environment {
            line.add("  ")
            line.add(environment, environment.lowercased() == "production" ? .alert : .bold)
        }
        let redis = snapshot.redis
        line.add("  redis \(redis.version)")
        if let uptime = redis.uptime { line.add(" up \(TopText.age(uptime))") }
        line.add("  mem \(TopText.bytes(Int64(redis.usedMemoryBytes)))")
        line.add("  \(clock)")
        line.add(state.isFrozen ? "  FROZEN" : "  every \(state.everySeconds)s", .dim)
        let hold = snapshot.holds.first
        line.add("  ElevenLabs ")
        line.add(hold.map(Self.word) ?? "ok", hold?.isBlocking == true ? .alert : .good)
        let poll = snapshot.age(since: snapshot.pulse.lastPollMilliseconds)
        line.add("  last poll \(TopText.age(poll))")
        let webhook = snapshot.age(since: snapshot.pulse.lastWebhookMilliseconds)
        line.add("  webhook \(TopText.age(webhook))")
        let lag = snapshot.age(since: snapshot.pulse.outboxOldestMilliseconds) ?? .zero
        line.add("  lag \(TopText.age(lag))", lag > .seconds(900) ? .warning : .plain)
        if state.showsCost { line.add("  \(cost)", .dim) }
        return line
    }

    private static func word(_ hold: FlowHold) -> String {
        switch hold.kind {
        case .upstreamQuiet: "QUIET"
        case .upstreamFull: "full"
        case .upstreamRate: "at its rate"
        case .upstreamRefuses: "REFUSES US"
        case .limit: "limited"
        }
    }

    private var clock: String {
        let zone = state.usesZone ? zone : .gmt
        let parts = Calendar(identifier: .gregorian).dateComponents(in: zone, from: snapshot.time)
        let text = [parts.hour, parts.minute, parts.second]
            .map { number in
                let text = String(number ?? 0)
                return text.count < 2 ? "0" + text : text
            }
            .joined(separator: ":")
        return "\(text) \(zone == .gmt ? "UTC" : zone.identifier)"
    }

    private var summaryLine: TopLine {
        let all = snapshot.queues
        let ins = all.compactMap(\.inPerMinute).reduce(0, +)
        let outs = all.compactMap(\.outPerMinute).reduce(0, +)
        let hasRates = all.contains { $0.inPerMinute != nil }
        let failed = all.reduce(0) { $0 + $1.figures.counters.failed }
        let ended = all.reduce(0) { $0 + $1.figures.counters.succeeded } + failed
        let share = ended > 0 ? String(format: "%.1f%%", Double(failed) * 100 / Double(ended)) : "-"
        let dead = all.reduce(0) { $0 + $1.figures.dead }
        var line = TopLine(
            "jobs  in \(hasRates ? TopText.rate(ins) : "-")/min  "
                + "out \(hasRates ? TopText.rate(outs) : "-")/min  fail \(share)   "
        )
        line.add("running \(all.reduce(0) { $0 + $1.figures.running })   ")
        let withWorkers = all.count { $0.figures.workers > 0 }
        line.add(
            "workers \(all.reduce(0) { $0 + $1.figures.workers })",
            withWorkers < all.count ? .alert : .plain
        )
        line.add("   waiting \(TopText.short(all.reduce(0) { $0 + $1.waiting }))")
        line.add("   retry \(TopText.short(all.reduce(0) { $0 + $1.retrying }))   ")
        line.add("dead \(dead)", dead > 0 ? .warning : .plain)
        line.add(
            "   SQLite \(TopText.bytes(snapshot.pulse.bytes))  wal "
                + TopText.bytes(snapshot.walBytes)
        )
        return line
    }

    // MARK: Body

    private var bodyLines: [TopLine] {
        switch state.screen {
        case .overview: return overview
        case .queue(let name): return queueLines(name)
        case .job: return jobLines
        case .workers: return workerLines
        case .schedules: return scheduleLines
        case .dead: return deadLines
        }
    }

    private var overview: [TopLine] {
        var table = TopTable([
            .init("QUEUE", isKept: true), .init("STATE", isKept: true),
            .init("WAIT", isRight: true, isKept: true), .init("RUN", isRight: true),
            .init("SCHED", isRight: true), .init("RETRY", isRight: true),
            .init("DEAD", isRight: true, isKept: true),
            .init("OLDEST", isRight: true, isKept: true), .init("IN/m", isRight: true),
            .init("OUT/m", isRight: true), .init("p95W", isRight: true),
            .init("p95R", isRight: true), .init("WORKERS", isRight: true), .init("10 min"),
        ])
        for queue in queues { table.add(cells(of: queue)) }
        var lines = rowLines(of: table)
        if queues.isEmpty { lines.append(TopLine("  no queue matches /\(state.filter)", .dim)) }
        lines.append(TopLine())
        lines.append(runningLine)
        lines += failureLines
        return lines
    }

    /// A table's lines, with the cursor and the marks.
    func rowLines(of table: TopTable) -> [TopLine] {
        table.lines(
            width: columns,
            selected: state.hasRow ? state.selection : nil,
            marked: state.markedRows(among: rowNames)
        )
    }

    private func cells(of queue: TopSnapshot.Queue) -> [TopTable.Cell] {
        let figures = queue.figures
        let isStuck = queue.hasNoWorker
        let isOld = (figures.oldestReady ?? .zero) > WorkersNeeded.objective
        let needed = queue.workersNeeded.map { "\($0)" } ?? "?"
        return [
            .init(queue.name, .bold),
            .init(queue.stateWord, isStuck ? .alert : figures.pause != nil ? .warning : .plain),
            .init(TopText.short(queue.waiting)), .init(TopText.short(figures.running)),
            .init(TopText.short(max(0, figures.later - queue.retrying))),
            .init(TopText.short(queue.retrying)),
            .init(TopText.short(figures.dead), figures.dead > 0 ? .warning : .plain),
            .init(
                TopText.age(figures.oldestReady) + (isOld ? "!" : ""),
                isOld ? .alert : .plain
            ),
            .init(TopText.rate(queue.inPerMinute)), .init(TopText.rate(queue.outPerMinute)),
            .init(TopText.span(queue.recent?.p95Wait)), .init(TopText.span(queue.recent?.p95Run)),
            .init("\(figures.workers)/\(needed)", isStuck ? .alert : .plain),
            .init(TopText.graph(queue.history, isASCII: isASCII) + (isStuck ? "!" : "")),
        ]
    }

    private var runningLine: TopLine {
        var line = TopLine("RUNNING  ", .bold)
        let jobs = snapshot.running.map { job in
            let age = snapshot.age(since: job.changedMilliseconds)
            return "\(job.kind) \(job.entity ?? job.id.text) try \(job.attempt) "
                + TopText.age(age)
        }
        let items = (snapshot.progress.map(Self.text) + jobs).prefix(3)
        guard !items.isEmpty else {
            line.add("nothing for longer than a moment", .dim)
            return line
        }
        line.add(items.joined(separator: "  |  "))
        return line
    }

    private static func text(_ progress: TopSnapshot.Progress) -> String {
        let part = progress.total > 0 ? progress.done * 100 / progress.total : 0
        let left = progress.left.map { "ETA \(TopText.age($0))" } ?? "ETA ?"
        return "\(progress.name) \(part)% \(progress.done)/\(progress.total) \(left)"
    }

    private var failureLines: [TopLine] {
        let title = "LAST ERRORS  "
        guard !snapshot.failures.isEmpty else {
            var line = TopLine(title, .bold)
            line.add("none in the last hour", .dim)
            return [line]
        }
        return snapshot.failures.prefix(4).enumerated().map { index, group in
            var line = TopLine(
                index == 0 ? title : String(repeating: " ", count: title.count),
                .bold
            )
            let age = TopText.age(snapshot.age(since: group.firstMilliseconds))
            line.add("\(group.kind) \(group.errorClass) x\(group.count) in \(age)", .warning)
            line.add("  \(group.reason)", .dim)
            return line
        }
    }

    // MARK: Foot

    private var footLine: TopLine {
        switch state.prompt {
        case .filter(let text):
            return TopLine("/\(text)_   [Enter] filter  [Esc] leave it", .reverse)
        case .confirm(let effect, let queue, let typed):
            return TopLine(
                "\(Self.words(effect)): type \(queue) and [Enter], or [Esc]: \(typed)_",
                .alert
            )
        case nil:
            break
        }
        if !state.message.isEmpty { return TopLine(state.message, .warning) }
        let keys =
            state.screen == .overview
            ? "[Enter] open  [/] filter  [s] sort: \(state.order.rawValue)  [w] workers  "
                + "[c] schedules  [d] dead  [space] freeze  [?] help  [q] quit"
            : "[Esc] back  [h/l] tabs  [n/p] pages  [/] filter  [x] select  [?] help"
        var line = TopLine(keys, .dim)
        line.add(state.mayAct ? "  ACTIONS" : "  READ-ONLY", state.mayAct ? .alert : .dim)
        return line
    }

    private static func words(_ effect: TopEffect) -> String {
        switch effect {
        case .retryDead(_, let ids): "retry \(ids.count) dead jobs"
        case .discardDead(_, let ids): "discard \(ids.count) dead jobs for good"
        case .cancel(_, let ids): "cancel \(ids.count) jobs"
        case .pause(let queue): "pause \(queue)"
        case .resume(let queue): "resume \(queue)"
        case .quit, .suspend, .load: ""
        }
    }
}
