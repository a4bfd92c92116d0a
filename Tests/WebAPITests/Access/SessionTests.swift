import CallStore
import Crypto
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Signing in")
struct SessionTests {
    private static let access = AccessRule.token("hush-hush-hush-hush")
    private static let own = ["origin": "http://localhost"]

    /// The cookie of an answer, as a browser sends it back.
    private static func cookie(_ answer: Answered) throws -> String {
        let header = try #require(answer.header("set-cookie"))
        return String(try #require(header.split(separator: ";").first))
    }

    @Test("the admin token begins a session, which a change from its own page may use")
    func session() async throws {
        try await WebFixture.serve(access: Self.access) { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            #expect(try await client.ask(.get, "/api/v1/calls").status == 401)
            let wrong = try await client.ask(.post, "/session", "{\"token\":\"no\"}")
            #expect(wrong.status == 401)
            #expect(wrong.header("set-cookie") == nil)
            let right = try await client.ask(
                .post,
                "/session",
                "{\"token\":\"hush-hush-hush-hush\"}",
                headers: Self.own
            )
            #expect(right.status == 200)
            let header = try #require(right.header("set-cookie"))
            #expect(header.contains("; HttpOnly") && header.contains("; SameSite=Strict"))
            #expect(!header.contains("Secure"))
            let cookie = ["cookie": try Self.cookie(right)]
            #expect(try await client.ask(.get, "/api/v1/calls", headers: cookie).status == 200)
            let path = "/api/v1/calls/\(call)/exclusion"
            let body = "{\"reason\":\"test\"}"
            let foreign: [[String: String]] = [
                [:], ["origin": "https://evil.example"], ["origin": "null"],
                ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "same-site"],
                ["origin": "http://localhost.evil.example"], ["origin": "http://localhost:1"],
            ]
            for headers in foreign {
                let answer = try await client.ask(
                    .post,
                    path,
                    body,
                    headers: cookie.merging(headers) { $1 }
                )
                #expect(answer.status == 403)
                #expect(try answer.object()["code"] as? String == "origin_not_allowed")
            }
            #expect(try await fixture.store.exclusion(of: call) == nil)
            let mine = try await client.ask(
                .post,
                path,
                body,
                headers: cookie.merging(Self.own) { $1 }
            )
            #expect(mine.status == 200)
            #expect(try await fixture.store.exclusion(of: call)?.person == "dashboard")
            let out = try await client.ask(.delete, "/session", headers: cookie)
            #expect(out.status == 204)
            #expect(try await client.ask(.get, "/api/v1/calls", headers: cookie).status == 401)
        }
    }

    @Test("a plain form is sent on, to pages of ours alone")
    func form() async throws {
        try await WebFixture.serve(access: Self.access) { _, client in
            let type = ["content-type": "application/x-www-form-urlencoded"]
            let targets = [
                ("%2Fcalls%3Fagent%3Da", "/calls?agent=a"), ("https%3A%2F%2Fevil.example", "/"),
                ("%2F%2Fevil.example", "/"), ("%2F%5Cevil.example", "/"),
            ]
            for (next, expected) in targets {
                let answer = try await client.ask(
                    .post,
                    "/session",
                    "token=hush-hush-hush-hush&next=\(next)",
                    headers: type
                )
                #expect(answer.status == 303)
                #expect(answer.header("location") == expected)
            }
            let wrong = try await client.ask(.post, "/session", "token=x&next=%2F", headers: type)
            #expect(wrong.header("location") == "/sign-in?failed=1")
            #expect(wrong.header("set-cookie") == nil)
        }
    }

    @Test("a page's visitor without rights is sent to the sign-in")
    func redirect() async throws {
        try await WebFixture.serve(access: Self.access) { _, client in
            let answer = try await client.ask(
                .get,
                "/calls?agent=a",
                headers: ["accept": "text/html,*/*"]
            )
            #expect(answer.status == 303)
            #expect(answer.header("location") == "/sign-in?next=%2Fcalls%3Fagent%3Da")
        }
    }

    @Test("tokens may be tried out a few times only")
    func guessing() async throws {
        try await WebFixture.serve(access: Self.access) { _, client in
            var statuses: [Int] = []
            for number in 0..<14 {
                let answer = try await client.ask(
                    .get,
                    "/api/v1/calls",
                    headers: ["authorization": "Bearer guess-\(number)"]
                )
                statuses.append(answer.status)
            }
            #expect(statuses.first == 401)
            #expect(statuses.last == 429)
        }
    }

    @Test(
        "a program's token may do what its scope says",
        arguments: [
            (APIToken.Scope.read, [200, 403, 403]), (.write, [200, 200, 403]),
            (.admin, [200, 200, 200]),
        ]
    )
    func scopes(scope: APIToken.Scope, statuses: [Int]) async throws {
        for access in [Self.access, .loopback] {
            try await WebFixture.serve(access: access) { fixture, client in
                let call = try await fixture.record(.heard("conv_1"))
                try await fixture.store.write { writer in
                    try writer.addToken(
                        named: "crm",
                        scope,
                        hash: Data(SHA256.hash(data: Data("rbk_1".utf8))),
                        by: "ana"
                    )
                }
                let token = ["authorization": "Bearer rbk_1"]
                let read = try await client.ask(.get, "/api/v1/calls/\(call)", headers: token)
                let write = try await client.ask(
                    .post,
                    "/api/v1/calls/\(call)/exclusion",
                    "{\"reason\":\"spam\"}",
                    headers: token
                )
                let admin = try await client.ask(
                    .get,
                    "/api/v1/calls/\(call)?showNumbers=true",
                    headers: token
                )
                #expect([read.status, write.status, admin.status] == statuses)
                if scope != .read {
                    #expect(try await fixture.store.exclusion(of: call)?.person == "crm")
                }
                try await fixture.store.write { try $0.revokeToken(named: "crm", by: "ana") }
                let gone = try await client.ask(.get, "/api/v1/calls", headers: token)
                #expect(gone.status == 401)
            }
        }
    }

    @Test(
        "a token that may write may do nothing that is for administrators",
        arguments: [
            (HTTPRequest.Method.post, "rescores"), (.post, "rescores/rs-1/cancel"),
            (.post, "rescores/rs-1/resume"), (.post, "webhooks/test"),
            (.post, "internal-numbers"), (.post, "internal-numbers/trial"),
            (.delete, "internal-numbers/1"), (.post, "retention/numbers/trial"),
            (.put, "retention/numbers"), (.get, "erasures"),
        ]
    )
    func forAdministrators(method: HTTPRequest.Method, path: String) async throws {
        try await WebFixture.serve(access: Self.access) { fixture, client in
            try await fixture.store.write { writer in
                let hash = Data(SHA256.hash(data: Data("rbk_1".utf8)))
                try writer.addToken(named: "crm", .write, hash: hash, by: "ana")
            }
            let answer = try await client.ask(
                method,
                "/api/v1/\(path)",
                method == .get ? nil : "{}",
                headers: ["authorization": "Bearer rbk_1"]
            )
            #expect(answer.status == 403, "\(answer.body)")
        }
    }
}
