import CallStore
import Foundation
import HTTPTypes
import PhoneNumbers
import Testing
import WebAPI

@Suite("Internal numbers over HTTP")
struct InternalNumberTests {
    private static let path = "/api/v1/internal-numbers"

    /// Two calls of the fixture's usual caller, and one of another.
    private static func fill(_ fixture: WebFixture) async throws {
        for number in 1...2 { _ = try await fixture.record(.heard("conv_\(number)")) }
        _ = try await fixture.record(
            .heard("conv_3") { $0.caller = Self.party("+14155550199") }
        )
    }

    private static func party(_ number: String) -> PartyNumber {
        PartyNumber(raw: number, e164: E164(stored: number), kind: .e164, normaliserVersion: "t")
    }

    private static func calls(_ fixture: WebFixture) async throws -> [Int] {
        let total = try await fixture.store.figureReport(FigureScope()).total
        return [total.calls, total.excluded]
    }

    @Test("calls of a number are counted first, excluded, and counted again")
    func excludes() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let body = #"{"number":"(415) 555-0123"}"#
            let tried = try await client.ask(.post, Self.path + "/trial", body).object()
            #expect(tried["calls"] as? Int == 2)
            #expect(tried["recounted"] as? Int == 2)
            #expect(try await Self.calls(fixture) == [3, 0])
            let added = try await client.ask(.post, Self.path, body)
            #expect(added.status == 200, "\(added.body)")
            #expect(try await Self.calls(fixture) == [1, 2])
            // Twice is once.
            let again = try await client.ask(.post, Self.path, body).object()
            #expect(again["listed"] as? Bool == true)
            // A call that comes later is excluded as it comes.
            let late = try await fixture.record(.heard("conv_4"))
            #expect(try await Self.calls(fixture) == [1, 3])
            #expect(try await fixture.store.exclusion(of: late)?.reason == .internal)
            let listed = try await client.ask(.get, Self.path)
            #expect(!listed.body.contains("5550123"))
            let items = try #require(try listed.object()["items"] as? [[String: Any]])
            #expect(items.map { $0["calls"] as? Int } == [3])
            let id = try #require(items.first?["id"] as? String)
            let page = try await client.ask(.get, "/settings").body
            #expect(page.contains("data-internal=\"\(id)\""))
            #expect(!page.contains("5550123"))
            let removed = try await client.ask(.delete, "\(Self.path)/\(id)").object()
            #expect(removed["recounted"] as? Int == 3)
            #expect(try await Self.calls(fixture) == [4, 0])
            #expect(try await client.ask(.delete, "\(Self.path)/\(id)").status == 404)
            let actions = try await fixture.store.auditLog(limit: 9).map(\.note.action)
            #expect(actions == ["internal-number.remove", "internal-number.add"])
            #expect(try await fixture.store.recount().isRight)
        }
    }

    @Test("what a person has excluded stays so, whatever becomes of the list")
    func keepsOthers() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            try await fixture.store.write { try $0.exclude(call, for: .spam, by: "ana") }
            let body = #"{"number":"+14155550123"}"#
            #expect(try await client.ask(.post, Self.path, body).object()["recounted"] as? Int == 0)
            let id = try #require(try await fixture.store.internalNumbers().first?.id)
            _ = try await client.ask(.delete, "\(Self.path)/\(id)")
            #expect(try await fixture.store.exclusion(of: call)?.person == "ana")
        }
    }

    @Test(
        "what is no number is refused",
        arguments: [#"{"number":"anonymous"}"#, #"{"number":""}"#, "{}", #"{"number":"12"}"#]
    )
    func refuses(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            for path in [Self.path, Self.path + "/trial"] {
                let answer = try await client.ask(.post, path, body)
                #expect([400, 422].contains(answer.status), "\(path) \(answer.status)")
            }
            #expect(try await fixture.store.internalNumbers().isEmpty)
        }
    }

    @Test("what cannot be added is told before, too")
    func full() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let others = (0..<InternalNumberLimits.numbersMax).map {
                Self.party("+1415556\(1_000 + $0)")
            }
            try await fixture.store.write { writer in
                for number in others { _ = try writer.addInternal(number, by: "ana") }
            }
            let body = #"{"number":"+14155550123"}"#
            let tried = try await client.ask(.post, Self.path + "/trial", body).object()
            let text = try #require(tried["text"] as? String)
            #expect(text.contains("cannot be added") && text.contains("already"))
            #expect(tried["calls"] as? Int == 2)
            #expect(tried["recounted"] as? Int == 0)
            #expect(try await client.ask(.post, Self.path, body).status == 422)
            let numbers = try await fixture.store.internalNumbers()
            #expect(numbers.count == InternalNumberLimits.numbersMax)
        }
    }

    @Test("calls whose number has gone stay excluded, and the answer says so")
    func expired() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = [
                try await fixture.record(.heard("conv_1")),
                try await fixture.record(.heard("conv_2")),
            ]
            _ = try await client.ask(.post, Self.path, #"{"number":"+14155550123"}"#)
            try await fixture.store.write { try $0.expire(.numbers, [calls[0].number]) }
            let id = try #require(try await fixture.store.internalNumbers().first?.id)
            let removed = try await client.ask(.delete, "\(Self.path)/\(id)").object()
            #expect(removed["recounted"] as? Int == 1)
            let text = try #require(removed["text"] as? String)
            #expect(text.contains("kept no longer stay excluded"))
            #expect(try await fixture.store.exclusion(of: calls[0])?.reason == .internal)
            #expect(try await fixture.store.exclusion(of: calls[1]) == nil)
        }
    }

    @Test("an erased caller's number is on the list no more")
    func forgets() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            _ = try await client.ask(.post, Self.path, #"{"number":"+14155550123"}"#)
            let number = try #require(E164(stored: "+14155550123"))
            let id = try await fixture.store.write {
                try $0.beginErasure(of: .number(number), by: "ana").id
            }
            let erasure = try #require(try await fixture.store.erasure(id))
            try await fixture.store.write { _ = try $0.clearContent(of: erasure, limit: 10) }
            #expect(try await fixture.store.internalNumbers().isEmpty)
        }
    }
}
