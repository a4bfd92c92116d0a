import CallJobs
import CallStore
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Erasing a caller from the call's page")
struct ErasureRouteTests {
    private static let form = "data-path=\"calls/1/erasure\""

    @Test("the page says what goes, and with the word typed the caller is erased by upkeep")
    func erases() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            try await fixture.record(.heard("conv_2"))
            let path = "/api/v1/calls/\(call.number)/erasure"
            let page = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(page.contains(Self.form))
            #expect(page.contains("bodies of 2 calls and 0 recipients"))
            for body in ["{}", #"{"confirm":""}"#, #"{"confirm":"yes"}"#] {
                #expect(try await client.ask(.post, path, body).status == 400)
            }
            #expect(try await fixture.store.openErasures().isEmpty)
            let answer = try await client.ask(.post, path, #"{"confirm":"erase"}"#)
            #expect(answer.status == 202, "\(answer.body)")
            #expect(try answer.object()["calls"] as? Int == 2)
            let erasure = try #require(try await fixture.store.openErasures().first)
            #expect(erasure.person == "dashboard")
            let note = try #require(try await fixture.store.auditLog(limit: 1).first?.note)
            #expect(note.action == "caller.erase" && note.actor == "dashboard")
            #expect(!answer.body.contains("4155550123"))
            // The job of upkeep, and that there is one for all who ask.
            _ = try await client.ask(.post, path, #"{"confirm":"erase"}"#)
            let jobs = try await fixture.outbox().map(\.job).filter { $0.kind == "upkeep" }
            #expect(jobs.count == 1)
            let arguments = String(decoding: try #require(jobs.first).payload, as: UTF8.self)
            #expect(arguments.contains("erasures"))
            let after = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(after.contains("This caller is being erased.") && !after.contains(Self.form))
        }
    }

    @Test("what became of an erasure stands on the call's page, under Settings, and in the API")
    func outcome() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            try await fixture.record(.heard("conv_2"))
            let path = "/api/v1/calls/\(call.number)/erasure"
            let untouched = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(!untouched.contains("The caller was erased"))
            _ = try await client.ask(.post, path, #"{"confirm":"erase"}"#)
            let before = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(before.contains("not yet: removing numbers"))
            let open = try #require(try await fixture.store.openErasures().first)
            try await fixture.store.write { _ = try $0.clearContent(of: open, limit: 10) }
            let page = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(page.contains("The caller was erased"))
            #expect(page.contains("by dashboard"))
            #expect(page.contains(open.object))
            let settings = try await client.ask(.get, "/settings").body
            #expect(settings.contains("erased 2 calls, 0 recipients"))
            let items = try await client.ask(.get, "/api/v1/erasures").object()["items"]
            let list = try #require(items as? [[String: Any]])
            #expect(list.map { $0["calls"] as? Int } == [2])
            #expect(list.map { $0["step"] as? String } == ["content"])
            for body in [before, page, settings] { #expect(!body.contains("4155550123")) }
        }
    }

    @Test("a caller that nothing is kept of cannot be erased, and the page says so")
    func nobody() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1") { $0.caller = nil })
            let page = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(page.contains("Nothing is kept by which") && !page.contains(Self.form))
            let path = "/api/v1/calls/\(call.number)/erasure"
            #expect(try await client.ask(.post, path, #"{"confirm":"erase"}"#).status == 422)
            let missing = "/api/v1/calls/999/erasure"
            #expect(try await client.ask(.post, missing, #"{"confirm":"erase"}"#).status == 404)
        }
    }

    @Test("only administrators are offered it, and only they may")
    func readers() async throws {
        try await WebFixture.serve(access: .token("hush-hush")) { fixture, client in
            try await fixture.record(.heard("conv_1"))
            try await fixture.store.write { writer in
                let hash = Data(SHA256.hash(data: Data("rbk_1".utf8)))
                try writer.addToken(named: "crm", .write, hash: hash, by: "ana")
            }
            let headers = ["authorization": "Bearer rbk_1"]
            let page = try await client.ask(.get, "/calls/1", headers: headers)
            #expect(page.status == 200 && !page.body.contains("Erase the caller"))
            let path = "/api/v1/calls/1/erasure"
            let body = #"{"confirm":"erase"}"#
            #expect(try await client.ask(.post, path, body, headers: headers).status == 403)
            let list = try await client.ask(.get, "/api/v1/erasures", headers: headers)
            #expect(list.status == 403)
            #expect(try await fixture.store.openErasures().isEmpty)
        }
        try await WebFixture.serve(policy: AccessPolicy(isReadOnly: true)) { fixture, client in
            try await fixture.record(.heard("conv_1"))
            let page = try await client.ask(.get, "/calls/1").body
            #expect(!page.contains("Erase the caller"))
            let body = #"{"confirm":"erase"}"#
            #expect(try await client.ask(.post, "/api/v1/calls/1/erasure", body).status == 403)
        }
    }
}
