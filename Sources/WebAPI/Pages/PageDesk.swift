import Ambient
import CallStore
import Foundation
import HTTPTypes

/// Makes the pages of one request: what they show, from the store and the queues.
struct PageDesk: Sendable {
    let parts: WebParts
    let live: LivePulse
    let words: PageWords

    var store: CallStore { parts.store }

    init(parts: WebParts, live: LivePulse) async throws {
        self.parts = parts
        self.live = live
        let name = try await parts.store.reportZone()
        words = PageWords(
            zone: TimeZone(identifier: name) ?? .gmt,
            nowUnix: parts.ambient.unixMilliseconds / 1_000
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
        let active = Self.entries.last {
            $0.path == query.path || ($0.path != "/" && query.path.hasPrefix($0.path))
        }
        var view: View = [
            "title": title, "assets": "/assets/\(files.digest)", "zone": words.zone.reportName,
            "nav": Self.entries.map { entry -> View in
                let isDead = entry.path == "/queues" && depths.queues.contains { $0.dead > 0 }
                return [
                    "href": query.link(entry.path), "label": entry.label, "icon": entry.icon,
                    "key": entry.key, "active": entry.path == active?.path, "dot": isDead,
                ]
            },
            "isInside": true, "hasChart": files.assets["chart.js"] != nil, "path": query.path,
            "state": query.link(), "needsSignIn": parts.access.needsSignIn,
            "banners": banners(depths, pulse, halt),
        ]
        if let theme = Self.theme(headers) { view["theme"] = theme }
        if let poll = pulse.lastPollMilliseconds {
            view["polled"] = words.ago(poll / 1_000)
            view["polledAt"] = PageWords.machine(poll / 1_000)
        }
        return view.merging(range(query)) { $1 }
    }

    /// The date range and the choices beside it.
    private func range(_ query: PageQuery) -> View {
        let (from, to) = query.days(today: words.today)
        let first = from.map { PageWords.short($0, today: words.today) } ?? "the beginning"
        let last = PageWords.short(to, today: words.today)
        let mode = query["compare"] ?? "previous"
        return [
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
            "previousHref": shifted(query, by: -1), "nextHref": shifted(query, by: 1),
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
    }

    /// The same number of days, before or after.
    private func shifted(_ query: PageQuery, by periods: Int) -> String {
        let (from, to) = query.days(today: words.today)
        guard let from else { return query.link() }
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
        if let halt {
            banners.append([
                "kind": "bad", "id": "halted",
                "text": "ElevenLabs refuses us since \(words.time(halt.atMilliseconds / 1_000)): "
                    + halt.reason,
            ])
        } else if let poll = pulse.lastPollMilliseconds,
            words.nowUnix - poll / 1_000 > Self.staleSeconds
        {
            banners.append([
                "kind": "warn", "id": "stale",
                "text": "The last poll was \(words.ago(poll / 1_000)), so newer calls may be "
                    + "missing. The queue sync and the schedule poll say why.",
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

    /// The theme that the browser's cookie asks for; nil follows the system.
    private static func theme(_ headers: HTTPFields) -> String? {
        for cookie in headers[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let pair = cookie.trimmingCharacters(in: .whitespaces)
            if pair == "theme=dark" { return "dark" }
            if pair == "theme=light" { return "light" }
        }
        return nil
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
