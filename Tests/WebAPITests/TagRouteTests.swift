import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Tags by the API and on the pages")
struct TagRouteTests {
    private static func fill(_ fixture: WebFixture) async throws -> [CallID] {
        try await fixture.store.write { writer in
            try (1...3).map { try writer.record(DashboardTests.record("conv_\($0)")).call }
        }
    }

    private static func tags(_ answer: Answered) throws -> [String]? {
        try answer.object()["tags"] as? [String]
    }

    @Test("a call is tagged, found by its tag, and given back")
    func one() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let path = "/api/v1/calls/\(calls[0])/tags"
            let added = try await client.ask(.post, path, "{\"tag\":\" Call Back\"}")
            #expect(added.status == 200, "\(added.body)")
            #expect(try Self.tags(added) == ["call-back"])
            #expect(try Self.tags(try await client.ask(.get, path)) == ["call-back"])
            let known = try await client.ask(.get, "/api/v1/tags")
            #expect(try Self.tags(known) == ["call-back", "internal", "spam", "test"])
            // A form writes a space as `+`.
            for words in ["Call%20back", "Call+back"] {
                let list = try await client.ask(.get, "/api/v1/calls?tag=\(words)")
                let items = try #require(try list.object()["items"] as? [[String: Any]])
                #expect(items.map { $0["id"] as? Int } == [Int(calls[0].number)])
                #expect(items.first?["tags"] as? [String] == ["call-back"])
            }
            let document = try await client.ask(.get, "/api/v1/calls/\(calls[0])")
            #expect(try document.object()["tags"] as? [String] == ["call-back"])
            let gone = try await client.ask(.delete, path + "?tag=call-back")
            #expect(gone.status == 200)
            #expect(try Self.tags(gone) == [])
        }
    }

    @Test("the link to the next page keeps what the first was asked for")
    func next() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.fill(fixture)
            let path = "/api/v1/calls?limit=1&from=2020-01-01T00:00:00%2B02:00"
            let link = try #require(try await client.ask(.get, path).header("link"))
            #expect(link.contains("from=2020-01-01T00%3A00%3A00%2B02%3A00"), "\(link)")
        }
    }

    @Test(
        "what is no tag is refused and changes nothing",
        arguments: [
            ("{\"tag\":\"415 555 0100\"}", 400), ("{\"tag\":\"\"}", 400), ("{}", 400),
            ("{\"tag\":\"<b>\"}", 400), ("{\"tag\":\"'; drop table calls\"}", 400),
        ]
    )
    func refuses(body: String, status: Int) async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let path = "/api/v1/calls/\(calls[0])/tags"
            #expect(try await client.ask(.post, path, body).status == status)
            #expect(try await client.ask(.delete, path).status == 400)
            #expect(try await client.ask(.get, "/api/v1/calls?tag=%3Cb%3E").status == 400)
            let nowhere = try await client.ask(.post, "/api/v1/calls/99/tags", "{\"tag\":\"a\"}")
            #expect(nowhere.status == 404)
            #expect(try await fixture.store.tags(of: calls[0]).isEmpty)
        }
    }

    @Test(
        "many calls are tagged and untagged, and the answer takes it back",
        arguments: ["vip", "test"]
    )
    func many(tag: String) async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let word = try #require(CallTag(tag))
            try await fixture.store.write { _ = try $0.tag(calls[1], word, by: "ana") }
            func tagged() async throws -> Set<CallID> {
                try await fixture.store.calls(calls, with: word)
            }
            let ids = calls.map(\.description).joined(separator: ",")
            for change in ["tag", "untag"] {
                let answer = try await client.ask(
                    .post,
                    "/api/v1/calls/changes",
                    "{\"change\":\"\(change)\",\"calls\":[\(ids)],\"tag\":\"\(tag)\"}"
                )
                #expect(answer.status == 200, "\(answer.body)")
                #expect(try await tagged() == (change == "tag" ? Set(calls) : []))
                let undo = try #require(try answer.object()["undo"] as? [[String: Any]])
                for request in undo {
                    let body = try JSONSerialization.data(withJSONObject: request)
                    let back = try await client.ask(
                        .post,
                        "/api/v1/calls/changes",
                        String(decoding: body, as: UTF8.self)
                    )
                    #expect(back.status == 200, "\(back.body)")
                }
                #expect(try await tagged() == [calls[1]])
            }
            let without = "{\"change\":\"tag\",\"calls\":[\(ids)]}"
            #expect(try await client.ask(.post, "/api/v1/calls/changes", without).status == 400)
        }
    }

    @Test("calls that are excluded already stay as they are when many are tagged")
    func keepsExclusions() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            try await fixture.store.write { writer in
                try writer.exclude(calls[0], for: .test, by: "ana", note: "our own")
                try writer.exclude(calls[1], for: .other, by: "ana", note: "a drill")
            }
            let before = try await fixture.store.exclusions(of: calls)
            let ids = calls.map(\.description).joined(separator: ",")
            let answer = try await client.ask(
                .post,
                "/api/v1/calls/changes",
                "{\"change\":\"tag\",\"calls\":[\(ids)],\"tag\":\"test\"}"
            )
            #expect(answer.status == 200, "\(answer.body)")
            let found = try answer.object()
            #expect(found["changed"] as? [Int] == [Int(calls[2].number)])
            let refused = try #require(found["refused"] as? [[String: Any]])
            #expect(refused.map { $0["call"] as? Int } == [Int(calls[1].number)])
            #expect(refused.first?["reason"] as? String != nil)
            let one = try await client.ask(
                .post,
                "/api/v1/calls/\(calls[1])/tags",
                "{\"tag\":\"test\"}"
            )
            #expect(one.status == 422)
            for call in calls.prefix(2) {
                let exclusion = try await fixture.store.exclusion(of: call)
                #expect(exclusion == before[call])
            }
            #expect(try await fixture.store.exclusion(of: calls[2])?.reason == .test)
        }
    }

    @Test("the pages show tags, and a filter by one says so where it leaves nothing")
    func pages() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let vip = try #require(CallTag("vip"))
            try await fixture.store.write { _ = try $0.tag(calls[0], vip, by: "ana") }
            let list = try await client.ask(.get, "/calls?columns=tags").body
            #expect(list.contains("<a href=\"/calls?columns=tags&amp;tag=vip\">vip</a>"))
            #expect(list.contains("<option value=\"vip\">vip</option>"))
            let found = try await client.ask(.get, "/calls?tag=vip").body
            #expect(found.matches(of: /<tr data-row/).count == 1)
            #expect(found.contains("<option value=\"vip\" selected>vip</option>"))
            #expect(found.contains("with this tag."))
            #expect(found.contains("&quot;tag&quot;:&quot;vip&quot;"))
            let none = try await client.ask(.get, "/calls?tag=nobody").body
            #expect(none.contains("No calls in these days with this tag."))
            // What is no tag filters nothing, and nothing says that it does.
            let all = try await client.ask(.get, "/calls?tag=%3Cb%3E").body
            #expect(all.matches(of: /<tr data-row/).count == calls.count)
            #expect(!all.contains("with this tag"))
            let page = try await client.ask(.get, "/calls/\(calls[0])").body
            #expect(page.contains("tags?tag=vip"))
        }
    }
}
