import CallStore
import Delivery
import Hummingbird
import Reports

/// The rules of the alerts: whether each is looked at, and from where on it fires.
enum AlertRuleEndpoints {
    static var all: [Endpoint] { [rules, set, reset, trial] }

    private static let schema = Schema.fields(
        ("rule", .word(AlertRule.self)),
        ("title", .text),
        ("on", .bool),
        ("threshold", .optional(.number)),
        ("standard", .optional(.number)),
        ("unit", .optional(.word(AlertThreshold.Unit.self))),
        ("by", .optional(.text))
    )

    private static func find(_ ask: Ask) throws -> AlertRule {
        guard let rule = AlertRule(rawValue: try ask.word("name")) else {
            throw APIError(.notFound, "There is no rule of this name.")
        }
        return rule
    }

    /// The setting that is sent, on top of what is set.
    private static func setting(
        _ sent: Sent,
        of rule: AlertRule,
        over old: AlertSetting?,
        _ ask: Ask
    ) throws(APIError) -> AlertSetting {
        do throws(StoreError) {
            return try rule.setting(
                isOn: sent.on ?? old?.isOn ?? true,
                threshold: sent.threshold ?? old?.threshold,
                by: ask.person
            )
        } catch {
            throw APIError(.refused, "The threshold is not taken: \(error).")
        }
    }

    private static func answer(_ rule: AlertRule, _ ask: Ask) async throws -> Response {
        .json(JSONValue(AlertRuleRow(rule, try await ask.parts.store.alertSettings()).fields))
    }

    private static let rules = Endpoint(
        method: .get,
        path: "/api/v1/alerts/rules",
        summary: "The rules of the alerts, as they are set.",
        answer: .page(schema)
    ) { ask in
        let settings = try await ask.parts.store.alertSettings()
        let items = AlertRule.allCases.map { JSONValue(AlertRuleRow($0, settings).fields) }
        return .page(items, next: nil, ask.query)
    }

    private struct Sent: Decodable {
        var on: Bool?
        var threshold: Double?
    }

    private static let set = Endpoint(
        method: .patch,
        path: "/api/v1/alerts/rules/{name}",
        summary: "Switch a rule on or off, or say from where on it fires, in its own unit.",
        body: .sent([], optional: [("on", .bool), ("threshold", .number)]),
        answer: schema
    ) { ask in
        let sent = try await ask.body(Sent.self)
        let rule = try find(ask)
        let store = ask.parts.store
        let old = try await store.alertSettings().first { $0.rule == rule.rawValue }
        let setting = try setting(sent, of: rule, over: old, ask)
        try await store.write { try $0.set(setting) }
        return try await answer(rule, ask)
    }

    private static let reset = Endpoint(
        method: .delete,
        path: "/api/v1/alerts/rules/{name}",
        summary: "Let a rule be as it is shipped.",
        answer: schema
    ) { ask in
        let rule = try find(ask)
        let person = ask.person
        try await ask.parts.store.write { _ = try $0.resetAlert(rule.rawValue, by: person) }
        return try await answer(rule, ask)
    }

    // MARK: Before it is set

    private struct Tried: Decodable {
        var on: Bool?
        var threshold: Double?
        var shipped: Bool?
    }

    private static let side = Schema.fields(
        ("on", .bool),
        ("threshold", .optional(.number)),
        ("firing", .optional(.bool))
    )

    private static let trial = Endpoint(
        method: .post,
        path: "/api/v1/alerts/rules/{name}/trial",
        summary: "Say what a rule would find now if it were set so, or as shipped; nothing is set.",
        body: .sent(
            [],
            optional: [("on", .bool), ("threshold", .number), ("shipped", .bool)]
        ),
        answer: .fields(("before", side), ("after", side), ("text", .text))
    ) { ask in
        let tried = try await ask.body(Tried.self)
        let rule = try find(ask)
        let parts = ask.parts
        let old = try await parts.store.alertSettings().first { $0.rule == rule.rawValue }
        let sent = Sent(on: tried.on, threshold: tried.threshold)
        let new = tried.shipped == true ? nil : try setting(sent, of: rule, over: old, ask)
        let facts = try await AlertGathering(
            store: parts.store,
            queues: parts.queues,
            ambient: parts.ambient,
            costMax: parts.places.alertCost
        ).facts()
        let before = Side(rule, old, facts)
        let after = Side(rule, new, facts)
        let figures = (after.verdict ?? before.verdict).map { " " + $0.text } ?? ""
        return .json(
            .fields(
                ("before", before.json),
                ("after", after.json),
                (
                    "text",
                    .text(
                        "Before: \(before.words). After: \(after.words).\(figures) Nothing is "
                            + "counted anew; the next check goes by it."
                    )
                )
            )
        )
    }

    /// A rule as it is or would be set, with what it finds.
    private struct Side {
        let row: AlertRuleRow
        let verdict: AlertVerdict?

        init(_ rule: AlertRule, _ setting: AlertSetting?, _ facts: AlertFacts) {
            row = AlertRuleRow(rule, setting.map { [$0] } ?? [])
            verdict = facts.verdict(of: rule, setAs: setting)
        }

        var words: String {
            guard let verdict else { return "off" }
            let from = row.words.map { " from \($0)" } ?? ""
            let finds = verdict.isFiring.map { $0 ? "fires now" : "quiet now" } ?? "cannot tell now"
            return "on\(from), \(finds)"
        }

        var json: JSONValue {
            .fields(
                ("on", .bool(row.isOn)),
                ("threshold", row.threshold.map { .number($0) } ?? .null),
                ("firing", (verdict?.isFiring).map { .bool($0) } ?? .null)
            )
        }
    }
}
