import Ambient
import Attribution
import CallStore
import Console
import Foundation
import PhoneNumbers
import TestSupport
import Testing

@Suite("import of recipients")
struct RecipientsTests {
    private static let header = "campaign,channel,recipient,name,phone,sent_at,delivered_at\n"

    private func open(_ folder: ScratchFolder) async throws -> CallStore {
        try await CallStore.open(
            path: folder.path + "/store.sqlite",
            ambient: .live(),
            phoneKey: PhoneKey(id: "test", secret: Data(repeating: 7, count: 32))
        )
    }

    private func run(
        _ text: String,
        creates: Bool = true,
        isDryRun: Bool = false,
        _ body: (RecipientsReport, CallStore, ScratchFolder) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        try folder.write(text, to: "list.csv")
        let store = try await open(folder)
        let task = RecipientsImport(
            store: store,
            region: "US",
            createsCampaigns: creates,
            isDryRun: isDryRun
        )
        try await body(try await task.run(folder.path + "/list.csv"), store, folder)
        try store.close()
    }

    @Test("good rows come in, with their campaigns and touches; twice changes nothing")
    func imports() async throws {
        let rows = """
            Spring,mail,r1,Ana,+4915112345678,2026-10-01T08:00:00Z,2026-10-04T08:00:00Z
            Spring,mail,r2,,(415) 555-2671,,2026-10-04T08:00:00Z
            Recall,sms,r1,Ben,00442079460958,2026-10-05T08:00:00Z,

            """
        try await run(Self.header + rows) { report, store, folder in
            #expect(report.rows == 3)
            #expect(report.imported == 3)
            #expect(report.rejected == 0)
            #expect(report.touches == 4)
            #expect(report.campaignsCreated == 2)
            #expect(report.rejectedFile == nil)
            let figures = try await store.campaignFigures()
            #expect(figures.map(\.campaign.name) == ["Spring", "Recall"])
            #expect(figures.map(\.recipients) == [2, 1])
            let found = try await store.recipients(reference: "r2")
            #expect(found.first?.recipient.phone?.e164?.text == "+14155552671")
            #expect(found.first?.recipient.phone?.raw == "(415) 555-2671")

            let again = RecipientsImport(store: store, region: "US", createsCampaigns: true)
            let second = try await again.run(folder.path + "/list.csv")
            #expect(second.imported == 3)
            #expect(second.touches == 0)
            #expect(second.campaignsCreated == 0)
        }
    }

    struct BadRow: CustomTestStringConvertible {
        let row: String
        let reason: String
        var testDescription: String { row }

        init(_ row: String, _ reason: String) {
            self.row = row
            self.reason = reason
        }
    }

    @Test(
        "a bad row goes to the file beside it with its line and reason; the others come in",
        arguments: [
            BadRow("Spring,mail,r1,Ana", "has 4 fields, the header line has 7"),
            BadRow(",mail,r1,A,+4915112345678,,2026-10-04T08:00:00Z", "campaign is empty"),
            BadRow("Spring,mail,,A,+4915112345678,,2026-10-04T08:00:00Z", "recipient is empty"),
            BadRow("Spring,mail,r1,A,,,2026-10-04T08:00:00Z", "phone is empty"),
            BadRow("Spring,fax,r1,A,+4915112345678,,2026-10-04T08:00:00Z", "channel \"fax\""),
            BadRow("Spring,sms,r1,A,+4915112345678,,2026-10-04T08:00:00Z", "has the channel mail"),
            BadRow("New,,r1,A,+4915112345678,,2026-10-04T08:00:00Z", "is new and has no channel"),
            BadRow("Spring,mail,r1,A,n/a,,2026-10-04T08:00:00Z", "no usable number (invalid)"),
            BadRow("Spring,mail,r1,A,anonymous,,2026-10-04T08:00:00Z", "(withheld)"),
            BadRow("Spring,mail,r1,A,112,,2026-10-04T08:00:00Z", "(short)"),
            BadRow("Spring,mail,r1,A,+4915112345678,,4 Oct 2026", "delivered_at is no time"),
            BadRow("Spring,mail,r1,A,+4915112345678,,", "neither sent_at nor delivered_at"),
            BadRow(
                "Spring,mail,r1,A,+4915112345678,2026-10-05T08:00:00Z,2026-10-04T08:00:00Z",
                "delivered_at lies before sent_at"
            ),
        ]
    )
    func rejects(bad: BadRow) async throws {
        let good = "Spring,mail,r0,Ana,+14155552671,2026-10-01T08:00:00Z,2026-10-04T08:00:00Z\n"
        try await run(Self.header + good + bad.row + "\n") { report, _, folder in
            #expect(report.rows == 2)
            #expect(report.imported == 1)
            #expect(report.rejected == 1)
            #expect(report.rejectedFile == folder.path + "/list.rejected.csv")
            let lines = try folder.text(of: "list.rejected.csv").split(separator: "\r\n")
            #expect(lines.count == 2)
            #expect(
                lines[0] == "campaign,channel,recipient,name,phone,sent_at,delivered_at,line,reason"
            )
            #expect(lines[1].contains(",3,"))
            // Quotes are doubled in the file.
            #expect(lines[1].replacing("\"\"", with: "\"").contains(bad.reason), "\(lines[1])")
        }
    }

    @Test("without leave a campaign that is not there is a reason, and nothing is created")
    func unknownCampaign() async throws {
        let row = "Spring,mail,r1,A,+4915112345678,,2026-10-04T08:00:00Z\n"
        try await run(Self.header + row, creates: false) { report, store, _ in
            #expect(report.rejected == 1)
            #expect(report.imported == 0)
            let campaigns = try await store.campaignFigures()
            #expect(campaigns.isEmpty)
        }
    }

    @Test("a dry run counts the same and changes nothing")
    func dryRun() async throws {
        // More than one transaction, with the same new campaign in both.
        let rows = (0..<(RecipientsImport.batch + 10)).map {
            "Spring,mail,r\($0),A,+1415555\(2000 + $0),,2026-10-04T08:00:00Z\n"
        }
        try await run(Self.header + rows.joined(), isDryRun: true) { report, store, _ in
            #expect(report.imported == RecipientsImport.batch + 10)
            #expect(report.campaignsCreated == 1)
            #expect(report.touches == RecipientsImport.batch + 10)
            let campaigns = try await store.campaignFigures()
            #expect(campaigns.isEmpty)
        }
    }

    @Test(
        "a file without the needed columns is refused whole",
        arguments: [
            ("", RecipientsFileError.empty),
            ("a,b\n1,2\n", .columnsMissing(["campaign", "recipient", "phone"])),
            ("campaign,recipient,phone\nx,y,z\n", .columnsMissing(["delivered_at"])),
            ("phone,Phone,campaign,recipient,sent_at\n", .columnTwice("phone")),
            ("campaign,recipient,phone,sent_at\n\"x", .endlessField(line: 2)),
        ]
    )
    func refusesFiles(text: String, error: RecipientsFileError) async throws {
        await #expect(throws: error) {
            try await run(text) { _, _, _ in }
        }
    }

    @Test("columns may stand in any order, and others are ignored")
    func columnOrder() async throws {
        let text =
            "Phone , note,Recipient,CAMPAIGN,channel,delivered_at\n"
            + "+4915112345678,x,r1,Spring,mail,2026-10-04T08:00:00+02:00\n\n"
        try await run(text) { report, _, _ in
            #expect(report.imported == 1)
            #expect(report.rejected == 0)
        }
    }
}
