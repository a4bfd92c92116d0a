import CallJobs
import CallStore
import Hummingbird
import JobQueue
import Reports
import Telemetry

extension PageDesk {
    /// One queue: how it went lately, what lies dead in it by error, and its workers.
    func queue(_ query: PageQuery, _ name: String?) async throws -> Page {
        guard let queue = parts.queues.first(where: { $0.name.text == name }) else {
            throw APIError(.notFound, "There is no such queue.")
        }
        let title = "Queue \(queue.name.text)"
        var view: View = ["name": queue.name.text]
        view.merge(try await history(of: queue.name.text, query)) { $1 }
        // Redis that does not answer is not waited for once more.
        let isDown = live.depths.downSinceUnix != nil
        let figures =
            isDown
            ? nil : await within(parts.figureMax, parts.ambient) { try await queue.figures() }
        guard let figures else {
            view["isDown"] = true
            return Page(template: .queue, title: title, view: view)
        }
        let dead = await within(parts.figureMax, parts.ambient) { [store] in
            try await DeadJobs(queue: queue, store: store).jobs()
        }
        let workers = await within(parts.figureMax, parts.ambient) { try await queue.workers() }
        let runs = try await store.recentRuns()[queue.name.text]
        view.merge(Self.row(queue.name.text, figures, runs, query)) { $1 }
        view.merge(deadJobs(dead ?? [], of: queue.name.text, query)) { $1 }
        view["workerRows"] = (workers ?? []).map { worker -> View in
            [
                "worker": worker.presence.worker.text, "host": worker.presence.host,
                "version": worker.presence.version,
                "busy": "\(worker.presence.busy) of \(worker.presence.slots)",
                "started": words.time(worker.presence.startedMilliseconds / 1_000),
            ]
        }
        view["hasWorkers"] = workers?.isEmpty == false
        return Page(template: .queue, title: title, view: view)
    }

    // MARK: Throughput and latency

    /// What one look back shows: a name for the address, and minutes in one of sixty stretches.
    private static let lookbacks: [(name: String, label: String, minutes: Int64)] = [
        ("1h", "Hour", 1), ("6h", "6 hours", 6), ("24h", "Day", 24),
    ]
    private static let stretches = 60

    private func history(of kind: String, _ query: PageQuery) async throws -> View {
        let chosen = Self.lookbacks.first { $0.name == query["last"] } ?? Self.lookbacks[0]
        let found = try await store.runHistory(
            of: kind,
            stretches: Self.stretches,
            of: chosen.minutes * 60_000
        )
        let jobs = found.stretches.reduce(0) { $0 + $1.jobs }
        let slowest = found.stretches.compactMap(\.p95Run).max()
        var takeaway = "\(PageWords.count(jobs, "job")) done"
        if let slowest {
            takeaway += "; at the slowest, 95 % ran within \(PageWords.took(slowest))"
        }
        if found.isCut {
            takeaway += ". Only the newest \(PageWords.count(CallStore.historyRowsMax)) are shown"
        }
        return [
            "lookbacks": Self.lookbacks.map { entry -> View in
                [
                    "label": entry.label, "active": entry.name == chosen.name,
                    "href": query.link(nil, ["last": entry.name]),
                ]
            },
            "takeaway": takeaway + ".",
            "stretches": found.stretches.map { stretch -> View in
                [
                    "time": words.clock(stretch.startMilliseconds / 1_000),
                    "perMinute": Self.rate(stretch.jobs, minutes: chosen.minutes),
                    "wait50": PageWords.took(stretch.p50Wait),
                    "wait95": PageWords.took(stretch.p95Wait),
                    "run50": PageWords.took(stretch.p50Run),
                    "run95": PageWords.took(stretch.p95Run),
                    "wait95Value": Self.milliseconds(stretch.p95Wait),
                    "run95Value": Self.milliseconds(stretch.p95Run),
                ]
            },
        ]
    }

    private static func rate(_ jobs: Int, minutes: Int64) -> String {
        let tenths = (jobs * 10 + Int(minutes) / 2) / Int(minutes)
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static func milliseconds(_ duration: Duration?) -> String {
        duration.map { "\(Int($0 / .milliseconds(1)))" } ?? ""
    }

    // MARK: Dead jobs

    /// Jobs of one error that are listed one by one, the newest.
    private static let deadShown = 100

    /// What lies dead by error, and the jobs of the error that the address names.
    private func deadJobs(
        _ records: [JobRecord],
        of queue: String,
        _ query: PageQuery
    ) -> View {
        let groups = DeadGroup.groups(of: records, queue: queue)
        let opened = groups.first { $0.reason == query["error"] }
        var view: View = [
            "hasGroups": !groups.isEmpty,
            "groups": groups.map { group -> View in
                [
                    "reason": LogMask().masked(String(group.reason.prefix(200))),
                    "count": PageWords.count(group.count),
                    "href": query.link(nil, ["error": group.reason]),
                    "first": words.time(group.firstMilliseconds / 1_000),
                    "last": words.time(group.lastMilliseconds / 1_000),
                    "retry": Self.request(queue, group.reason),
                    "isOpen": group.reason == opened?.reason,
                ]
            },
        ]
        guard let opened else { return view }
        let jobs = records.filter { ($0.reason ?? "unknown") == opened.reason }
            .sorted { ($0.atMilliseconds ?? 0) > ($1.atMilliseconds ?? 0) }
        view["opened"] =
            [
                "reason": LogMask().masked(String(opened.reason.prefix(200))),
                "closeHref": query.link(nil, ["error": nil]),
                "isCut": jobs.count > Self.deadShown,
                "cutText": jobs.count > Self.deadShown
                    ? "The newest \(Self.deadShown) of \(PageWords.count(jobs.count))." : "",
                "jobs": jobs.prefix(Self.deadShown).map { record -> View in
                    [
                        "job": record.job.id.text, "href": "/jobs/\(record.job.id.text)",
                        "kind": record.job.kind, "attempt": "\(record.job.attempt)",
                        "died": record.atMilliseconds.map { words.time($0 / 1_000) } ?? "–",
                    ]
                },
            ] as View
        return view
    }

    /// A button's request for a whole group, as JSON.
    private static func request(_ queue: String, _ group: String) -> String {
        JSONValue.fields(("queue", .text(queue)), ("group", .text(group)))
            .rendered(indented: false)
    }

    // MARK: One job

    /// What happened to a job.
    func job(_ query: PageQuery, _ text: String?) async throws -> Page {
        let missing = APIError(.notFound, "Nothing is known of such a job.")
        let id: JobID
        do {
            id = try JobID(text ?? "")
        } catch {
            throw missing
        }
        let isDown = live.depths.downSinceUnix != nil
        let (history, found) = try await JobFinder(parts: parts).find(id, isRedisDown: isDown)
        guard let job = found else { throw missing }
        var facts: [View] = []
        func add(_ label: String, _ value: String?) {
            if let value { facts.append(["label": label, "value": value]) }
        }
        add("Kind", job.kind)
        add("State", job.state.rawValue)
        add("About", job.entity)
        add("Attempt", "\(job.attempt)")
        add("Failures", "\(job.failures)")
        add("Enqueued", job.enqueuedMilliseconds.map { words.time($0 / 1_000) })
        add("Changed", words.time(job.changedMilliseconds / 1_000))
        add("Due", job.dueMilliseconds.map { words.time($0 / 1_000) })
        add("Ran", job.ranMilliseconds.map { PageWords.took(.milliseconds($0)) })
        add("Worker", job.worker)
        add("Error", job.reason.map { LogMask().masked($0) })
        let view: View = [
            "job": id.text, "kind": job.kind, "facts": facts, "isDead": job.state == .dead,
            "hasEvents": !history.events.isEmpty,
            "events": history.events.map { event -> View in
                [
                    "at": words.time(event.atMilliseconds / 1_000),
                    "machine": PageWords.machine(event.atMilliseconds / 1_000),
                    "event": event.event.rawValue, "attempt": "\(event.attempt)",
                    "by": event.person ?? event.worker?.text ?? "–",
                    "ran": PageWords.took(event.ranMilliseconds.map { .milliseconds($0) }),
                    "reason": event.reason.map { LogMask().masked($0) } ?? "",
                ]
            },
        ]
        return Page(template: .job, title: "Job", view: view)
    }
}
