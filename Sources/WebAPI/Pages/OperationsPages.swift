import CallStore
import Foundation
import Hummingbird
import JobQueue
import PhoneNumbers

extension PageDesk {
    // MARK: Queues

    /// What operators look at when work does not move.
    func queues(_ query: PageQuery) async throws -> Page {
        let runs = try await store.recentRuns()
        var rows: [View] = []
        // Redis that does not answer is not waited for once more, queue by queue.
        let isDown = live.depths.downSinceUnix != nil
        for queue in parts.queues {
            let name = queue.name
            let figures =
                isDown
                ? nil
                : await within(parts.figureMax, parts.ambient) {
                    try await queue.figures()
                }
            if let figures {
                rows.append(Self.row(name.text, figures, runs[name.text], query))
            } else if let last = live.depths.queues.first(where: { $0.name == name.text }) {
                rows.append(Self.row(last, query))
            } else {
                rows.append(["name": name.text, "isUnknown": true])
            }
        }
        let now = words.nowUnix * 1_000
        let failures = try await store.recentFailures(since: now - 24 * 3_600_000)
        let backfills = try await store.backfills(limit: 10)
        let view: View = [
            "rows": rows, "isDown": isDown,
            "failures": failures.prefix(20).map { group -> View in
                [
                    "kind": group.kind, "class": group.errorClass, "count": "\(group.count)",
                    "reason": String(group.reason.prefix(160)),
                    "first": words.time(group.firstMilliseconds / 1_000),
                    "last": words.time(group.lastMilliseconds / 1_000),
                ]
            },
            "hasFailures": !failures.isEmpty,
            "backfills": backfills.map(backfill), "hasBackfills": !backfills.isEmpty,
        ]
        let more = try await schedules().merging(try await foundJobs(query)) { $1 }
        return Page(template: .queues, title: "Queues", view: view.merging(more) { $1 })
    }

    static func row(
        _ name: String,
        _ figures: QueueFigures,
        _ runs: RecentRuns?,
        _ query: PageQuery
    ) -> View {
        func ready(_ lane: Lane) -> String { PageWords.count(figures.ready[lane] ?? 0) }
        let state =
            figures.pause != nil ? "paused" : figures.isStalled ? "no worker" : "active"
        var view: View = [
            "name": name, "href": query.link("/queues/\(name)"), "state": state,
            "isPaused": figures.pause != nil, "isStalled": figures.isStalled,
            "hi": ready(.hi), "std": ready(.std), "low": ready(.low),
            "running": PageWords.count(figures.running), "later": PageWords.count(figures.later),
            "dead": PageWords.count(figures.dead), "hasDead": figures.dead > 0,
            "oldest": figures.oldestReady.map {
                PageWords.wait(Int($0.components.seconds))
            } ?? "–",
            "workers": "\(figures.workers) / \(figures.slots) slots",
            "perMinute": String(format: "%.0f", runs?.perMinute ?? 0),
            "wait95": PageWords.took(runs?.p95Wait), "run95": PageWords.took(runs?.p95Run),
        ]
        if let pause = figures.pause {
            view["pauseText"] = "by \(pause.person): \(pause.reason)"
        }
        return view
    }

    /// What was last known, while Redis does not answer.
    private static func row(_ last: LivePulse.Depth, _ query: PageQuery) -> View {
        [
            "name": last.name, "href": query.link("/queues/\(last.name)"), "state": "last known",
            "hi": "–", "std": PageWords.count(last.ready), "low": "–",
            "running": PageWords.count(last.running), "later": PageWords.count(last.later),
            "dead": PageWords.count(last.dead), "oldest": "–", "workers": "–", "perMinute": "–",
            "wait95": "–", "run95": "–", "isPaused": last.isPaused,
        ]
    }

    private func backfill(_ backfill: Backfill) -> View {
        let ended = backfill.counts.ended
        let all = max(backfill.range.slices, 1)
        return [
            "id": backfill.id.text, "state": backfill.state.rawValue,
            "from": words.time(backfill.range.fromUnix), "to": words.time(backfill.range.toUnix),
            "ended": "\(ended)", "all": "\(all)", "share": PageWords.share(ended, of: all),
            "calls": PageWords.count(backfill.calls, "call"), "by": backfill.person,
            "isRunning": backfill.state == .running, "isPaused": backfill.state == .paused,
            "failed": "\(backfill.counts.failed)",
        ]
    }

    // MARK: Sign-in

    /// Asks for the token.
    func signIn(_ query: PageQuery) async throws -> Page {
        // Only a path of ours: a link to here must not lead elsewhere.
        let next = query["next"] ?? "/"
        let isOurs = next.hasPrefix("/") && !next.hasPrefix("//") && !next.contains("\\")
        return Page(template: .signIn, title: "Sign in", view: ["next": isOurs ? next : "/"])
    }
}
