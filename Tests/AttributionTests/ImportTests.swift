import Attribution
import CallStore
import Foundation
import PhoneNumbers
import TestSupport
import Testing

@Suite("Importing lists and touches")
struct ImportTests {
    private static let header = "campaign,channel,recipient,name,phone,sent_at,delivered_at\n"

    /// A folder with one file.
    private static func file(_ text: String) throws -> (folder: ScratchFolder, path: String) {
        let folder = try ScratchFolder()
        try folder.write(text, to: "list.csv")
        return (folder, folder.file("list.csv"))
    }

    private static func row(
        _ reference: String,
        _ phone: String,
        _ campaign: String = "Spring"
    )
        -> String
    {
        "\(campaign),mail,\(reference),,\(phone),,2026-02-28T08:00:00Z\n"
    }

    private static func task(
        _ bench: AttributionBench,
        region: String = "DE",
        addsPlus: Bool? = nil,
        holdout: Holdout? = nil,
        isDryRun: Bool = false
    ) -> RecipientsImport {
        RecipientsImport(
            store: bench.store,
            region: region,
            createsCampaigns: true,
            isDryRun: isDryRun,
            addsPlus: addsPlus,
            holdout: holdout,
            person: "ana"
        )
    }

    /// German mobiles; so many of ten have lost their plus.
    private static func german(lost: Int) -> String {
        header
            + (0..<10).map { index in
                let digits = "491511234567\(index)"
                return row("r\(index)", index < lost ? digits : "+" + digits)
            }.joined()
    }

    @Test("asks from four of five on whether a plus was lost", arguments: [(7, false), (8, true)])
    func asksForPlus(lost: Int, asks: Bool) async throws {
        try await AttributionBench.run { bench in
            let (folder, path) = try Self.file(Self.german(lost: lost))
            defer { withExtendedLifetime(folder) {} }
            let survey = try await Self.task(bench).survey(path)
            #expect(survey.rows == 10)
            #expect(survey.withoutPlus == lost)
            #expect(survey.asksForPlus == asks)
            #expect(survey.examples.first?.without == "+494915112345670")
            #expect(survey.examples.first?.with == "+4915112345670")
            if asks {
                await #expect(throws: RecipientsFileError.plusUnanswered(share: 0.8)) {
                    try await Self.task(bench).run(path)
                }
                #expect(try await bench.store.campaignFigures().isEmpty)
            }
        }
    }

    @Test("adds the plus to all that lost it, or to none, and keeps the text as it came")
    func addsPlus() async throws {
        for (answer, expected) in [(true, "+4915112345670"), (false, "+494915112345670")] {
            try await AttributionBench.run { bench in
                let (folder, path) = try Self.file(Self.german(lost: 9))
                defer { withExtendedLifetime(folder) {} }
                let report = try await Self.task(bench, addsPlus: answer).run(path)
                #expect(report.imported == 10)
                #expect(report.plusAdded == (answer ? 9 : 0))
                let first = try await bench.store.recipients(reference: "r0")
                #expect(first.first?.recipient.phone?.e164?.text == expected)
                #expect(first.first?.recipient.phone?.raw == "4915112345670")
            }
        }
    }

    @Test("does not ask where a plus makes no other number")
    func needsNoAnswer() async throws {
        let rows = (0..<10).map { Self.row("r\($0)", "1415555267\($0)") }.joined()
        try await AttributionBench.run { bench in
            let (folder, path) = try Self.file(Self.header + rows)
            defer { withExtendedLifetime(folder) {} }
            let task = Self.task(bench, region: "US")
            let survey = try await task.survey(path)
            #expect(survey.withoutPlus == 10)
            #expect(!survey.asksForPlus)
            #expect(try await task.run(path).imported == 10)
        }
    }

    @Test("counts rows, repeats, duplicates in the file and across campaigns, and variant pairs")
    func counts() async throws {
        let text =
            Self.header + Self.row("r1", "+14155552671") + Self.row("r1", "+14155552671")
            + Self.row("r2", "+14155552671") + Self.row("r3", "+14155552672", "Recall")
            + Self.row("r4", "+14155552671", "Recall") + Self.row("r5", "+5491123456711")
            + Self.row("r6", "+541123456711") + Self.row("r7", "+541123456711", "Recall")
            + Self.row("r8", "nobody")
        for isDryRun in [true, false] {
            try await AttributionBench.run { bench in
                let (folder, path) = try Self.file(text)
                defer { withExtendedLifetime(folder) {} }
                let report = try await Self.task(bench, isDryRun: isDryRun).run(path)
                #expect(report.rows == 9)
                #expect(report.imported == 8)
                #expect(report.rejected == 1)
                #expect(report.repeated == 1)
                #expect(report.duplicates == 1)
                #expect(report.acrossCampaigns == 2)
                #expect(report.variantPairs == 1)
                #expect(report.campaignsCreated == 2)
                #expect(try await bench.store.campaignFigures().isEmpty == isDryRun)
            }
        }
    }

    @Test("draws the same held-out people from the same seed, in whatever order they stand")
    func holdsOut() async throws {
        let rows = (0..<2_000).map { Self.row("r\($0)", "+1415555\(2_000 + $0)") }
        let holdout = try #require(Holdout(share: 0.1, seed: 7))
        func heldOut(_ rows: [String], _ holdout: Holdout) async throws -> Set<String> {
            var held: Set<String> = []
            try await AttributionBench.run { bench in
                let (folder, path) = try Self.file(Self.header + rows.joined())
                defer { withExtendedLifetime(folder) {} }
                let report = try await Self.task(bench, holdout: holdout).run(path)
                // Binomial of 2,000 and 0.1: within five standard deviations of 200.
                #expect((133...267).contains(report.heldOut))
                #expect(report.touches == 2_000 - report.heldOut)
                let file = try #require(report.heldOutFile)
                let lines = try String(contentsOfFile: file, encoding: .utf8)
                    .split(separator: "\r\n").dropFirst()
                held = Set(lines.map { String($0.split(separator: ",")[2]) })
                #expect(held.count == report.heldOut)
                // A later import without a draw neither reaches nor releases them.
                let again = try await Self.task(bench).run(path)
                #expect(again.heldOut == report.heldOut)
                #expect(again.touches == 0)
            }
            return held
        }
        let first = try await heldOut(rows, holdout)
        #expect(try await heldOut(rows.reversed(), holdout) == first)
        let other = try #require(Holdout(share: 0.1, seed: 8))
        #expect(try await heldOut(rows, other) != first)
    }

    @Test(
        "reads shares",
        arguments: [
            ("10%", 0.1), ("0.25", 0.25), ("99.5%", 0.995), ("0", nil), ("100%", nil), ("-5%", nil),
            ("ten", nil), ("", nil),
        ] as [(String, Double?)]
    )
    func readsShares(text: String, share: Double?) {
        #expect(Holdout.share(text) == share)
    }

    @Test("brings in sendings, deliveries, scans and page views, and twice changes nothing")
    func touches() async throws {
        let text = """
            kind,campaign,recipient,at,token,sent_at
            sent,Spring,r1,2026-02-20T08:00:00Z,,
            delivered,Spring,r1,2026-02-25T08:00:00Z,,
            scan,Spring,r1,2026-02-26T08:00:00Z,tok-1,
            scan,Spring,,2026-02-26T08:00:00Z,tok-wall,
            page-view,Spring,,2026-02-26T08:00:01+01:00,tok-own,

            """
        try await AttributionBench.run { bench in
            try await bench.store.write { writer in
                let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
                let person = NewRecipient(
                    campaign: campaign,
                    reference: "r1",
                    phone: Samples.number(Samples.caller),
                    token: "tok-own"
                )
                try writer.add(person)
            }
            let (folder, path) = try Self.file(text)
            defer { withExtendedLifetime(folder) {} }
            let report = try await TouchesImport(store: bench.store).run(path)
            #expect(report.added == 5)
            #expect(report.rejected == 0)
            let match = try #require(try await bench.store.recipients(reference: "r1").first)
            #expect(match.touches.map(\.kind) == [.sent, .delivered, .pageView, .scan])
            // The delivery belongs to the sending, so one window opens, at the delivery.
            let delivered = try #require(RFC3339.unix("2026-02-25T08:00:00Z"))
            #expect(match.windowStarts == [delivered])
            let again = try await TouchesImport(store: bench.store).run(path)
            #expect(again.added == 0)
            #expect(again.known == 5)
        }
    }

    @Test(
        "a bad touch goes to the file beside it with its line and reason",
        arguments: [
            ("sent,Spring,,2026-02-20T08:00:00Z", "needs a recipient"),
            ("sent,Spring,r9,2026-02-20T08:00:00Z", "no such recipient"),
            ("sent,Autumn,r1,2026-02-20T08:00:00Z", "there is no campaign"),
            ("fax,Spring,r1,2026-02-20T08:00:00Z", "none of sent, delivered"),
            ("sent,Spring,r1,yesterday", "at is no time"),
            ("sent,Spring,r1,", "at is empty"),
            ("sent,Spring,held,2026-02-20T08:00:00Z", "held out"),
            ("sent,Spring", "has 2 fields"),
        ]
    )
    func badTouches(row: String, reason: String) async throws {
        try await AttributionBench.run { bench in
            try await bench.store.write { writer in
                let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
                try writer.add(NewRecipient(campaign: campaign, reference: "r1"))
                try writer.add(
                    NewRecipient(campaign: campaign, reference: "held", isHeldOut: true)
                )
            }
            let good = "sent,Spring,r1,2026-02-01T08:00:00Z\n"
            let (folder, path) = try Self.file("kind,campaign,recipient,at\n" + good + row + "\n")
            defer { withExtendedLifetime(folder) {} }
            let report = try await TouchesImport(store: bench.store).run(path)
            #expect(report.added == 1)
            #expect(report.rejected == 1)
            let file = try #require(report.rejectedFile)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains(",3,"))
            #expect(text.replacing("\"\"", with: "\"").contains(reason), "\(text)")
        }
    }

    @Test("reads times as the general parser does, and quickly those of most files")
    func times() {
        var random = SplitMix(state: 1)
        for _ in 0..<2_000 {
            let unix = Int64.random(in: 0..<4_102_444_800, using: &random)
            let date = Date(timeIntervalSince1970: Double(unix))
            let text = date.formatted(Date.ISO8601FormatStyle(timeZone: .gmt))
            #expect(RFC3339.unix(text) == unix, "\(text)")
        }
        for text in ["2026-13-01T00:00:00Z", "2026-10-01T08:00:00", "2026-10-01", "x", ""] {
            #expect(RFC3339.unix(text) == nil, "\(text)")
        }
    }
}
