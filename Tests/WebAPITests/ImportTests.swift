import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Lists of recipients over HTTP")
struct ImportTests {
    private static let path = "/api/v1/recipients/import"
    private static let list = """
        campaign,channel,recipient,name,phone,sent_at
        Spring,mail,r1,Ana,+14155550123,2026-11-01T00:00:00Z
        Spring,mail,r2,Ben,+14155550124,2026-11-01T00:00:00Z
        Spring,mail,r3,Eve,+14155550125,yesterday

        """

    @Test("good rows are imported, bad ones come back with line and reason, and no file stays")
    func imports() async throws {
        try await WebFixture.serve { fixture, client in
            let csv = ["content-type": "text/csv"]
            let tried = try await client.ask(
                .post,
                Self.path + "?dryRun=true&createCampaigns=true",
                Self.list,
                headers: csv
            )
            #expect(tried.status == 200, "\(tried.body)")
            #expect(try tried.object()["imported"] as? Int == 2)
            #expect(try fixture.number("select count(*) from recipients") == 0)
            let answer = try await client.ask(
                .post,
                Self.path + "?createCampaigns=true",
                Self.list,
                headers: csv
            )
            let report = try answer.object()
            #expect(report["rows"] as? Int == 3)
            #expect(report["imported"] as? Int == 2)
            #expect(report["rejected"] as? Int == 1)
            #expect(report["campaignsCreated"] as? Int == 1)
            let rejected = try #require(report["rejectedRows"] as? String)
            #expect(rejected.contains("r3") && rejected.contains("reason"))
            #expect(!rejected.contains("r1"))
            #expect(report["rejectedRowsAreAll"] as? Bool == true)
            #expect(try fixture.number("select count(*) from recipients") == 2)
            // The same list again changes nothing.
            let again = try await client.ask(.post, Self.path, Self.list, headers: csv)
            #expect(try again.object()["touches"] as? Int == 0)
            #expect(try fixture.number("select count(*) from recipients") == 2)
            let log = try await fixture.store.auditLog(action: "recipients.import", limit: 9)
            #expect(log.count == 2)
        }
    }

    @Test("numbers that may have lost their plus are asked about, and shown masked")
    func plus() async throws {
        try await WebFixture.serve { fixture, client in
            let sent = "2026-11-01T00:00:00Z"
            let rows = (10..<30).map { "Spring,mail,r\($0),,49151123456\($0),\(sent)" }
            let list =
                (["campaign,channel,recipient,name,phone,sent_at"] + rows)
                .joined(separator: "\n") + "\n"
            let path = Self.path + "?createCampaigns=true&region=DE"
            let asked = try await client.ask(.post, path, list)
            #expect(asked.status == 409, "\(asked.body)")
            let examples = try #require(try asked.object()["examples"] as? [[String: Any]])
            #expect(!examples.isEmpty)
            #expect(!asked.body.contains("4915112345610"))
            #expect(try fixture.number("select count(*) from recipients") == 0)
            let preview = try await client.ask(.post, path + "&dryRun=true", list)
            #expect(try preview.object()["asksForPlus"] as? Bool == true)
            let answer = try await client.ask(.post, path + "&addPlus=yes", list)
            #expect(try answer.object()["plusAdded"] as? Int == 20)
            #expect(
                try fixture.number("select count(*) from recipients where e164 like '+49151%'")
                    == 20
            )
        }
    }

    @Test(
        "what is no list is refused",
        arguments: [
            ("", 422), ("a,b\n1,2\n", 422), ("campaign,campaign\n", 422), ("\"campaign", 422),
        ]
    )
    func refuses(list: String, status: Int) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(.post, Self.path, list)
            #expect(answer.status == status, "\(answer.body)")
            #expect(try await client.ask(.post, Self.path + "?region=xyz", "").status == 400)
            #expect(try fixture.number("select count(*) from audit_log") == 0)
        }
    }
}
