package import CallStore
import Definitions
package import Foundation

/// A report on paper: the figures, and charts of calls and conversions by day.
package struct PDFReport {
    package let title: String

    /// Below the title, such as the days it is of.
    package let subtitle: String
    private let figures: FigureReport
    private let callers: CallerFigures
    private let campaign: CampaignReport?
    private let campaignNames: [CampaignID: String]

    /// The report of a month or of other days.
    package init(
        title: String,
        subtitle: String,
        figures: FigureReport,
        callers: CallerFigures,
        campaignNames: [CampaignID: String]
    ) {
        self.title = title
        self.subtitle = subtitle
        self.figures = figures
        self.callers = callers
        self.campaignNames = campaignNames
        campaign = nil
    }

    /// The report of a campaign.
    package init(_ report: CampaignReport, subtitle: String) {
        title = "Campaign \(report.campaign.name)"
        self.subtitle = subtitle
        figures = report.figures
        callers = report.callers
        campaign = report
        campaignNames = [report.campaign.id: report.campaign.name]
    }

    /// Draws it.
    ///
    /// - Parameter created: Stands in the document; the same input gives the same bytes.
    /// - Returns: A PDF document.
    /// - Throws: `ReportError`.
    package func document(created: Date) throws -> [UInt8] {
        let stamp = created.formatted(Date.ISO8601FormatStyle(timeZone: .gmt))
        let canvas = try PDFCanvas(title: title, created: stamp)
        let pages = PDFPages(
            canvas: canvas,
            footer: "Ringback, \(stamp), days of \(figures.timeZone), definitions "
                + MetricDefinitions.known.version
        )
        pages.heading(title, subtitle)
        table(of: HeadFigures.all(of: figures, callers: callers, campaign: campaign), pages)
        PDFCharts(pages: pages).outcomes(figures.days)
        PDFCharts(pages: pages).conversions(figures.days)
        if let campaign {
            PDFCharts(pages: pages).funnel(campaign.funnel)
        } else {
            parts(
                "By campaign",
                figures.campaigns.map { part in
                    (part.key.map { campaignNames[$0] ?? "\($0)" } ?? "(none)", part.figures)
                },
                pages
            )
            parts("By agent", figures.agents.map { ($0.key, $0.figures) }, pages)
        }
        parts("By day", figures.days.map { ($0.day.description, $0.figures) }, pages)
        pages.end()
        return try canvas.finish()
    }

    private func table(of heads: [HeadFigure], _ pages: PDFPages) {
        pages.section("Figures")
        for head in heads {
            pages.row(
                [
                    .init(head.id.definition.label, 0, .left),
                    .init(head.value, 270, .right),
                    .init(head.beside, 285, .left, ink: .quiet),
                ]
            )
        }
    }

    private func parts(_ title: String, _ rows: [(String, CallFigures)], _ pages: PDFPages) {
        pages.section(title)
        let places: [Double] = [235, 285, 335, 385, 435, 499]
        let headings = ["calls", "success", "failure", "unknown", "conversions", "rate"]
        pages.row(
            zip(headings, places).map { PDFPages.Cell($0, $1, .right, ink: .quiet) }
        )
        for (name, figures) in rows {
            let cells = [
                "\(figures.calls)", "\(figures.success)", "\(figures.failure)",
                "\(figures.unknown)", "\(figures.conversions)",
                FigureText.percent(figures.conversionRate),
            ]
            let title = pages.canvas.fitted(name, width: 185, size: 9)
            pages.row(
                [PDFPages.Cell(title, 0, .left)]
                    + zip(cells, places).map { PDFPages.Cell($0, $1, .right) }
            )
        }
    }
}

/// Fills pages from the top, with a footer on each.
final class PDFPages {
    struct Cell {
        let text: String

        /// From the left margin.
        let x: Double
        let alignment: PDFCanvas.Alignment
        let ink: PDFCanvas.Ink

        init(
            _ text: String,
            _ x: Double,
            _ alignment: PDFCanvas.Alignment,
            ink: PDFCanvas.Ink = .text
        ) {
            self.text = text
            self.x = x
            self.alignment = alignment
            self.ink = ink
        }
    }

    static let rowHeight = 13.5

    let canvas: PDFCanvas
    private let footer: String
    private var page = 1

    /// Where the next thing is drawn.
    private(set) var y = PDFCanvas.margin

    init(canvas: PDFCanvas, footer: String) {
        self.canvas = canvas
        self.footer = footer
    }

    var left: Double { PDFCanvas.margin }
    var width: Double { PDFCanvas.width - 2 * PDFCanvas.margin }

    /// Begins a new page where so much does not fit any more; returns where it begins.
    func take(_ height: Double) -> Double {
        if y + height > PDFCanvas.height - PDFCanvas.margin {
            endPage()
            y = PDFCanvas.margin
        }
        defer { y += height }
        return y
    }

    func heading(_ title: String, _ subtitle: String) {
        let top = take(52)
        canvas.text(
            canvas.fitted(title, width: width, size: 20, bold: true),
            x: left,
            y: top + 18,
            size: 20,
            bold: true
        )
        canvas.text(subtitle, x: left, y: top + 36, size: 10, ink: .quiet)
    }

    func section(_ title: String) {
        // With room for three rows: a heading does not stand alone.
        let top = take(26 + 3 * Self.rowHeight)
        y -= 3 * Self.rowHeight
        canvas.text(title, x: left, y: top + 18, size: 12, bold: true)
        canvas.line(
            fromX: left,
            fromY: top + 22,
            toX: left + width,
            toY: top + 22,
            ink: .rule
        )
    }

    func row(_ cells: [Cell]) {
        let top = take(Self.rowHeight)
        for cell in cells {
            canvas.text(
                cell.text,
                x: left + cell.x,
                y: top + 10,
                size: 9,
                ink: cell.ink,
                alignment: cell.alignment
            )
        }
    }

    func end() { endPage() }

    private func endPage() {
        let base = PDFCanvas.height - PDFCanvas.margin / 2
        canvas.text(footer, x: left, y: base, size: 7.5, ink: .quiet)
        canvas.text("\(page)", x: left + width, y: base, size: 7.5, ink: .quiet, alignment: .right)
        canvas.endPage()
        page += 1
    }
}
