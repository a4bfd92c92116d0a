import CallStore
import Conversion
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Judging calls anew, from the page and for programs")
struct RescoreRouteTests {
    private static let day = LocalDay(unix: WebFixture.nowUnix, offsetSeconds: 0)

    private static func body(_ version: String, dryRun: Bool?) -> String {
        let flag = dryRun.map { ",\"dryRun\":\($0)" } ?? ""
        return "{\"version\":\"\(version)\",\"from\":\"\(day)\",\"to\":\"\(day)\"\(flag)}"
    }

    /// Rules that two of three calls are conversions by, none of which has been judged.
    private static func fill(_ fixture: WebFixture) async throws -> String {
        for number in 1...3 {
            try await fixture.record(
                .heard("conv_\(number)", startedUnix: WebFixture.nowUnix - 100) {
                    $0.callSuccessful = number == 3 ? "failure" : "success"
                }
            )
        }
        let rules = try RulesFile.parse("type: talk\nsuccessful success", file: "talk.rules")
        try await fixture.store.write { try $0.keep(rules.stored) }
        return rules.version
    }

    @Test("it says by type what would change, starts only when told to, is cancelled, goes on")
    func steps() async throws {
        try await WebFixture.serve { fixture, client in
            let version = try await Self.fill(fixture)
            let path = "/api/v1/rescores"
            for flag in [nil, true] {
                let tried = try await client.ask(.post, path, Self.body(version, dryRun: flag))
                let found = try tried.object()
                #expect(found["id"] is NSNull && found["calls"] as? Int == 3, "\(tried.body)")
                #expect(found["added"] as? Int == 2 && found["conversionsAfter"] as? Int == 2)
                let types = try #require(found["types"] as? [[String: Any]])
                #expect(types.map { $0["type"] as? String } == ["talk"])
                #expect(types.first?["added"] as? Int == 2)
                let changes = try #require(found["changes"] as? [[String: Any]])
                #expect(changes.map { $0["kind"] as? String } == ["added", "added"])
                #expect(changes.allSatisfy { $0["typeAfter"] as? String == "talk" })
            }
            #expect(try await fixture.store.rescores(limit: 9).isEmpty)
            let begun = try await client.ask(.post, path, Self.body(version, dryRun: false))
            let id = try #require(try begun.object()["id"] as? String)
            let again = try await client.ask(.post, path, Self.body(version, dryRun: false))
            #expect(again.status == 409)
            let one = try await client.ask(.get, path + "/" + id).object()
            #expect(one["secondsLeft"] is NSNull && one["closedReason"] is NSNull)
            #expect(one["state"] as? String == "running" && one["calls"] as? Int == 3)
            let page = try await client.ask(.get, "/conversions?version=\(version)").body
            #expect(page.contains("rescores/\(id)/cancel") && page.contains("0 of 3 calls"))
            #expect(page.contains("data-rescore=\"\(version)\""))
            #expect(try await client.ask(.post, path + "/\(id)/cancel").status == 204)
            #expect(try await client.ask(.post, path + "/\(id)/cancel").status == 422)
            // While another runs, a cancelled one does not go on either.
            let second = try await client.ask(.post, path, Self.body(version, dryRun: false))
            let other = try #require(try second.object()["id"] as? String)
            #expect(try await client.ask(.post, path + "/\(id)/resume").status == 409)
            #expect(try await client.ask(.post, path + "/\(other)/cancel").status == 204)
            let stopped = try await client.ask(.get, "/conversions").body
            #expect(stopped.contains("rescores/\(id)/resume"))
            #expect(try await client.ask(.post, path + "/\(id)/resume").status == 204)
            #expect(try await client.ask(.post, path + "/\(id)/resume").status == 422)
            let list = try await client.ask(.get, path).object()
            #expect((list["items"] as? [[String: Any]])?.count == 2)
            let actions = try await fixture.store.auditLog(limit: 9).map(\.note.action)
            #expect(
                actions == [
                    "rules.rescore.resume", "rules.rescore.cancel", "rules.rescore",
                    "rules.rescore.cancel", "rules.rescore",
                ]
            )
        }
    }

    @Test("what is not there or not in order is refused")
    func refused() async throws {
        try await WebFixture.serve { fixture, client in
            let version = try await Self.fill(fixture)
            let path = "/api/v1/rescores"
            let none = try await client.ask(.post, path, Self.body("none", dryRun: false))
            #expect(none.status == 422)
            let turned =
                "{\"version\":\"\(version)\",\"from\":\"2026-02-02\",\"to\":\"2026-02-01\"}"
            #expect(try await client.ask(.post, path, turned).status == 400)
            for reason in ["", "  ", String(repeating: "x", count: 501)] {
                let body =
                    "{\"version\":\"\(version)\",\"from\":\"\(Self.day)\",\"to\":\"\(Self.day)\","
                    + "\"closedReason\":\"\(reason)\"}"
                #expect(try await client.ask(.post, path, body).status == 400, "\(reason.count)")
            }
            #expect(try await client.ask(.get, path + "/rs-none").status == 404)
            #expect(try await client.ask(.post, path + "/rs-none/cancel").status == 404)
            #expect(try await fixture.store.rescores(limit: 9).isEmpty)
        }
    }
}
