import CallStore
import Definitions
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing
import WebAPI

/// The pages as the server writes them; what browsers make of them is shown in EndToEndTests.
@Suite struct DashboardTests {
    private static let local: HTTPFields = {
        var headers = HTTPFields()
        if let host = HTTPField.Name("host") { headers[host] = "localhost" }
        return headers
    }()

    static let paths = [
        "/", "/calls", "/unattributed", "/campaigns", "/funnel", "/conversions", "/labels",
        "/agents", "/exports", "/queues", "/queues/sync", "/settings", "/sign-in",
        "/?range=all&compare=weekday", "/?from=2026-01-01&to=2026-01-31",
        "/calls?outcome=success&conversion=yes&campaign=none", "/agents?agent=a&with=b",
        "/?cards=pending,calls",
    ]

    private static func page(
        _ path: String,
        _ client: any TestClientProtocol,
        headers: HTTPFields = local
    ) async throws -> (status: Int, body: String, headers: HTTPFields) {
        try await client.execute(uri: path, method: .get, headers: headers) {
            (Int($0.status.code), String(buffer: $0.body), $0.headers)
        }
    }

    /// A call of an hour ago.
    static func record(
        _ id: String,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(
                workspace: CallIdentity.defaultWorkspace,
                conversationID: id
            ),
            source: .detail,
            fetchedAtMilliseconds: WebFixture.nowUnix * 1_000,
            agentID: "agent_one",
            status: .done
        )
        record.startedUnix = WebFixture.nowUnix - 3_600
        record.durationSeconds = 65
        record.channel = .phone
        record.callSuccessful = "success"
        record.transcript = [
            Turn(speaker: .agent, message: "Hello.", secondsIn: 0),
            Turn(speaker: .caller, message: "I want an appointment.", secondsIn: 3),
        ]
        change(&record)
        return record
    }

    @Test("calls are found by words that were said; an empty list names the search")
    func search() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                _ = try writer.record(Self.record("conv_1"))
                _ = try writer.record(
                    Self.record("conv_2") { record in
                        record.transcript = [
                            Turn(speaker: .caller, message: "Do you sell tulips?", secondsIn: 1)
                        ]
                    }
                )
            }
            let all = try await Self.page("/calls", client).body
            #expect(all.contains("href=\"/calls/1") && all.contains("href=\"/calls/2"))
            let found = try await Self.page("/calls?q=tulips", client).body
            #expect(!found.contains("href=\"/calls/1") && found.contains("href=\"/calls/2"))
            #expect(found.contains("value=\"tulips\""))
            let none = try await Self.page("/calls?q=zebra", client).body
            #expect(!none.contains("href=\"/calls/2") && none.contains("with this search."))
        }
    }

    @Test("every page is whole, alone and safe, without a call and with one", arguments: paths)
    func pages(path: String) async throws {
        try await WebFixture.serve { fixture, client in
            for hasCalls in [false, true] {
                if hasCalls {
                    let record = Self.record("conv_1")
                    try await fixture.store.write { _ = try $0.record(record) }
                }
                let page = try await Self.page(path, client)
                #expect(page.status == 200)
                #expect(page.headers[.contentType] == "text/html; charset=utf-8")
                #expect(page.headers[.cacheControl] == "no-store")
                let policy = try #require(page.headers[.contentSecurityPolicy])
                #expect(policy.hasPrefix("default-src 'self';"))
                #expect(!policy.contains("unsafe"))
                #expect(page.body.hasSuffix("</html>\n"))
                // The policy would stop these, and a page that needs them is broken.
                #expect(!page.body.contains(" style="))
                #expect(!page.body.contains("<script>"))
                #expect(!page.body.contains("onclick"))
                #expect(!page.body.contains("{{"))
                #expect(!page.body.contains("http://") && !page.body.contains("https://"))
            }
        }
    }

    @Test("before the first call the overview says what to do")
    func firstRun() async throws {
        try await WebFixture.serve { fixture, client in
            let empty = try await Self.page("/", client)
            #expect(empty.body.contains("Nothing has been recorded yet"))
            #expect(empty.body.contains("Recipients are imported"))
            let record = Self.record("conv_1")
            try await fixture.store.write { _ = try $0.record(record) }
            let full = try await Self.page("/", client)
            #expect(!full.body.contains("Nothing has been recorded yet"))
            #expect(full.body.contains("id=\"card-calls\""))
        }
    }

    @Test("cards show the figures of the days asked for, in the words of the definitions")
    func cards() async throws {
        try await WebFixture.serve { fixture, client in
            let records = [
                Self.record("conv_1"),
                Self.record("conv_2") { $0.callSuccessful = "failure" },
                Self.record("conv_3") { $0.callSuccessful = nil },
                Self.record("conv_old") { $0.startedUnix = WebFixture.nowUnix - 40 * 86_400 },
            ]
            try await fixture.store.write { writer in
                for record in records { _ = try writer.record(record) }
            }
            func value(_ card: MetricID, _ body: String) -> String? {
                body.components(separatedBy: "id=\"card-\(card.rawValue)\"").dropFirst().first?
                    .components(separatedBy: "<p class=\"value\">").dropFirst().first
                    .map { String($0.prefix { $0 != "<" && $0 != " " }) }
            }
            let month = try await Self.page("/?range=28d", client).body
            #expect(value(.calls, month) == "3")
            #expect(value(.success, month) == "1")
            #expect(value(.pending, month) == "1")
            #expect(value(.unattributed, month) == "3")
            let all = try await Self.page("/?range=all", client).body
            #expect(value(.calls, all) == "4")
            for id in [MetricID.calls, .pending, .conversionRate, .totalMinutes] {
                #expect(month.contains(id.definition.definition), "\(id)")
            }
            // Chosen cards in the chosen order, and no others.
            let chosen = try await Self.page("/?cards=pending,calls", client).body
            #expect(chosen.components(separatedBy: "<article").count == 3)
            let pending = try #require(chosen.range(of: "card-pending"))
            let calls = try #require(chosen.range(of: "card-calls"))
            #expect(pending.lowerBound < calls.lowerBound)
        }
    }

    @Test("what callers and the upstream said is text on a page, and never markup")
    func escaped() async throws {
        try await WebFixture.serve { fixture, client in
            let evil = "<img src=x onerror=alert(1)>\"'"
            let record = Self.record("conv_1") { record in
                record.title = evil
                record.summary = evil
                record.agentName = evil
                record.transcript = [Turn(speaker: .caller, message: evil, secondsIn: 1)]
            }
            let recorded = try await fixture.store.write { try $0.record(record) }
            for path in ["/", "/calls", "/calls/\(recorded.call.number)", "/?agent=%3Cb%3E%22"] {
                let page = try await Self.page(path, client)
                #expect(page.status == 200)
                #expect(!page.body.contains("<img"), "\(path)")
                #expect(!page.body.contains("<b>"), "\(path)")
            }
            let page = try await Self.page("/calls/\(recorded.call.number)", client)
            #expect(page.body.contains("&lt;img src=x"))
        }
    }

    @Test(
        "what does not exist is a page that says so",
        arguments: ["/calls/77", "/calls/x", "/campaigns/5", "/queues/none"]
    )
    func missing(path: String) async throws {
        try await WebFixture.serve { _, client in
            let page = try await Self.page(path, client)
            #expect(page.status == 404)
            #expect(page.body.contains("There is nothing here"))
        }
    }

    @Test("files have addresses that name their content, and are kept for ever")
    func assets() async throws {
        try await WebFixture.serve { _, client in
            let body = try await Self.page("/", client).body
            let start = try #require(body.range(of: "/assets/"))
            let address = "/assets/" + body[start.upperBound...].prefix { $0 != "/" }
            let style = try await Self.page("\(address)/styles/base.css", client)
            #expect(style.status == 200)
            #expect(style.headers[.contentType] == "text/css; charset=utf-8")
            #expect(style.headers[.cacheControl] == "public, max-age=31536000, immutable")
            var again = Self.local
            again[.ifNoneMatch] = style.headers[.eTag]
            let same = try await Self.page("\(address)/styles/base.css", client, headers: again)
            #expect(same.status == 304)
            #expect(same.body.isEmpty)
            for other in [
                "/assets/000000000000/styles/base.css", "\(address)/styles/none.css",
                "\(address)/templates/layout.mustache", "\(address)/../templates/layout.mustache",
            ] {
                #expect(try await Self.page(other, client).status == 404, "\(other)")
            }
        }
    }

    @Test("a template that cannot be read stops the start, with file and line")
    func brokenTemplate() throws {
        let folder = try ScratchFolder()
        try folder.makeFolder("templates")
        let templates = folder.url.appending(path: "templates")
        let file = templates.appending(path: "overview.mustache")
        try Data("<p>\n{{#open}}\n".utf8).write(to: file)
        let broken = #expect(throws: WebFilesError.self) {
            try WebFiles.load(folder: folder.path)
        }
        #expect(broken?.description.contains("overview.mustache, line") == true)
        try Data("<p></p>".utf8).write(to: file)
        let missing = #expect(throws: WebFilesError.self) {
            try WebFiles.load(folder: folder.path)
        }
        #expect(missing?.description.contains("layout.mustache is missing") == true)
        let none = #expect(throws: WebFilesError.self) {
            try WebFiles.load(folder: folder.path + "/nowhere")
        }
        #expect(none?.description.hasPrefix("RINGBACK_WEB: ") == true)
    }

    @Test("the theme of the browser's cookie holds from the first byte on")
    func theme() async throws {
        try await WebFixture.serve { _, client in
            var headers = Self.local
            headers[.cookie] = "a=b; theme=dark"
            let dark = try await Self.page("/", client, headers: headers)
            #expect(dark.body.contains("<html lang=\"en\" data-theme=\"dark\">"))
            headers[.cookie] = "theme=\"><script>"
            let plain = try await Self.page("/", client, headers: headers)
            #expect(plain.body.contains("<html lang=\"en\">"))
        }
    }

    @Test(
        "a sign-in leads nowhere but to a page of ours",
        arguments: [
            ("/calls", "/calls"), ("//evil.example", "/"), ("evil", "/"), ("/%5Cevil.example", "/"),
        ]
    )
    func signIn(next: String, expected: String) async throws {
        try await WebFixture.serve { _, client in
            let page = try await Self.page("/sign-in?next=\(next)", client)
            #expect(page.body.contains("data-next=\"\(expected)\""))
        }
    }

    @Test("the page that asks for the token tells nothing else")
    func signInAlone() async throws {
        try await WebFixture.serve(access: .token("hush-hush")) { _, client in
            var headers = Self.local
            headers[.authorization] = "Bearer hush-hush"
            let inside = try await Self.page("/settings", client, headers: headers)
            #expect(inside.body.contains("polled"))
            #expect(inside.body.contains("href=\"/queues\""))
            let page = try await Self.page("/sign-in", client, headers: headers)
            #expect(page.status == 200)
            #expect(page.body.contains("name=\"token\""))
            #expect(!page.body.contains("polled"))
            #expect(!page.body.contains("href=\"/queues\""))
        }
    }

    @Test("a view is kept under a name, opened by its link, and removed again")
    func views() async throws {
        try await WebFixture.serve { fixture, client in
            let body = "{\"name\":\"Mornings\",\"path\":\"/\",\"query\":\"cards=calls&range=7d\"}"
            struct Kept: Decodable {
                var token: String
                var link: String
            }
            let kept = try await client.execute(
                uri: "/api/v1/views",
                method: .post,
                headers: Self.local,
                body: ByteBuffer(string: body)
            ) { response in
                #expect(response.status == .created)
                return try JSONDecoder().decode(
                    Kept.self,
                    from: Data(response.body.readableBytesView)
                )
            }
            let opened = try await Self.page(kept.link, client)
            #expect(opened.status == 303)
            #expect(opened.headers[.location] == "/?cards=calls&range=7d")
            let list = try await Self.page("/api/v1/views", client)
            #expect(list.body.contains("\"name\":\"Mornings\""))
            for expected in [204, 404] {
                let status = try await client.execute(
                    uri: "/api/v1/views/\(kept.token)",
                    method: .delete,
                    headers: Self.local
                ) { Int($0.status.code) }
                #expect(status == expected)
            }
            #expect(try await Self.page(kept.link, client).status == 404)
            let actions = try await fixture.store.auditLog(limit: 5).map(\.note.action)
            #expect(actions == ["view.remove", "view.save"])
            // A view must not lead away from the dashboard.
            for path in ["//evil.example", "https://evil.example", "/calls/:id", "/nowhere", ""] {
                let status = try await client.execute(
                    uri: "/api/v1/views",
                    method: .post,
                    headers: Self.local,
                    body: ByteBuffer(
                        string: "{\"name\":\"x\",\"path\":\"\(path)\",\"query\":\"\"}"
                    )
                ) { Int($0.status.code) }
                #expect(status == 400, "\(path)")
            }
        }
    }

    @Test("invented figures are marked, and gone with the first call")
    func sample() async throws {
        try await WebFixture.serve { fixture, client in
            let sample = try await Self.page("/?sample=1", client).body
            #expect(sample.contains("These are invented figures"))
            #expect(sample.contains("Sample mailer"))
            let record = Self.record("conv_1")
            try await fixture.store.write { _ = try $0.record(record) }
            let real = try await Self.page("/?sample=1", client).body
            #expect(!real.contains("invented"))
            #expect(!real.contains("Sample mailer"))
        }
    }
}
