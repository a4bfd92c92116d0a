import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Tokens of programs over HTTP, and what every page says of what waits")
struct TokenRouteTests {
    private static let path = "/api/v1/tokens"

    @Test("a token is shown once, lets its program in, and no more when it is revoked")
    func life() async throws {
        try await WebFixture.serve { fixture, client in
            let body = #"{"name":"crm & co","scope":"write"}"#
            let made = try await client.ask(.post, Self.path, body)
            #expect(made.status == 201, "\(made.body)")
            let token = try #require(try made.object()["token"] as? String)
            #expect(token.hasPrefix("rbk_") && token.count == 68)
            let bearer = ["authorization": "Bearer \(token)"]
            #expect(try await client.ask(.get, "/api/v1/calls", headers: bearer).status == 200)
            // One with the scope write makes no tokens, and does not see whose there are.
            let more = #"{"name":"other","scope":"admin"}"#
            let refused = try await client.ask(.post, Self.path, more, headers: bearer)
            #expect(refused.status == 403)
            #expect(try await client.ask(.get, Self.path, headers: bearer).status == 403)
            let again = try await client.ask(.post, Self.path, body)
            #expect(again.status == 422)
            let list = try await client.ask(.get, Self.path).object()
            let items = try #require(list["items"] as? [[String: Any]])
            #expect(items.map { $0["name"] as? String } == ["crm & co"])
            let page = try await client.ask(.get, "/settings")
            #expect(page.body.contains("data-path=\"tokens/crm%20%26%20co\""))
            #expect(!page.body.contains(token))
            let gone = try await client.ask(.delete, Self.path + "/crm%20%26%20co")
            #expect(gone.status == 204)
            #expect(try await client.ask(.delete, Self.path + "/crm").status == 404)
            #expect(try await client.ask(.get, "/api/v1/calls", headers: bearer).status == 401)
            let log = try await fixture.store.auditLog(limit: 9).map(\.note.action)
            #expect(log == ["token.revoke", "token.add"])
        }
    }

    @Test(
        "what is no name or no scope is refused",
        arguments: [
            #"{"name":"","scope":"read"}"#, #"{"name":"a","scope":"root"}"#, #"{"name":"a"}"#, "",
        ]
    )
    func refuses(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(.post, Self.path, body)
            #expect(answer.status == 400)
            let tokens = try await fixture.store.apiTokens()
            #expect(tokens.isEmpty)
        }
    }

    @Test("beside its link stands how many calls wait for a campaign")
    func badge() async throws {
        try await WebFixture.serve { fixture, client in
            func waiting() async throws -> String {
                let page = try await client.ask(.get, "/exports").body
                let found = page.firstMatch(of: /id="nav-waiting" data-live>([0-9+]*)/)
                return try String(#require(found).1)
            }
            #expect(try await waiting() == "")
            func add(_ count: Int, reason: String) async throws {
                for index in 0..<count {
                    let call = try await fixture.record(.heard("conv_\(reason)_\(index)"))
                    let decision = AttributionDecision(
                        campaign: nil,
                        recipient: nil,
                        method: .none,
                        confidence: nil,
                        reason: reason,
                        evidence: [:],
                        ruleVersion: "a"
                    )
                    let seen = CallRevision(content: 1, attribution: 0, judgement: 0)
                    _ = try await fixture.store.write {
                        try $0.attribute(call, seen: seen, decision)
                    }
                }
            }
            // A chat has no caller whom anybody could be credited with.
            try await add(3, reason: "no-phone")
            #expect(try await waiting() == "")
            try await add(7, reason: "withheld")
            #expect(try await waiting() == "7")
            try await add(95, reason: "tie")
            #expect(try await waiting() == "99+")
        }
    }
}
