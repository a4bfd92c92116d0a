import Ambient
import CallStore
import Foundation
import HTTPClient
import Testing
import WebAPI

/// Signing in over a real connection, as a browser behind a proxy does.
@Suite("Signing in over a socket")
struct SignInTests {
    private static let token = "hush-hush-hush-hush"

    private struct Browser: Sendable {
        let client: HTTPClient
        let port: Int

        func ask(
            _ method: HTTPMethod,
            _ path: String,
            _ body: String = "",
            _ headers: [HTTPHeader] = []
        ) async throws -> HTTPResponse {
            try await client.send(
                HTTPRequest(
                    method: method,
                    url: "http://127.0.0.1:\(port)\(path)",
                    headers: HTTPHeaders(headers),
                    body: Array(body.utf8)
                )
            )
        }

        /// The origin of the server's own pages.
        var own: HTTPHeader { HTTPHeader("Origin", "http://127.0.0.1:\(port)") }

        func signIn(_ headers: [HTTPHeader] = []) async throws -> HTTPResponse {
            try await ask(.post, "/session", "{\"token\":\"\(token)\"}", [own] + headers)
        }
    }

    private static func serve(
        policy: AccessPolicy = AccessPolicy(),
        _ body: @Sendable (WebFixture, Browser) async throws -> Void
    ) async throws {
        let fixture = try await WebFixture(access: .token(token), policy: policy)
        let client = try HTTPClient(ambient: .live())
        try await fixture.listen { port in
            try await body(fixture, Browser(client: client, port: port))
        }
        await client.shutDown()
        try fixture.close()
    }

    /// The cookie's name and value, and what else its header says.
    private static func cookie(_ response: HTTPResponse) throws -> (pair: String, rest: [String]) {
        let header = try #require(response.headers["set-cookie"])
        let parts = header.split(separator: ";").map { $0.drop { $0 == " " } }.map(String.init)
        return (try #require(parts.first), Array(parts.dropFirst()))
    }

    @Test("the cookie is for this site's own requests alone, and of no use to a foreign page")
    func session() async throws {
        try await Self.serve { fixture, browser in
            let call = try await fixture.record(.heard("conv_1"))
            let signedIn = try await browser.signIn()
            #expect(signedIn.status == 200)
            let (pair, rest) = try Self.cookie(signedIn)
            #expect(rest.contains("HttpOnly"))
            #expect(rest.contains("SameSite=Strict"))
            #expect(rest.contains("Path=/"))
            // In the clear a browser would not send a secure one back.
            #expect(!rest.contains("Secure"))
            let value = pair.split(separator: "=").last ?? ""
            #expect(value.count == 64 && !value.contains("hush"))
            let cookie = HTTPHeader("Cookie", pair)
            #expect(try await browser.ask(.get, "/api/v1/calls").status == 401)
            #expect(try await browser.ask(.get, "/api/v1/calls", "", [cookie]).status == 200)
            let path = "/api/v1/calls/\(call)/exclusion"
            let body = "{\"reason\":\"test\"}"
            let foreign = [
                "https://evil.example", "null", "http://127.0.0.1:1",
                "http://127.0.0.1:\(browser.port).evil.example",
            ]
            for origin in foreign {
                let headers = [cookie, HTTPHeader("Origin", origin)]
                let answer = try await browser.ask(.post, path, body, headers)
                #expect(answer.status == 403, "\(origin)")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
            #expect(try await browser.ask(.post, path, body, [cookie]).status == 403)
            #expect(try await fixture.store.exclusion(of: call) == nil)
            #expect(try await browser.ask(.post, path, body, [cookie, browser.own]).status == 200)
            #expect(try await fixture.store.exclusion(of: call) != nil)
            // Who has signed out is out, whatever the browser still sends.
            let out = try await browser.ask(.delete, "/session", "", [cookie, browser.own])
            #expect(out.status == 204)
            let ended = try Self.cookie(out).rest
            #expect(ended.contains("Max-Age=0"))
            #expect(try await browser.ask(.get, "/api/v1/calls", "", [cookie]).status == 401)
        }
    }

    @Test("behind a proxy that is believed the cookie is for https alone")
    func secure() async throws {
        let forwarded = HTTPHeader("X-Forwarded-Proto", "https")
        let policy = AccessPolicy(trustedProxies: ["127.0.0.1"])
        try await Self.serve(policy: policy) { _, browser in
            let signedIn = try await browser.signIn([forwarded])
            let rest = try Self.cookie(signedIn).rest
            #expect(rest.contains("Secure"))
        }
        // Anybody can write a header.
        try await Self.serve { _, browser in
            let signedIn = try await browser.signIn([forwarded])
            let rest = try Self.cookie(signedIn).rest
            #expect(!rest.contains("Secure"))
        }
    }

    @Test("a foreign page can neither sign anybody in nor try tokens")
    func foreign() async throws {
        try await Self.serve { _, browser in
            let answer = try await browser.ask(
                .post,
                "/session",
                "{\"token\":\"\(Self.token)\"}",
                [HTTPHeader("Origin", "https://evil.example")]
            )
            #expect(answer.status == 403)
            #expect(answer.headers["set-cookie"] == nil)
        }
    }
}
