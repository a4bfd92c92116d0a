import CallStore
import Delivery
import Hummingbird
import Reports

/// The rules of the alerts: whether each is looked at, and from where on it fires.
enum AlertRuleEndpoints {
    static var all: [Endpoint] { [rules, set, reset] }

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
        let setting: AlertSetting
        do throws(StoreError) {
            setting = try rule.setting(
                isOn: sent.on ?? old?.isOn ?? true,
                threshold: sent.threshold ?? old?.threshold,
                by: ask.person
            )
        } catch {
            throw APIError(.refused, "The threshold is not taken: \(error).")
        }
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
}
