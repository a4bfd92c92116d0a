import CallStore
import Conversion
import Definitions
import Hummingbird

extension PageDesk {
    /// The rules that decide what a conversion is.
    func conversions(_ query: PageQuery) async throws -> Page {
        let versions = try await store.ruleVersions(limit: Self.versionsMax)
        let pointers = try await store.rulePointers()
        let scope = query.scope(today: words.today)
        let total = try await store.figureReport(scope).total
        let desk = RuleDesk(parts: parts)
        var view: View = [
            "rows": versions.map { version -> View in
                [
                    "name": version.name, "version": version.version,
                    "short": String(version.version.prefix(12)),
                    "types": version.types.joined(separator: ", "),
                    "since": words.time(version.firstUsedMilliseconds / 1_000),
                    "calls": PageWords.count(version.calls), "role": Self.role(version),
                    "canUse": version.hasText && version.role != .active,
                    "canShadow": version.hasText && version.role == nil,
                    "isShadow": version.role == .shadow,
                    "canOpen": version.hasText,
                    "href": query.link(nil, ["version": version.version, "against": nil]),
                    "compareHref": query.link(
                        nil,
                        ["version": version.version, "against": Self.rulesInUse]
                    ) + "#difference-title",
                ]
            },
            "isEmpty": versions.isEmpty,
            "followsFile": pointers[.active]?.version == nil,
            "conversions": PageWords.count(total.conversions),
            "rate": PageWords.share(total.conversionRate),
            "rateText": MetricID.conversionRate.definition.tooltip,
            "href": query.link("/calls", ["conversion": "yes"]),
        ]
        var shown = try await desk.inUse()
        if let version = query["version"] {
            guard let found = try await desk.rules(version) else {
                throw APIError(.notFound, "There is no such version, or its text was not kept.")
            }
            shown = found
        }
        view["editor"] =
            [
                "source": shown?.source ?? "", "name": shown?.name ?? "default",
                "form": shown?.form == .text ? "text" : "yaml",
                "short": shown.map { String($0.version.prefix(12)) } ?? "",
                "echo": (shown?.rules ?? []).map { rule -> View in
                    ["rule": rule.id, "text": rule.echo]
                },
            ] as View
        if let shown {
            view["rules"] =
                query["figures"] == "1"
                ? try await figures(of: shown, scope, desk)
                : Self.figuresLink(to: shown, query)
        }
        view["rescores"] = try await rescores(by: shown, query)
        view.merge(try await difference(query, versions, shown, desk)) { $1 }
        return Page(template: .conversions, title: "Conversions", view: view)
    }

    private static let versionsMax = 50

    private static func role(_ version: RuleVersionSummary) -> String {
        version.role?.rawValue
            ?? (version.wasActive ? "replaced" : version.calls > 0 ? "in use" : "draft")
    }

    /// The next call that a person is asked to judge, without what the rules say of it.
    func labels(_ query: PageQuery) async throws -> Page {
        let person = "dashboard"
        var view: View = [:]
        for type in try await store.ruleTypes() {
            guard let sample = try await store.newestSample(ofType: type) else { continue }
            view["hasSample"] = true
            guard let task = try await store.nextLabel(of: sample.id, for: person),
                let call = try await store.call(task.call)
            else { continue }
            view["type"] = type
            view["call"] = "\(task.call.number)"
            view["sample"] = sample.id.text
            view["left"] = PageWords.count(task.left)
            view["done"] = "\(sample.entries.count - task.left)"
            view["size"] = "\(sample.entries.count)"
            view["turns"] = call.transcript.filter(\.hasWords).map { turn -> View in
                [
                    "who": turn.speaker == .caller ? "Caller" : "Agent",
                    "isCaller": turn.speaker == .caller,
                    "words": words.spoken(turn.message ?? ""),
                    "hasWords": turn.hasWords, "at": PageWords.duration(turn.secondsIn),
                ]
            }
            break
        }
        view.merge(try await measured(query)) { $1 }
        let labels = try await store.labels(limit: Self.labelsShown)
        view["rows"] = labels.map { label -> View in
            [
                "href": "/calls/\(label.call.number)", "time": words.time(label.startedUnix),
                "type": label.type, "label": label.label.rawValue, "person": label.person,
                "blind": label.isBlind ? "blind" : "open",
            ]
        }
        view["hasRows"] = !labels.isEmpty
        if let last = labels.max(by: { $0.atMilliseconds < $1.atMilliseconds }) {
            view["backHref"] = "/calls/\(last.call.number)"
        }
        return Page(template: .labels, title: "Labels", view: view)
    }

    private static let labelsShown = 30
}
