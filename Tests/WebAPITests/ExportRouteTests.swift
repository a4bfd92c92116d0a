import CallJobs
import CallStore
import Foundation
import GRDB
import HTTPTypes
import HummingbirdTesting
import JobQueue
import TestSupport
import Testing
import WebAPI

@Suite("Exports of chosen calls and of views over HTTP")
struct ExportRouteTests {
    private static let path = "/api/v1/exports"

    private static func fill(_ fixture: WebFixture) async throws -> [CallID] {
        var calls: [CallID] = []
        for index in 0..<4 {
            let words = index < 2 ? "Do you sell tulips?" : "I want roses."
            calls.append(
                try await fixture.record(
                    .heard("conv_\(index)", startedUnix: WebFixture.nowUnix - Int64(index)) {
                        $0.transcript = [Turn(speaker: .caller, message: words, secondsIn: 1)]
                    }
                )
            )
        }
        return calls
    }

    /// The arguments of the job that an answer names.
    private static func arguments(
        _ answer: Answered,
        _ fixture: WebFixture
    ) async throws -> ExportArguments {
        let id = try JobID(try #require(try answer.object()["id"] as? String))
        let queue = try #require(fixture.queues.first { $0.name == JobKind.export.queue })
        let record = try #require(try await queue.job(id))
        return try ExportArguments(of: record.job)
    }

    @Test("named calls are what the job is about, and the audit log counts them")
    func chosen() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let body = "{\"what\":\"calls\",\"calls\":[\(calls[0]),\(calls[2])]}"
            let answer = try await client.ask(.post, Self.path, body)
            #expect(answer.status == 202, "\(answer.body)")
            let arguments = try await Self.arguments(answer, fixture)
            #expect(arguments.filter == CallFilter(ids: [calls[0], calls[2]]))
            let note = try await fixture.store.auditLog(limit: 1).first?.note
            #expect(note?.after?["chosen"] == .integer(2))
        }
    }

    @Test("a search becomes the calls that it finds: no words stand in a job")
    func searched() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let body = "{\"what\":\"calls\",\"search\":\"tulips\",\"unattributed\":true}"
            let answer = try await client.ask(.post, Self.path, body)
            #expect(answer.status == 202, "\(answer.body)")
            let arguments = try await Self.arguments(answer, fixture)
            let filter = CallFilter(campaign: .unattributed, ids: [calls[0], calls[1]])
            #expect(arguments.filter == filter)
            let none = "{\"what\":\"calls\",\"search\":\"orchids\"}"
            #expect(try await client.ask(.post, Self.path, none).status == 422)
        }
    }

    @Test("more calls than may be named are refused, also when a search finds them")
    func tooMany() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                for index in 0...CallFilter.idsMax {
                    _ = try writer.record(
                        .heard("conv_\(index)") { $0.title = "Tulips" }
                    )
                }
            }
            let search = try await client.ask(
                .post,
                Self.path,
                "{\"what\":\"calls\",\"search\":\"tulips\"}"
            )
            #expect(search.status == 422, "\(search.body)")
            let ids = (1...CallFilter.idsMax + 1).map(String.init).joined(separator: ",")
            let named = "{\"what\":\"calls\",\"calls\":[\(ids)]}"
            #expect(try await client.ask(.post, Self.path, named).status == 400)
        }
    }

    @Test(
        "what does not go together is refused",
        arguments: [
            #"{"what":"calls","calls":[]}"#, #"{"what":"calls","calls":[0]}"#,
            #"{"what":"calls","calls":[1],"search":"x"}"#, #"{"what":"calls","search":""}"#,
            #"{"what":"campaigns","calls":[1]}"#,
            #"{"what":"calls","campaign":1,"unattributed":true}"#,
        ]
    )
    func refused(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(.post, Self.path, body)
            #expect(answer.status == 400)
            let log = try await fixture.store.auditLog(limit: 1)
            #expect(log.isEmpty)
        }
    }

    @Test("the page of calls carries its view as an export asks for it")
    func view() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.fill(fixture)
            let page = try await client.ask(
                .get,
                "/calls?from=2026-11-01&to=2026-11-30&campaign=none&q=tulips"
            ).body
            let text = try #require(page.firstMatch(of: /data-export="([^"]*)"/)).1
            let json = String(text).replacing("&quot;", with: "\"")
            let body = try #require(
                try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            )
            #expect(body["search"] as? String == "tulips")
            #expect(body["unattributed"] as? Bool == true)
            #expect(body["from"] as? String == "2026-11-01T00:00:00Z")
            #expect(body["to"] as? String == "2026-12-01T00:00:00Z")
            #expect(page.contains("with this search, campaign."))
            let sent = json.replacing("{", with: "{\"what\":\"calls\",", maxReplacements: 1)
            #expect(try await client.ask(.post, Self.path, sent).status == 202)
        }
    }

    @Test("an export that ends between the look at the store and that at the queue is found")
    func between() async throws {
        try await WebFixture.serve { fixture, client in
            let record = ExportRecord.sample("not yet")
            try await fixture.store.write { _ = try $0.add(record) }
            // The queue is asked for the job in the very moment in which it ends.
            let queue = try #require(fixture.queues.first { $0.name == JobKind.export.queue })
            queue.setFaults { _ in
                do {
                    try fixture.sql { try $0.execute(sql: "update exports set job_id = 'ended'") }
                } catch {
                    Issue.record(error)
                }
                return .none
            }
            let answer = try await client.ask(.get, "\(Self.path)/ended")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try answer.object()["state"] as? String == "finished")
            #expect(try await client.ask(.get, "\(Self.path)/another").status == 404)
        }
    }
}
