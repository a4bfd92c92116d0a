import CallStore
import Definitions
import Foundation
import Hummingbird
import Reports

/// Figures of calls, and what each of them means.
enum MetricEndpoints {
    static var all: [Endpoint] { [metrics, definitions] }

    static let figures: Schema = .object(
        CallFigures.counted.map {
            Schema.Member(name: $0.id.rawValue, schema: .count, isRequired: true)
        }
            + CallFigures.derived.map {
                Schema.Member(name: $0.id.rawValue, schema: .optional(.number), isRequired: true)
            }
            + [Schema.Member(name: "attributed", schema: .count, isRequired: true)]
    )

    static func json(_ figures: CallFigures) -> JSONValue {
        .object(
            CallFigures.counted.map {
                .init(name: $0.id.rawValue, value: .count($0.value(figures)))
            }
                + CallFigures.derived.map {
                    .init(
                        name: $0.id.rawValue,
                        value: $0.value(figures).map { .number($0) } ?? .null
                    )
                }
                + [.init(name: "attributed", value: .count(figures.attributed))]
        )
    }

    /// What `scope` reads.
    static let scopeParameters: [Endpoint.Parameter] = [
        .init(name: "from", schema: .text, meaning: "First day, in the zone of the reports."),
        .init(name: "to", schema: .text, meaning: "Last day."),
        .init(name: "agent", schema: .text, meaning: "Only calls of this agent."),
        .init(name: "campaign", schema: .text, meaning: "A campaign's id, or none."),
        .init(name: "voice", schema: .bool, meaning: "Whether calls of voice widgets count."),
    ]

    private static let compare = Endpoint.Parameter(
        name: "compare",
        schema: .word(Comparison.self),
        meaning: "A range that is as long to compare with; needs from and to."
    )

    private enum Comparison: String, CaseIterable {
        /// The days just before.
        case previous

        /// 52 weeks before, so that weekdays match.
        case year
    }

    private static let metrics = Endpoint(
        method: .get,
        path: "/api/v1/metrics",
        summary: "The figures of a range: sums, by day, agent and campaign.",
        query: scopeParameters + [compare],
        answer: .fields(
            ("timeZone", .text),
            ("total", figures),
            ("compared", .optional(figures)),
            ("medianDuration", .optional(.count)),
            ("p90Duration", .optional(.count)),
            ("askedSatisfaction", .optional(.number)),
            ("callsRated", .count),
            ("estimatedSatisfaction", .optional(.number)),
            ("callsEstimated", .count),
            ("callsToday", .count),
            ("callsThisWeek", .count),
            ("callsThisMonth", .count),
            ("days", .list(.fields(("date", .day), ("figures", figures)))),
            (
                "notes",
                .list(
                    .fields(
                        ("day", .day),
                        ("at", .instant),
                        ("kind", .word(FigureNote.Kind.self)),
                        ("rules", .optional(.text)),
                        ("added", .count),
                        ("withdrawn", .count),
                        ("changed", .count),
                        ("text", .text)
                    )
                )
            ),
            (
                "rebuilding",
                .optional(
                    .fields(("reason", .word(FigureRebuild.Reason.self)), ("share", .number))
                )
            ),
            ("agents", .list(.fields(("agent", .text), ("figures", figures)))),
            (
                "campaigns",
                .list(.fields(("campaignID", .optional(.identifier)), ("figures", figures)))
            )
        )
    ) { ask in
        let query = ask.query
        let scope = try scope(of: query)
        let report = try await ask.parts.store.figureReport(scope)
        var compared: CallFigures?
        if let other = try before(scope, query) {
            compared = try await ask.parts.store.figureReport(other).total
        }
        return .json(json(report, compared))
    }

    private static func json(_ report: FigureReport, _ compared: CallFigures?) -> JSONValue {
        .fields(
            ("timeZone", .text(report.timeZone)),
            ("total", json(report.total)),
            ("compared", compared.map(json) ?? .null),
            ("medianDuration", .optional(report.durations.median)),
            ("p90Duration", .optional(report.durations.p90)),
            ("askedSatisfaction", report.satisfaction.average.map { .number($0) } ?? .null),
            ("callsRated", .count(report.satisfaction.ratings)),
            (
                "estimatedSatisfaction",
                report.satisfaction.positiveShare.map { .number($0) } ?? .null
            ),
            ("callsEstimated", .count(report.satisfaction.moods)),
            ("callsToday", .count(report.callsToday)),
            ("callsThisWeek", .count(report.callsThisWeek)),
            ("callsThisMonth", .count(report.callsThisMonth)),
            (
                "days",
                .list(
                    report.days.map {
                        .fields(
                            ("date", .text($0.day.description)),
                            ("figures", json($0.figures))
                        )
                    }
                )
            ),
            ("notes", .list(report.notes.map(\.json))),
            ("rebuilding", report.rebuild.map(\.json) ?? .null),
            (
                "agents",
                .list(
                    report.agents.map {
                        .fields(("agent", .text($0.key)), ("figures", json($0.figures)))
                    }
                )
            ),
            (
                "campaigns",
                .list(
                    report.campaigns.map {
                        .fields(
                            ("campaignID", $0.key.map { .integer($0.number) } ?? .null),
                            ("figures", json($0.figures))
                        )
                    }
                )
            )
        )
    }

    static func scope(of query: Query) throws(APIError) -> FigureScope {
        var scope = FigureScope(
            from: try day("from", query),
            to: try day("to", query),
            agentID: try query.text("agent"),
            includesVoice: try query.flag("voice")
        )
        switch try query.text("campaign") {
        case nil: break
        case "none": scope.campaign = .unattributed
        case let text?:
            guard let number = Int64(text), number > 0 else {
                throw APIError(.badRequest, "campaign must be a campaign's id, or none.")
            }
            scope.campaign = .one(CampaignID(number))
        }
        return scope
    }

    private static func day(_ name: String, _ query: Query) throws(APIError) -> LocalDay? {
        guard let text = try query.text(name) else { return nil }
        guard let day = LocalDay(text) else {
            throw APIError(.badRequest, "\(name) must be a day such as 2026-05-31.")
        }
        return day
    }

    private static func before(
        _ scope: FigureScope,
        _ query: Query
    ) throws(APIError) -> FigureScope? {
        guard let comparison = try query.word("compare", as: Comparison.self) else { return nil }
        guard let from = scope.from, let to = scope.to, from <= to else {
            throw APIError(.badRequest, "compare needs from and to.")
        }
        let days = comparison == .year ? 364 : to.number - from.number + 1
        var other = scope
        other.from = from + -days
        other.to = to + -days
        return other
    }

    private static let definitions = Endpoint(
        method: .get,
        path: "/api/v1/definitions",
        summary: "What every figure means.",
        answer: .fields(
            ("version", .text),
            (
                "metrics",
                .list(
                    .fields(
                        ("id", .text),
                        ("label", .text),
                        ("unit", .text),
                        ("definition", .text),
                        ("notes", .text)
                    )
                )
            )
        )
    ) { _ in
        let known = MetricDefinitions.known
        return .json(
            .fields(
                ("version", .text(known.version)),
                (
                    "metrics",
                    .list(
                        known.metrics.map { metric in
                            .fields(
                                ("id", .text(metric.id.rawValue)),
                                ("label", .text(metric.label)),
                                ("unit", .text(metric.unit.rawValue)),
                                ("definition", .text(metric.definition)),
                                ("notes", .text(metric.notes))
                            )
                        }
                    )
                )
            )
        )
    }
}
