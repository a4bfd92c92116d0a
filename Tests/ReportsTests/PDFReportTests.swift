import CallStore
import Definitions
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Reports on paper")
struct PDFReportTests {
    private static func report(days: Int) -> FigureReport {
        var all: [FigureReport.Day] = []
        for number in 0..<days {
            var figures = CallFigures()
            figures.success = number % 7
            figures.failure = 2
            figures.qualified = 4
            figures.conversions = number % 3
            all.append(FigureReport.Day(day: LocalDay(20_700 + number), figures: figures))
        }
        let total = all.map(\.figures).reduce(CallFigures(), +)
        return FigureReport(
            timeZone: "Europe/Berlin",
            total: total,
            durations: DurationFigures(calls: 9, average: 161, median: 122, p90: 300),
            days: all,
            agents: [FigureReport.Part(key: "agent_reception", figures: total)],
            campaigns: [
                FigureReport.Part(key: CampaignID(1), figures: total),
                FigureReport.Part(key: nil, figures: CallFigures()),
            ],
            callsToday: 3,
            callsThisWeek: 4,
            callsThisMonth: 5,
            today: LocalDay(20_800)
        )
    }

    private static let callers = CallerFigures(
        unique: 7,
        anonymousCalls: 1,
        qualified: 6,
        converting: 2
    )

    private static func month(days: Int, name: String = "Spring") -> PDFReport {
        PDFReport(
            title: "Calls",
            subtitle: "2026-10-01 to 2026-10-31",
            figures: report(days: days),
            callers: callers,
            campaignNames: [CampaignID(1): name]
        )
    }

    /// What a reader of PDF finds in the document, as it is laid out.
    private static func text(_ document: [UInt8]) async throws -> String {
        let folder = try ScratchFolder()
        let file = folder.url.appending(path: "report.pdf")
        try Data(document).write(to: file)
        let text = try await OtherProgram.run(["pdftotext", "-layout", file.path, "-"])
        return String(decoding: text, as: UTF8.self)
    }

    private static func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("holds the figures that a terminal shows, on as many pages as they need")
    func figures() async throws {
        let document = try Self.month(days: 31).document(created: Date(timeIntervalSince1970: 0))
        #expect(document.prefix(5) == Array("%PDF-".utf8)[...])
        let text = try await Self.text(document)
        let words = Self.words(text)
        let heads = HeadFigures.all(of: Self.report(days: 31), callers: Self.callers)
        for head in heads {
            let line = [head.id.definition.label, head.value, head.beside]
                .filter { !$0.isEmpty }.joined(separator: " ")
            #expect(words.contains(line), "\(line)")
        }
        for part in ["Calls by day", "Conversions by day", "agent_reception", "Spring", "(none)"] {
            #expect(words.contains(part), "\(part)")
        }
        let days = (20_700..<20_731).map { LocalDay($0).description }
        #expect(days.allSatisfy { words.contains($0) })
        #expect(text.contains("days of Europe/Berlin"))
        #expect(text.count { $0 == "\u{0C}" } >= 2)
    }

    @Test("gives the same bytes for the same figures")
    func same() throws {
        let created = Date(timeIntervalSince1970: 1_794_700_000)
        let first = try Self.month(days: 31).document(created: created)
        #expect(try Self.month(days: 31).document(created: created) == first)
        #expect(try Self.month(days: 30).document(created: created) != first)
    }

    private static func mailing(_ cost: CampaignCost) -> CampaignReport {
        CampaignReport(
            campaign: Campaign(
                id: CampaignID(1),
                name: "Spring \u{0} mailer, \"große\" Post",
                channel: .mail,
                windowDays: 90,
                status: .running,
                createdMilliseconds: 1
            ),
            figures: Self.report(days: 3),
            callers: Self.callers,
            funnel: Funnel(
                totals: [
                    FunnelCount(step: .sent, events: 10_000, recipients: 9_900),
                    FunnelCount(step: .delivered, events: nil, recipients: nil),
                    FunnelCount(step: .scans, events: 12, recipients: 10),
                    FunnelCount(step: .pageViews, events: 40, recipients: nil),
                    FunnelCount(step: .calls, events: 421, recipients: 400),
                    FunnelCount(step: .conversions, events: 61, recipients: 60),
                ],
                samePeople: FunnelStep.allCases.map {
                    FunnelCount(step: $0, events: 5, recipients: 5)
                }
            ),
            cost: cost
        )
    }

    @Test("says of the cost per conversion that it is of all days, with its parts")
    func cost() throws {
        let report = Self.mailing(
            CampaignCost(
                media: Money(micros: 9_750_000_000, currency: "USD"),
                agent: 250,
                conversions: 100
            )
        )
        let heads = HeadFigures.all(of: report.figures, callers: report.callers, campaign: report)
        let head = try #require(heads.first { $0.id == .costPerConversion })
        #expect(head.value == "100.00 USD")
        #expect(head.beside == "all days: 100 conversions, agent cost 250.00 USD")
        let none = HeadFigures.all(
            of: report.figures,
            callers: report.callers,
            campaign: Self.mailing(CampaignCost(agent: 250))
        )
        #expect(none.last?.id == .costPerConversion)
        #expect(none.last?.value == "-" && none.last?.beside.isEmpty == true)
    }

    @Test("draws a campaign's funnel, uncut and with what nobody measured")
    func campaign() async throws {
        let report = Self.mailing(
            CampaignCost(media: Money(micros: 1_250_500_000, currency: "EUR"))
        )
        let document = try PDFReport(report, subtitle: "all days").document(created: .distantPast)
        let words = Self.words(try await Self.text(document))
        for part in [
            "große", "delivered not measured", "scans 12, 10 recipients",
            "calls 421, 400 recipients", "Media cost 1250.50 EUR", "Cost per conversion -",
        ] { #expect(words.contains(part), "\(part)") }
    }

    @Test("draws nothing, years, and names that no line is wide enough for")
    func edges() async throws {
        for days in [0, 1, 400, 2_000] {
            let long = String(repeating: "W", count: 500)
            let document = try Self.month(days: days, name: long).document(created: .distantPast)
            let words = Self.words(try await Self.text(document))
            #expect(words.contains("By campaign"))
        }
    }
}
