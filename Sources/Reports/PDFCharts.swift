import CallStore
import Definitions
import Foundation

/// Charts of a report; each says in words what it shows.
struct PDFCharts {
    static let height = 120.0

    let pages: PDFPages

    private var canvas: PDFCanvas { pages.canvas }

    /// Calls by day, stacked by outcome.
    func outcomes(_ days: [FigureReport.Day]) {
        let inks: [(MetricID, PDFCanvas.Ink, (CallFigures) -> Int)] = [
            (.success, .success, { $0.success }), (.failure, .failure, { $0.failure }),
            (.unknown, .unknown, { $0.unknown }), (.pending, .pending, { $0.pending }),
        ]
        let bars = Self.filled(days).map { day in
            (day: day.day, values: inks.map { ($0.2(day.figures), $0.1) })
        }
        chart(
            MetricID.callsByDay.definition.label,
            takeaway(days, "calls") { $0.calls },
            bars,
            legend: inks.map { ($0.0.definition.label, $0.1) }
        )
    }

    /// Conversions by day.
    func conversions(_ days: [FigureReport.Day]) {
        let bars = Self.filled(days).map { day in
            (day: day.day, values: [(day.figures.conversions, PDFCanvas.Ink.conversion)])
        }
        chart(
            MetricID.conversionsByDay.definition.label,
            takeaway(days, "conversions") { $0.conversions },
            bars,
            legend: []
        )
    }

    /// The totals of a funnel as bars, each with its own length: none is cut to the one before.
    func funnel(_ funnel: Funnel) {
        pages.section("Funnel")
        pages.row([
            .init(
                "Totals of each step by itself; a step may exceed the one before, for people call "
                    + "without scanning.",
                0,
                .left,
                ink: .quiet
            )
        ])
        let most = max(1, funnel.totals.compactMap(\.events).max() ?? 1)
        for (total, same) in zip(funnel.totals, funnel.samePeople) {
            let top = pages.take(18)
            canvas.text(total.step.rawValue, x: pages.left, y: top + 11, size: 9)
            guard let events = total.events else {
                canvas.text(
                    "not measured",
                    x: pages.left + 80,
                    y: top + 11,
                    size: 9,
                    ink: .quiet
                )
                continue
            }
            let width = 240 * Double(events) / Double(most)
            canvas.fill(x: pages.left + 80, y: top + 2, width: width, height: 11, ink: .success)
            let recipients = total.recipients.map { ", \($0) recipients" } ?? ""
            let people = same.recipients.map { ", \($0) the same people" } ?? ""
            canvas.text(
                "\(events)\(recipients)\(people)",
                x: pages.left + 86 + width,
                y: top + 11,
                size: 9
            )
        }
    }

    private func takeaway(
        _ days: [FigureReport.Day],
        _ what: String,
        _ value: (CallFigures) -> Int
    ) -> String {
        guard let most = days.max(by: { value($0.figures) < value($1.figures) }),
            value(most.figures) > 0
        else { return "No \(what)." }
        let sum = days.reduce(0) { $0 + value($1.figures) }
        return "\(sum) \(what); the most on \(most.day), \(value(most.figures))."
    }

    /// With the days on which nothing happened, as far as the paper is wide enough for them.
    static func filled(_ days: [FigureReport.Day]) -> [FigureReport.Day] {
        guard let first = days.first?.day, let last = days.last?.day,
            last.number - first.number < 400
        else { return days }
        let known = Dictionary(uniqueKeysWithValues: days.map { ($0.day, $0.figures) })
        return (first.number...last.number).map { number in
            let day = LocalDay(number)
            return FigureReport.Day(day: day, figures: known[day] ?? CallFigures())
        }
    }

    private func chart(
        _ title: String,
        _ takeaway: String,
        _ bars: [(day: LocalDay, values: [(Int, PDFCanvas.Ink)])],
        legend: [(String, PDFCanvas.Ink)]
    ) {
        let top = pages.take(Self.height + 78)
        canvas.text(title, x: pages.left, y: top + 18, size: 12, bold: true)
        canvas.text(takeaway, x: pages.left, y: top + 32, size: 9, ink: .quiet)
        var x = pages.left + pages.width - 62 * Double(legend.count)
        for (name, ink) in legend {
            canvas.fill(x: x, y: top + 25, width: 8, height: 8, ink: ink)
            canvas.outline(x: x, y: top + 25, width: 8, height: 8, ink: .quiet)
            canvas.text(name, x: x + 11, y: top + 32, size: 8)
            x += 62
        }
        let base = top + 40 + Self.height
        let most = max(1, bars.map { $0.values.reduce(0) { $0 + $1.0 } }.max() ?? 1)
        canvas.line(
            fromX: pages.left,
            fromY: base,
            toX: pages.left + pages.width,
            toY: base,
            ink: .quiet
        )
        canvas.line(
            fromX: pages.left,
            fromY: base - Self.height,
            toX: pages.left + pages.width,
            toY: base - Self.height,
            ink: .rule
        )
        canvas.text("\(most)", x: pages.left, y: base - Self.height - 3, size: 7.5, ink: .quiet)
        guard let first = bars.first, let last = bars.last else { return }
        let step = pages.width / Double(bars.count)
        for (index, bar) in bars.enumerated() {
            var foot = base
            for (value, ink) in bar.values where value > 0 {
                let height = Self.height * Double(value) / Double(most)
                canvas.fill(
                    x: pages.left + Double(index) * step,
                    y: foot - height,
                    width: max(step * 0.8, 0.4),
                    height: height,
                    ink: ink
                )
                foot -= height
            }
        }
        canvas.text(first.day.description, x: pages.left, y: base + 11, size: 7.5, ink: .quiet)
        canvas.text(
            last.day.description,
            x: pages.left + pages.width,
            y: base + 11,
            size: 7.5,
            ink: .quiet,
            alignment: .right
        )
    }
}
