import Attribution
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

    // MARK: A browser's form

    /// A form as browsers send it.
    private static func form(_ fields: [(String, String)], list: String?) -> String {
        var parts = fields.map { name, value in
            "Content-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)"
        }
        if let list {
            parts.insert(
                "Content-Disposition: form-data; name=\"file\"; filename=\"a; name=b.csv\"\r\n"
                    + "Content-Type: text/csv\r\n\r\n\(list)",
                at: parts.count / 2
            )
        }
        return parts.map { "--x-1\r\n\($0)\r\n" }.joined() + "--x-1--\r\n"
    }

    private static let formType = ["content-type": "multipart/form-data; boundary=\"x-1\""]

    @Test("a form does what the list alone does, with its fields for the address's")
    func forms() async throws {
        try await WebFixture.serve { fixture, client in
            let tried = try await client.ask(
                .post,
                Self.path,
                Self.form([("dryRun", "on"), ("createCampaigns", "true")], list: Self.list),
                headers: Self.formType
            )
            #expect(tried.status == 200, "\(tried.body)")
            #expect(try tried.object()["imported"] as? Int == 2)
            #expect(try fixture.number("select count(*) from recipients") == 0)
            let answer = try await client.ask(
                .post,
                Self.path + "?createCampaigns=true",
                Self.form([("region", ""), ("addPlus", "")], list: Self.list),
                headers: Self.formType
            )
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try answer.object()["rejected"] as? Int == 1)
            #expect(try fixture.number("select count(*) from recipients") == 2)
            // Lines that end as Windows ends them are the list's own.
            let other = Self.list.replacing("\n", with: "\r\n").replacing(
                "+141555501",
                with: "+141555502"
            )
            let second = try await client.ask(
                .post,
                Self.path,
                Self.form([], list: other),
                headers: Self.formType
            )
            #expect(try second.object()["imported"] as? Int == 2, "\(second.body)")
        }
    }

    @Test("recipients are held out as the command holds them out", arguments: [true, false])
    func holdsOut(isForm: Bool) async throws {
        try await WebFixture.serve { fixture, client in
            let rows = (100..<200).map { "Spring,mail,r\($0),,+14155550\($0),2026-11-01T00:00:00Z" }
            let list =
                (["campaign,channel,recipient,name,phone,sent_at"] + rows)
                .joined(separator: "\n") + "\n"
            let answer =
                isForm
                ? try await client.ask(
                    .post,
                    Self.path,
                    Self.form(
                        [("createCampaigns", "true"), ("holdout", "25%"), ("seed", "7")],
                        list: list
                    ),
                    headers: Self.formType
                )
                : try await client.ask(
                    .post,
                    Self.path + "?createCampaigns=true&holdout=25%25&seed=7",
                    list
                )
            #expect(answer.status == 200, "\(answer.body)")
            let report = try answer.object()
            let drawn = try #require(Holdout(share: 0.25, seed: 7))
            let expected = (100..<200).filter {
                drawn.holdsOut(campaign: "Spring", number: "+14155550\($0)")
            }
            #expect((10...45).contains(expected.count))
            #expect(report["heldOut"] as? Int == expected.count)
            let heldOut = try #require(report["heldOutRows"] as? String)
            #expect(expected.allSatisfy { heldOut.contains("r\($0),") })
            #expect(heldOut.split(whereSeparator: \.isNewline).count == expected.count + 1)
            #expect(report["heldOutRowsAreAll"] as? Bool == true)
            #expect(
                try fixture.number("select count(*) from recipients where held_out = 1")
                    == expected.count
            )
        }
    }

    @Test(
        "a form that is none, or has no list, is refused and changes nothing",
        arguments: [
            "", "--x-1", "--x-1--", "--x-1\r\n", "--x-1\r\n\r\n\r\n--x-1--",
            "--x-1\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc",
            "--x-1\nContent-Disposition: form-data; name=\"file\"\n\nabc\n--x-1--",
            "--x-2\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na\r\n--x-2--",
            "--x-1\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\na\r\n--x-1--",
            form([("file", "a")], list: list), form([("holdout", "10%")], list: list),
            form([("seed", "10")], list: list),
            form([("holdout", "100%"), ("seed", "1")], list: list),
            form([("holdout", "10%"), ("seed", "x")], list: list),
            form([("dryRun", "perhaps")], list: list),
            form([("note", String(repeating: "a", count: 2_000))], list: list),
            form((0..<40).map { ("a\($0)", "b") }, list: list),
            form([(String(repeating: "a", count: 5_000), "b")], list: list),
        ]
    )
    func refusesForms(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(.post, Self.path, body, headers: Self.formType)
            #expect(answer.status == 400, "\(answer.body)")
            for type in ["multipart/form-data", "multipart/form-data; boundary="] {
                let nameless = try await client.ask(
                    .post,
                    Self.path,
                    Self.form([], list: Self.list),
                    headers: ["content-type": type]
                )
                #expect(nameless.status == 400)
            }
            #expect(try fixture.number("select count(*) from recipients") == 0)
            #expect(try fixture.number("select count(*) from audit_log") == 0)
        }
    }

    @Test("a form from a foreign page is refused, and so is one that is too large")
    func guardsForms() async throws {
        try await WebFixture.serve { fixture, client in
            let form = Self.form([("createCampaigns", "on")], list: Self.list)
            let foreign = try await client.ask(
                .post,
                Self.path,
                form,
                headers: Self.formType.merging(["origin": "https://evil.example"]) { $1 }
            )
            #expect(foreign.status == 403)
            let large = Self.form([], list: String(repeating: "a", count: 8 * 1_024 * 1_024 + 1))
            let refused = try await client.ask(.post, Self.path, large, headers: Self.formType)
            #expect(refused.status == 413)
            #expect(try fixture.number("select count(*) from recipients") == 0)
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
