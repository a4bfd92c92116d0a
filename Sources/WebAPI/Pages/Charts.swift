import CallStore
import Definitions
import Reports

/// Calls by day: the table that the chart is drawn from, and its sentence.
struct DayChart {
    let view: View

    private struct Bar {
        var day: LocalDay
        var label: String
        var figures = CallFigures()
        var isOpen = false
    }

    init(
        _ report: FigureReport,
        _ words: PageWords,
        _ query: PageQuery,
        notes: [DayNote] = []
    ) {
        let days = query.days(today: report.today)
        let first = days.from ?? report.days.first?.day ?? days.to
        let isByWeek = days.to.number - first.number >= WebLimits.chartDaysMax
        var bars: [Bar] = []
        var next = report.days.startIndex
        var day = first
        while day <= days.to {
            let start = isByWeek ? day.weekStart : day
            if bars.last?.day != start {
                bars.append(Bar(day: start, label: PageWords.short(start, today: report.today)))
            }
            if next < report.days.endIndex, report.days[next].day == day {
                bars[bars.count - 1].figures =
                    bars[bars.count - 1].figures
                    + report.days[next].figures
                next += 1
            }
            // Today is not over.
            if day == report.today { bars[bars.count - 1].isOpen = true }
            day = day + 1
        }
        // What people noted, and what changed the figures by itself.
        let said = notes.map { ($0.day, $0.text) } + report.notes.map { ($0.day, $0.text) }
        let marks = Dictionary(
            said.map { day, text in (isByWeek ? day.weekStart : day, text) },
            uniquingKeysWith: { "\($0); \($1)" }
        )
        view = [
            "title": MetricID.callsByDay.definition.label,
            "text": MetricID.callsByDay.definition.tooltip,
            "takeaway": Self.takeaway(bars, report, isByWeek),
            "unit": isByWeek ? "Week of" : "Day",
            "rows": bars.map { bar -> View in
                var row: View = [
                    "day": bar.day.description, "label": bar.label,
                    "success": bar.figures.success, "failure": bar.figures.failure,
                    "unknown": bar.figures.unknown, "pending": bar.figures.pending,
                    "calls": bar.figures.calls, "conversions": bar.figures.conversions,
                    "isOpen": bar.isOpen,
                ]
                if let mark = marks[bar.day] { row["mark"] = mark }
                return row
            },
            "notes": report.notes.map { note -> View in
                [
                    "day": PageWords.short(note.day, today: report.today), "text": note.text,
                ]
            },
            "rebuild": report.rebuild?.text ?? "",
            "isRebuilding": report.rebuild != nil,
        ]
    }

    private static func takeaway(
        _ bars: [Bar],
        _ report: FigureReport,
        _ isByWeek: Bool
    ) -> String {
        let calls =
            PageWords.count(report.total.calls, "call") + ", "
            + PageWords.count(report.total.conversions, "conversion")
        guard let most = bars.max(by: { $0.figures.calls < $1.figures.calls }),
            most.figures.calls > 0
        else { return calls + "." }
        let unit = isByWeek ? "in the week of" : "on"
        return "\(calls); most \(unit) \(most.label) (\(PageWords.count(most.figures.calls)))."
            + (isByWeek ? " Shown by week, since the range is long." : "")
    }
}

/// The four outcomes as one bar and a list.
struct OutcomeBar {
    let view: View

    init(_ total: CallFigures, _ query: PageQuery) {
        let parts: [(MetricID, Int)] = [
            (.success, total.success), (.failure, total.failure), (.unknown, total.unknown),
            (.pending, total.pending),
        ]
        var left = 0.0
        let views = parts.map { id, count -> View in
            let width = total.calls == 0 ? 0 : Double(count) / Double(total.calls) * 100
            defer { left += width }
            return [
                "name": id.rawValue, "label": id.definition.label,
                "count": PageWords.count(count),
                "share": PageWords.share(count, of: total.calls),
                "x": Self.percent(left), "width": Self.percent(width),
                "href": query.link("/calls", ["outcome": id.rawValue]),
                "text": id.definition.tooltip,
            ]
        }
        view = [
            "parts": views, "total": PageWords.count(total.calls),
            "takeaway": "Successful: \(PageWords.share(total.success, of: total.calls)) of "
                + PageWords.count(total.calls, "call") + ".",
        ]
    }

    static func percent(_ number: Double) -> String {
        "\((number * 100).rounded() / 100)%"
    }
}

/// The steps of a funnel as bars, each with its share of the first.
struct FunnelBars {
    let views: [View]

    static func label(_ step: FunnelStep) -> String {
        (metrics[step] ?? .calls).definition.label
    }

    private static let metrics: [FunnelStep: MetricID] = [
        .sent: .sent, .delivered: .delivered, .scans: .scans, .pageViews: .pageViews,
        .calls: .calls, .conversions: .conversions,
    ]

    /// Why a step has no number.
    private static let missing: [FunnelStep: String] = [
        .sent: "no recipients", .delivered: "deliveries not imported",
        .scans: "scans not connected", .pageViews: "page views not connected",
    ]

    /// - Parameters:
    ///   - steps: Counts by step; those that are missing were not measured.
    ///   - shown: Which steps, in which order.
    ///   - medians: Seconds from the step before, where the steps are of the same people.
    ///   - link: Where the people or calls of a step are listed.
    init(
        _ steps: [FunnelStep: Int],
        shown: [FunnelStep] = FunnelStep.allCases,
        medians: [FunnelStep: Int]? = nil,
        link: (FunnelStep) -> String? = { _ in nil }
    ) {
        let base = steps[.sent] ?? steps[.delivered]
        let widest = steps.values.max() ?? 0
        var before: Int?
        views = shown.map { step in
            let metric = (Self.metrics[step] ?? .calls).definition
            guard let count = steps[step] else {
                return [
                    "name": step.rawValue, "label": metric.label, "text": metric.tooltip,
                    "isMissing": true, "count": "–",
                    "missingText": Self.missing[step] ?? "not counted",
                    "width": OutcomeBar.percent(0),
                ]
            }
            let width = widest == 0 ? 0 : Double(count) / Double(widest) * 100
            var view: View = [
                "name": step.rawValue, "label": metric.label, "text": metric.tooltip,
                "count": PageWords.count(count), "width": OutcomeBar.percent(width),
            ]
            if let href = link(step) { view["listHref"] = href }
            if let base, base > 0 { view["share"] = PageWords.share(count, of: base) }
            if let medians {
                if let before, before > 0, count <= before {
                    view["drop"] = "−\(PageWords.share(before - count, of: before))"
                }
                if let median = medians[step] { view["median"] = PageWords.span(median) }
                before = count
            }
            return view
        }
    }
}
