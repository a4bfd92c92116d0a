import Ambient
import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// How good the rules of a version are, one by one, and what they count.
enum RuleFigureEndpoints {
    static var all: [Endpoint] { [figures] }

    private static let share = Schema.optional(
        .fields(("value", .number), ("low", .number), ("high", .number))
    )

    private static func json(_ share: Share?) -> JSONValue {
        guard let share else { return .null }
        return .fields(
            ("value", .number(share.value)),
            ("low", .number(share.low)),
            ("high", .number(share.high))
        )
    }

    private static let figures = Endpoint(
        method: .get,
        path: "/api/v1/rules/{name}/figures",
        summary: "Each rule of a version: precision and recall by the labels, hits, value.",
        query: [
            .init(name: "from", schema: .day, meaning: "First day of the hits."),
            .init(name: "to", schema: .day, meaning: "Last day of the hits."),
            .init(name: "agent", schema: .text, meaning: "Hits of this agent."),
            .init(name: "campaign", schema: .text, meaning: "Hits of this campaign, or none."),
            .init(name: "voice", schema: .bool, meaning: "Whether widgets count as calls."),
        ],
        answer: .fields(
            ("version", .text),
            ("days", .count),
            (
                "rules",
                .list(
                    .fields(
                        ("rule", .text),
                        ("type", .text),
                        ("labelled", .count),
                        ("precision", share),
                        ("recall", share),
                        ("hits", .count),
                        ("hitsPerDay", .number),
                        ("value", .optional(.text)),
                        ("worth", .list(.text))
                    )
                )
            )
        )
    ) { ask in
        let scope = try MetricEndpoints.scope(of: ask.query)
        let rules = try await RuleEndpoints.find(ask)
        let zone = TimeZone(identifier: try await ask.parts.store.reportZone()) ?? .gmt
        let now = Int64(ask.parts.ambient.now().timeIntervalSince1970)
        let found = try await RuleDesk(parts: ask.parts).figures(
            of: rules,
            in: scope,
            today: PageWords(zone: zone, nowUnix: now).today
        )
        return .json(
            .fields(
                ("version", .text(rules.version)),
                ("days", .count(found.days)),
                ("rules", .list(found.rules.map(json)))
            )
        )
    }

    private static func json(_ one: RuleDesk.Figures) -> JSONValue {
        .fields(
            ("rule", .text(one.rule.id)),
            ("type", .text(one.rule.type)),
            ("labelled", .count(one.report.labelled)),
            ("precision", json(one.report.precision)),
            ("recall", json(one.report.recall)),
            ("hits", .count(one.hits)),
            ("hitsPerDay", .number(one.perDay)),
            ("value", .optional(one.rule.valueText)),
            ("worth", .list(one.worth.map { .text($0.text) }))
        )
    }
}
