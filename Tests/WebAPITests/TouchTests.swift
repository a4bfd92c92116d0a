import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing
import WebAPI

@Suite("Scans and page views")
struct TouchTests {
    private struct Made: Sendable {
        var campaign: CampaignID
        var recipient: RecipientID
        var campaignToken: String
    }

    private static let page = "https://example.com/spring?from=mail"

    /// A campaign with a page and one recipient, whose token is `t-ana`.
    private static func make(_ fixture: WebFixture, page: String? = page) async throws -> Made {
        let landing = page.flatMap(LandingAddress.init)
        return try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, landing: landing)
            )
            return Made(
                campaign: campaign,
                recipient: try writer.add(
                    NewRecipient(campaign: campaign, reference: "ana", token: "t-ana")
                ),
                campaignToken: try writer.token(of: campaign)
            )
        }
    }

    /// The touches of the one recipient.
    private static func touches(_ fixture: WebFixture) async throws -> [Touch] {
        try await fixture.store.recipients(reference: "ana").flatMap(\.touches)
    }

    private static func get(
        _ path: String,
        _ client: any TestClientProtocol,
        method: HTTPRequest.Method = .get,
        headers: [String: String] = [:],
        body: String? = nil
    ) async throws -> TestResponse {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields[try #require(HTTPField.Name(name))] = value
        }
        return try await client.execute(
            uri: path,
            method: method,
            headers: fields,
            body: body.map { ByteBuffer(string: $0) }
        )
    }

    @Test("a scan is kept and sent on to the campaign's page with the token")
    func scan() async throws {
        try await WebFixture.serve { fixture, client in
            let made = try await Self.make(fixture)
            let response = try await Self.get("/t/t-ana", client)
            #expect(response.status == .found)
            #expect(response.headers[.location] == Self.page + "&ringback_token=t-ana")
            #expect(response.headers[.cacheControl] == "no-store")
            let touch = Touch(kind: .scan, atUnix: WebFixture.nowUnix, token: "t-ana")
            #expect(try await Self.touches(fixture) == [touch])
            // That of the whole campaign is nobody's in particular.
            let other = try await Self.get("/t/\(made.campaignToken)", client)
            #expect(other.status == .found)
            #expect(try await Self.touches(fixture) == [touch])
            let report = try await fixture.store.target(ofToken: made.campaignToken)
            #expect(report?.recipient == nil)
            #expect(try Self.count(fixture, "recipient_id is null and kind = 'scan'") == 1)
        }
    }

    private static func count(_ fixture: WebFixture, _ condition: String) throws -> Int {
        try fixture.number("select count(*) from touches where \(condition)")
    }

    @Test("everybody may scan, also through a proxy and where a token is needed for the rest")
    func isPublic() async throws {
        for access in [AccessRule.loopback, .token("a-long-admin-token")] {
            try await WebFixture.serve(access: access) { fixture, client in
                _ = try await Self.make(fixture)
                let foreign = ["x-forwarded-for": "1.2.3.4"]
                #expect(try await Self.get("/t/t-ana", client, headers: foreign).status == .found)
                for path in ["/t/", "/t/a/b", "/t/..", "/t", "/api/v1/campaigns/1/qr.svg"] {
                    let status = try await Self.get(path, client, headers: foreign).status
                    #expect(status == .forbidden || status == .unauthorized, "\(path)")
                }
            }
        }
    }

    @Test(
        "what no person asked for is sent on and not counted",
        arguments: [
            ["user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"],
            ["user-agent": "WhatsApp/2.23"], ["user-agent": "facebookexternalhit/1.1"],
            ["sec-purpose": "prefetch;prerender"], ["purpose": "prefetch"],
            ["x-moz": "prefetch"], ["x-purpose": "preview"],
        ]
    )
    func robots(headers: [String: String]) async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.make(fixture)
            let response = try await Self.get("/t/t-ana", client, headers: headers)
            #expect(response.status == .found)
            #expect(try await Self.touches(fixture).isEmpty)
        }
    }

    @Test("HEAD says where a code leads and counts nothing; a reload counts once")
    func repeats() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.make(fixture)
            let head = try await Self.get("/t/t-ana", client, method: .head)
            #expect(head.status == .found)
            #expect(head.headers[.location] == Self.page + "&ringback_token=t-ana")
            #expect(try Self.count(fixture, "true") == 0)
            let made = try await fixture.store.write { try $0.token(of: CampaignID(1)) }
            for _ in 1...3 {
                _ = try await Self.get("/t/t-ana", client)
                _ = try await Self.get("/t/\(made)", client)
            }
            #expect(try Self.count(fixture, "true") == 2)
        }
    }

    @Test(
        "a token that nobody has leads nowhere, whatever stands in it",
        arguments: [
            "unknown", "https:%2F%2Fbad.example", "%2F%2Fbad.example", "t-ana%00",
            "t-ana?next=https://bad.example", "'%20or%201=1", "%0d%0aLocation:%20x",
            String(repeating: "a", count: 2_000),
        ]
    )
    func unknown(token: String) async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.make(fixture)
            let response = try await Self.get("/t/\(token)", client)
            if token.hasPrefix("t-ana?") {
                #expect(response.headers[.location] == Self.page + "&ringback_token=t-ana")
            } else {
                #expect(response.status == .notFound)
                #expect(response.headers[.location] == nil)
                #expect(String(buffer: response.body).contains("not known"))
                #expect(try Self.count(fixture, "true") == 0)
            }
        }
    }

    @Test("a campaign without a page keeps the scan and says that there is none")
    func withoutPage() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.make(fixture, page: nil)
            let response = try await Self.get("/t/t-ana", client)
            #expect(response.status == .notFound)
            #expect(try Self.count(fixture, "kind = 'scan'") == 1)
        }
    }

    @Test("page views come as a beacon of any type and as an image, and say nothing back")
    func views() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.make(fixture)
            let beacon = try await Self.get(
                "/beacon",
                client,
                method: .post,
                headers: ["content-type": "text/plain;charset=UTF-8"],
                body: #"{"token":"t-ana"}"#
            )
            #expect(beacon.status == .noContent)
            let touch = Touch(kind: .pageView, atUnix: WebFixture.nowUnix, token: "t-ana")
            #expect(try await Self.touches(fixture) == [touch])
            let unknown = try await Self.get(
                "/beacon",
                client,
                method: .post,
                body: #"{"token":"nobody"}"#
            )
            #expect(unknown.status == .noContent)
            let token = try await fixture.store.write { try $0.token(of: CampaignID(1)) }
            let image = try await Self.get("/beacon.gif?token=\(token)", client)
            #expect(image.headers[.contentType] == "image/gif")
            #expect(image.body.readableBytes == 43)
            #expect(try Self.count(fixture, "kind = 'page-view'") == 2)
            #expect(try await Self.get("/beacon.gif", client).status == .ok)
            #expect(try Self.count(fixture, "true") == 2)
        }
    }

    @Test(
        "a beacon that is none is refused",
        arguments: [
            ("", 400), ("[]", 400), (#"{"token":1}"#, 400), ("{", 400),
            (String(repeating: "x", count: 5_000), 413),
        ]
    )
    func refusesBeacon(body: String, status: Int) async throws {
        try await WebFixture.serve { _, client in
            let response = try await Self.get("/beacon", client, method: .post, body: body)
            #expect(response.status.code == status)
        }
    }

    @Test("who asks too often is told to wait")
    func rate() async throws {
        try await WebFixture.serve { _, client in
            for _ in 1...PublicLimits.requestsMax {
                #expect(try await Self.get("/beacon.gif", client).status == .ok)
            }
            let response = try await Self.get("/t/t-ana", client)
            #expect(response.status == .tooManyRequests)
            #expect(response.headers[.retryAfter] == "60")
        }
    }

    // MARK: Codes

    @Test("the codes of a campaign and of a recipient hold the links that are served")
    func codes() async throws {
        try await WebFixture.serve { fixture, client in
            let made = try await Self.make(fixture)
            let local = ["host": "localhost"]
            let base = "/api/v1/campaigns/\(made.campaign)"
            for (path, token) in [
                (base, made.campaignToken), ("\(base)/recipients/\(made.recipient)", "t-ana"),
            ] {
                let png = try await Self.get("\(path)/qr.png?module=4", client, headers: local)
                #expect(png.headers[.contentType] == "image/png")
                let file = fixture.folder.appending(path: "code.png")
                try Data(png.body.readableBytesView).write(to: file)
                let said = try await OtherProgram.run(["zbarimg", "--quiet", "--raw", file.path])
                let text = String(decoding: said, as: UTF8.self)
                #expect(text == "http://127.0.0.1:9000/t/\(token)\n")
                let svg = try await Self.get("\(path)/qr.svg", client, headers: local)
                #expect(svg.headers[.contentType] == "image/svg+xml")
                #expect(String(buffer: svg.body).hasPrefix("<svg "))
            }
            for (path, status) in [
                ("/api/v1/campaigns/99/qr.svg", 404), ("/api/v1/campaigns/x/qr.svg", 404),
                ("\(base)/recipients/99/qr.png", 404), ("\(base)/qr.png?module=0", 400),
                ("\(base)/qr.png?module=65", 400), ("\(base)/qr.png?module=x", 400),
            ] {
                #expect(try await Self.get(path, client, headers: local).status.code == status)
            }
        }
    }
}
