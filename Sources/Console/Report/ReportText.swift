import CallStore
import Definitions
import Foundation
import Reports

/// A report as text and as JSON; both name figures by their definitions.
struct ReportText {
    enum Content {
        case overview(
            FigureReport,
            callers: CallerFigures,
            campaignNames: [CampaignID: String]
        )
        case campaign(CampaignReport)
    }

    private let content: Content
    private let scopeText: [String: String]

    init(_ content: Content, scopeText: [String: String]) {
        self.content = content
        self.scopeText = scopeText
    }

    private var figures: FigureReport {
        switch content {
        case .overview(let report, _, _): report
        case .campaign(let report): report.figures
        }
    }

    private var callers: CallerFigures {
        switch content {
        case .overview(_, let callers, _): callers
        case .campaign(let report): report.callers
        }
    }

    /// The same as a document.
    var paper: PDFReport {
        let days = figures.days
        let subtitle =
            scopeText.isEmpty && days.isEmpty
            ? "No calls"
            : "\(scopeText["from"] ?? days.first?.day.description ?? "") to "
                + "\(scopeText["to"] ?? days.last?.day.description ?? ""), \(figures.timeZone)"
        switch content {
        case .overview(let report, let callers, let names):
            return PDFReport(
                title: scopeText["agent"].map { "Calls of \($0)" } ?? "Calls",
                subtitle: subtitle,
                figures: report,
                callers: callers,
                campaignNames: names
            )
        case .campaign(let report): return PDFReport(report, subtitle: subtitle)
        }
    }

    // MARK: JSON

    var json: JSONValue {
        var fields: [JSONValue.Field] = [
            .init(name: "timeZone", value: .text(figures.timeZone)),
            .init(name: "definitions", value: .text(MetricDefinitions.known.version)),
            .init(
                name: "scope",
                value: .object(
                    scopeText.sorted { $0.key < $1.key }
                        .map { .init(name: $0.key, value: .text($0.value)) }
                )
            ),
            .init(name: "figures", value: .object(headFields)),
            .init(name: "days", value: .list(figures.days.map(Self.json))),
            .init(name: "notes", value: .list(figures.notes.map(\.json))),
            .init(name: "rebuilding", value: figures.rebuild.map(\.json) ?? .null),
        ]
        switch content {
        case .overview(let report, _, let names):
            fields.append(
                .init(
                    name: "agents",
                    value: .list(report.agents.map { Self.json($0, "agent", .text($0.key)) })
                )
            )
            fields.append(
                .init(
                    name: "campaigns",
                    value: .list(
                        report.campaigns.map { part in
                            Self.json(part, "campaign", .optional(part.key.flatMap { names[$0] }))
                        }
                    )
                )
            )
        case .campaign(let report):
            fields.append(.init(name: "campaign", value: .text(report.campaign.name)))
            fields.append(
                .init(
                    name: "funnel",
                    value: .fields(
                        ("totals", .list(report.funnel.totals.map(Self.json))),
                        ("samePeople", .list(report.funnel.samePeople.map(Self.json)))
                    )
                )
            )
        }
        return .object(fields)
    }

    private static func json(_ count: FunnelCount) -> JSONValue {
        .fields(
            ("step", .text(count.step.rawValue)),
            ("events", .optional(count.events)),
            ("recipients", .optional(count.recipients))
        )
    }

    private static func json(_ day: FigureReport.Day) -> JSONValue {
        .object(
            [.init(name: "day", value: .text(day.day.description))] + fields(of: day.figures)
        )
    }

    private static func json<Key>(
        _ part: FigureReport.Part<Key>,
        _ name: String,
        _ key: JSONValue
    ) -> JSONValue {
        .object([.init(name: name, value: key)] + fields(of: part.figures))
    }

    private static func fields(of figures: CallFigures) -> [JSONValue.Field] {
        CallFigures.counted.map { .init(name: $0.id.rawValue, value: .count($0.value(figures))) }
            + CallFigures.derived.map {
                .init(name: $0.id.rawValue, value: $0.value(figures).map(JSONValue.number) ?? .null)
            }
    }

    private var headFields: [JSONValue.Field] {
        func field(_ id: MetricID, _ value: JSONValue) -> JSONValue.Field {
            .init(name: id.rawValue, value: value)
        }
        var fields = Self.fields(of: figures.total)
        fields += [
            field(.conversations, .count(figures.total.conversations)),
            field(.uniqueCallers, .count(callers.unique)),
            field(.anonymousCalls, .count(callers.anonymousCalls)),
            field(
                .callerConversionRate,
                callers.conversionRate.map(JSONValue.number) ?? .null
            ),
            field(.callsToday, .count(figures.callsToday)),
            field(.callsThisWeek, .count(figures.callsThisWeek)),
            field(.callsThisMonth, .count(figures.callsThisMonth)),
            field(.askedSatisfaction, figures.satisfaction.average.map(JSONValue.number) ?? .null),
            .init(name: "callsRated", value: .count(figures.satisfaction.ratings)),
            field(
                .estimatedSatisfaction,
                figures.satisfaction.positiveShare.map(JSONValue.number) ?? .null
            ),
            .init(name: "callsEstimated", value: .count(figures.satisfaction.moods)),
            field(.medianDuration, .optional(figures.durations.median)),
            field(.p90Duration, .optional(figures.durations.p90)),
            .init(
                name: "callsWithoutCost",
                value: .count(figures.total.calls - figures.total.microdollarsKnown)
            ),
        ]
        if case .campaign(let report) = content {
            fields.append(
                field(
                    .mediaCost,
                    report.mediaCost.map {
                        .fields(("amount", .number($0.amount)), ("currency", .text($0.currency)))
                    } ?? .null
                )
            )
            fields.append(
                field(
                    .costPerConversion,
                    report.costPerConversion.map(JSONValue.number) ?? .null
                )
            )
        }
        return fields
    }

    // MARK: Text

    var text: String {
        var text = "\(title)\n\n\(heads.rendered())"
        if let rebuild = figures.rebuild { text += "\n\(rebuild.text)\n" }
        for note in figures.notes { text += "\n\(note.day): \(note.text)\n" }
        if case .campaign(let report) = content { text += "\n" + Self.funnel(report.funnel) }
        text += "\nBy day (\(figures.timeZone))\n"
        text += Self.table("DAY", figures.days.map { ($0.day.description, $0.figures) })
        if case .overview(let report, _, let names) = content {
            text += "\nBy agent\n" + Self.table("AGENT", report.agents.map { ($0.key, $0.figures) })
            text += "\nBy campaign\n"
            text += Self.table(
                "CAMPAIGN",
                report.campaigns.map { part in
                    (part.key.map { names[$0] ?? "\($0)" } ?? "(none)", part.figures)
                }
            )
        }
        return text
    }

    private var title: String {
        switch content {
        case .overview:
            let scope = scopeText.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return "Calls"
                + (scope.isEmpty ? ", last 28 days" : ": " + scope.joined(separator: ", "))
        case .campaign(let report): return "Campaign \(report.campaign.name)"
        }
    }

    private var heads: Table {
        let campaign: CampaignReport? =
            if case .campaign(let report) = content { report } else { nil }
        var table = Table(.init("FIGURE"), .init("VALUE", .right), .init("OF"))
        for head in HeadFigures.all(of: figures, callers: callers, campaign: campaign) {
            table.add(head.id.definition.label, head.value, head.beside)
        }
        return table
    }

    private static func funnel(_ funnel: Funnel) -> String {
        var table = Table(
            .init("STEP"),
            .init("EVENTS", .right),
            .init("RECIPIENTS", .right),
            .init("SAME PEOPLE", .right)
        )
        for (total, same) in zip(funnel.totals, funnel.samePeople) {
            table.add(
                total.step.rawValue,
                total.events.map(String.init) ?? "not measured",
                total.recipients.map(String.init) ?? "not measured",
                same.recipients.map(String.init) ?? "not measured"
            )
        }
        return "Funnel\n" + table.rendered()
            + "Events and recipients are totals of each step by itself; a step may exceed the one "
            + "before,\nfor people call without scanning. Same people are recipients with a token "
            + "of their own, in order,\nwhose window opened in these days.\n"
    }

    private static func table(_ heading: String, _ rows: [(String, CallFigures)]) -> String {
        var table = Table(
            .init(heading),
            .init("CALLS", .right),
            .init("SUCCESS", .right),
            .init("FAILURE", .right),
            .init("UNKNOWN", .right),
            .init("PENDING", .right),
            .init("EXCLUDED", .right),
            .init("CONVERSIONS", .right),
            .init("RATE", .right)
        )
        for (name, figures) in rows {
            table.add(
                name,
                "\(figures.calls)",
                "\(figures.success)",
                "\(figures.failure)",
                "\(figures.unknown)",
                "\(figures.pending)",
                "\(figures.excluded)",
                "\(figures.conversions)",
                FigureText.percent(figures.conversionRate)
            )
        }
        return table.rendered(none: "No calls.")
    }
}
