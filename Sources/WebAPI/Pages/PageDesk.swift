import Ambient
import CallJobs
import CallStore
import Foundation
import HTTPTypes
import JobQueue
import Logging

/// Makes the pages of one request: what they show, from the store and the queues.
struct PageDesk: Sendable {
    let parts: WebParts
    let live: LivePulse
    let words: PageWords

    /// What whoever asks may do.
    let rights: Rights

    var store: CallStore { parts.store }

    /// Whether whoever asks may change calls and campaigns here.
    var canWrite: Bool { rights >= .write && !parts.policy.isReadOnly }

    /// Whether whoever asks may change settings here.
    var canChange: Bool { rights >= .admin && !parts.policy.isReadOnly }

    init(parts: WebParts, live: LivePulse, rights: Rights) async throws {
        self.parts = parts
        self.live = live
        self.rights = rights
        let name = try await parts.store.reportZone()
        words = PageWords(
            zone: TimeZone(identifier: name) ?? .gmt,
            nowUnix: parts.ambient.unixMilliseconds / 1_000,
            // Where nothing can be changed, nobody sees whole numbers.
            showsNumbers: rights >= .admin && !parts.policy.isReadOnly
        )
    }

    // MARK: Frame

    private static let entries: [(path: String, label: String, icon: String, key: String)] = [
        ("/", "Overview", "overview", "o"), ("/calls", "Calls", "calls", "c"),
        ("/unattributed", "Unattributed", "unattributed", "u"),
        ("/campaigns", "Campaigns", "campaigns", "p"), ("/funnel", "Funnel", "funnel", "f"),
        ("/conversions", "Conversions", "conversions", "v"), ("/labels", "Labels", "labels", "l"),
        ("/agents", "Agents", "agents", "a"), ("/exports", "Exports", "exports", "e"),
        ("/queues", "Queues", "queues", "q"), ("/settings", "Settings", "settings", "s"),
    ]

    /// What stands around every page.
    func frame(
        _ query: PageQuery,
        _ title: String,
        _ headers: HTTPFields,
        _ files: WebFiles
    ) async throws -> View {
        // Who has not signed in yet learns nothing of how we are.
        if query.path == PageRoutes.signInPath, parts.access.needsSignIn {
            var view: View = ["title": title, "assets": "/assets/\(files.digest)"]
            if let theme = Self.theme(headers) { view["theme"] = theme }
            return view
        }
        let depths = live.depths
        let pulse = try await store.pulse()
        let halt = try await store.upstreamHalt()
        let waiting = try await store.newestUnattributed(lookingAt: Self.unattributedLookedAt)
        let active = Self.entries.last {
            $0.path == query.path || ($0.path != "/" && query.path.hasPrefix($0.path))
        }
        var view: View = [
            "title": title, "assets": "/assets/\(files.digest)", "zone": words.zone.reportName,
            "nav": Self.entries.map { entry -> View in
                let badge = entry.path == "/unattributed" ? Self.badge(waiting) : ""
                let isDead = entry.path == "/queues" && depths.queues.contains { $0.dead > 0 }
                return [
                    "href": query.link(entry.path), "label": entry.label, "icon": entry.icon,
                    "key": entry.key, "active": entry.path == active?.path, "dot": isDead,
                    "badge": badge, "hasBadge": entry.path == "/unattributed",
                ]
            },
            "isInside": true, "canWrite": canWrite, "canChange": canChange,
            "hasChart": files.assets["chart.js"] != nil,
            "isRailNarrow": Self.cookies(headers).contains("rail=narrow"),
            "path": query.path,
            "state": query.link(), "needsSignIn": parts.access.needsSignIn,
            "banners": banners(depths, pulse, halt),
        ]
        if let theme = Self.theme(headers) { view["theme"] = theme }
        if let environment = parts.places.environment {
            view["environment"] = environment
            view["isProduction"] = environment.lowercased() == "production"
        }
        if let poll = pulse.lastPollMilliseconds {
            view["polled"] = words.ago(poll / 1_000)
            view["polledAt"] = PageWords.machine(poll / 1_000)
        }
        return view.merging(range(query)) { $1 }
    }

    /// Calls without a credit that the number beside their page is counted from.
    private static let unattributedLookedAt = 1_000

    /// A number of at most three characters: what is beyond it is many.
    private static func badge(_ waiting: (calls: Int, areAll: Bool)) -> String {
        if waiting.calls > 99 { return "99+" }
        if waiting.calls == 0 { return "" }
        return "\(waiting.calls)" + (waiting.areAll ? "" : "+")
    }

    /// The date range and the choices beside it.
    private func range(_ query: PageQuery) -> View {
        let (from, to) = query.days(today: words.today)
        let first = from.map { PageWords.short($0, today: words.today) } ?? "the beginning"
        let last = PageWords.short(to, today: words.today)
        let mode = query["compare"] ?? "previous"
        var view: View = [
            "ranges": PageQuery.Range.allCases.map { range -> View in
                [
                    "href": query.link(
                        nil,
                        ["range": range.rawValue, "from": nil, "to": nil]
                    ),
                    "label": range.label, "key": range.key, "active": range == query.range,
                ]
            },
            "rangeText": first == last ? first : "\(first) – \(last)",
            "from": from?.description ?? "", "to": to.description,
            "rangeFields": query.fields(without: ["range", "from", "to"]),
            "compares": [
                ("previous", "previous days"), ("weekday", "same weekdays"), ("off", "nothing"),
            ]
            .map { value, label -> View in
                [
                    "href": query.link(nil, ["compare": value]), "label": label,
                    "value": value, "active": value == mode,
                ]
            },
            "isComparing": mode != "off",
            "compareHref": query.link(nil, ["compare": mode == "off" ? "previous" : "off"]),
        ]
        // Nothing lies before the beginning, or after today.
        if let from {
            view["earlierHref"] = shifted(query, from, to, by: -1)
            if to < words.today { view["laterHref"] = shifted(query, from, to, by: 1) }
        }
        return view
    }

    /// The same number of days, before or after.
    private func shifted(
        _ query: PageQuery,
        _ from: LocalDay,
        _ to: LocalDay,
        by periods: Int
    ) -> String {
        let length = (to.number - from.number + 1) * periods
        let end = min(to + length, words.today)
        return query.link(
            nil,
            [
                "range": nil, "from": (end + (from.number - to.number)).description,
                "to": end.description,
            ]
        )
    }

    /// Without a poll for so long, what is shown is old.
    private static let staleSeconds: Int64 = 30 * 60

    private func banners(
        _ depths: LivePulse.Depths,
        _ pulse: StorePulse,
        _ halt: UpstreamHalt?
    ) -> [View] {
        var banners: [View] = []
        if parts.policy.isReadOnly {
            banners.append([
                "kind": "", "id": "read-only",
                "text": "Nothing can be changed here, and numbers are masked: the server runs with "
                    + "RINGBACK_READ_ONLY. Whoever runs it can open another one for changes.",
            ])
        }
        if let quiet = depths.quietUntilUnix, quiet > words.nowUnix {
            banners.append([
                "kind": "warn", "id": "slowed",
                "text": "ElevenLabs asks us to slow down until \(words.time(quiet)); what it has "
                    + "comes after that by itself.",
            ])
        }
        if let halt {
            banners.append([
                "kind": "bad", "id": "halted", "isBad": true,
                "text": "ElevenLabs refuses us since \(words.time(halt.atMilliseconds / 1_000)): "
                    + halt.reason,
            ])
        } else if let poll = pulse.lastPollMilliseconds,
            words.nowUnix - poll / 1_000 > Self.staleSeconds
        {
            banners.append([
                "kind": "warn", "id": "stale",
                "text": "The last poll was \(words.ago(poll / 1_000)), so newer calls may be "
                    + "missing. \(staleCause(depths)) \(nextPoll)",
            ])
        }
        if let since = depths.downSinceUnix {
            banners.append([
                "kind": "warn", "id": "redis",
                "text": "Redis does not answer since \(words.time(since)). Reading, assigning and "
                    + "labelling work; jobs wait in the store, and the queues show their last "
                    + "known state.",
            ])
        }
        return banners
    }

    /// What keeps polls from being made, as far as it shows here.
    private func staleCause(_ depths: LivePulse.Depths) -> String {
        guard let sync = depths.queues.first(where: { $0.name == JobKind.sync.queue.text }) else {
            return "Nothing is known of the queue sync."
        }
        if sync.isPaused { return "The queue sync is paused." }
        if sync.workers == 0 { return "No worker of the queue sync is alive." }
        if sync.ready > 0 {
            return "\(PageWords.count(sync.ready, "job")) waiting in the queue sync."
        }
        if sync.dead > 0 { return "\(PageWords.count(sync.dead, "dead job")) in the queue sync." }
        return "The scheduler has asked for none, or the upstream is slow."
    }

    /// When the schedules try next; empty where they cannot be read.
    private var nextPoll: String {
        let next = ScheduleDesk(parts: parts).next(ofKind: .sync, after: parts.ambient.now())
        return next.map { "The next try is at \(words.time($0))." } ?? ""
    }

    // MARK: Parts that fail

    /// A part of a page; where it fails, the page stands without it and says so.
    func part(_ name: String, _ make: () async throws -> View) async throws -> View {
        do {
            return try await make()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return ["\(name)Failed": failure("A part of a page failed", error)]
        }
    }

    /// Notes what failed under an id that people can pass on.
    func failure(_ message: Logger.Message, _ error: any Error) -> String {
        let id = String(parts.ambient.newID().uuidString.lowercased().prefix(8))
        parts.logger.error(message, metadata: ["id": "\(id)", "error": "\(error)"])
        return id
    }

    /// The theme that the browser's cookie asks for; nil follows the system.
    private static func theme(_ headers: HTTPFields) -> String? {
        for pair in cookies(headers) {
            if pair == "theme=dark" { return "dark" }
            if pair == "theme=light" { return "light" }
        }
        return nil
    }

    private static func cookies(_ headers: HTTPFields) -> [String] {
        headers[values: .cookie].flatMap { $0.split(separator: ";") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension AccessRule {
    var needsSignIn: Bool {
        switch self {
        case .loopback: false
        case .token: true
        }
    }
}
