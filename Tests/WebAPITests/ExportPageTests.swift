import CallJobs
import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import JobQueue
import TestSupport
import Testing
import WebAPI

@Suite("Exports on their way: how far they are, ended and resumed")
struct ExportPageTests {
    private static func turn(
        _ number: Int,
        _ settlement: Settlement?,
        _ queue: InMemoryQueue
    ) async throws -> TurnReply {
        try await queue.turn(
            TurnRequest(
                worker: try WorkerID("w"),
                number: number,
                settlement: settlement,
                limit: 1,
                lowLimit: 1,
                isIdle: false
            )
        )
    }

    private static func queue(_ fixture: WebFixture) throws -> InMemoryQueue {
        try #require(fixture.queues.first { $0.name == JobKind.export.queue })
    }

    /// Asks for an export over HTTP; its id.
    private static func ask(_ client: any TestClientProtocol) async throws -> String {
        let body = "{\"what\":\"transcripts\",\"dialect\":\"ndjson\"}"
        let answer = try await client.ask(.post, "/api/v1/exports", body)
        #expect(answer.status == 202, "\(answer.body)")
        return try #require(try answer.object()["id"] as? String)
    }

    @Test("one that runs shows how many of its calls are written, and is ended")
    func running() async throws {
        try await WebFixture.serve { fixture, client in
            let queue = try Self.queue(fixture)
            let id = try await Self.ask(client)
            let waiting = try await client.ask(.get, "/exports").body
            #expect(waiting.contains("transcripts, NDJSON (dashboard)"))
            #expect(waiting.contains(">waits ") && !waiting.contains("<progress"))
            _ = try await Self.turn(1, nil, queue)
            // What a worker leaves beside the file after its second part of ten calls.
            let part = "\"offset\":0,\"bytes\":1,\"rows\":30,\"calls\":10,\"changed\":0,\"gone\":0"
            let parts = (1...2).map { "{\"number\":\($0),\"sha256\":\"\",\(part)}" }
            let progress = """
                {"version":1,"job":"\(id)","fence":7,"base":"transcripts-7","createdMilliseconds":1,
                "mark":1,"timeZone":"UTC","parts":[\(parts.joined(separator: ","))]}
                """
            try Data(progress.utf8)
                .write(to: fixture.folder.appending(path: "transcripts-7.progress"))
            try Data(count: 43 * 8)
                .write(to: fixture.folder.appending(path: "transcripts-7.rows"))
            let page = try await client.ask(.get, "/exports").body
            #expect(page.contains("being written "))
            #expect(page.contains("20 of 43 calls"))
            #expect(page.contains("max=\"43\" value=\"20\""))
            #expect(page.contains("data-path=\"exports/\(id)/cancel\""))
            #expect(try await client.ask(.post, "/api/v1/exports/\(id)/resume").status == 409)
            let answer = try await client.ask(.post, "/api/v1/exports/\(id)/cancel")
            #expect(try answer.object()["cancelled"] as? Bool == true)
            let ending = try await client.ask(.get, "/exports").body
            #expect(ending.contains("is being ended"))
            #expect(!ending.contains("exports/\(id)/cancel"))
            let history = try await fixture.store.history(of: try JobID(id))
            #expect(history.indexed?.state == .cancelled)
            // The worker that runs it has the last word.
            #expect(history.done == nil)
        }
    }

    @Test("one that waits is over at once when it is ended")
    func waiting() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.ask(client)
            let path = "/api/v1/exports/\(id)/cancel"
            #expect(try await client.ask(.post, path).status == 200)
            let history = try await fixture.store.history(of: try JobID(id))
            #expect(history.indexed?.state == .cancelled)
            let log = try await fixture.store.auditLog(action: "job.cancelled", limit: 9)
            #expect(log.count == 1)
            let other = "/api/v1/exports/none/cancel"
            #expect(try await client.ask(.post, other).status == 404)
        }
    }

    @Test("one that was given up is resumed, and not ended")
    func resumed() async throws {
        try await WebFixture.serve { fixture, client in
            let queue = try Self.queue(fixture)
            let id = try await Self.ask(client)
            let batch = try #require(try await Self.turn(1, nil, queue).batch)
            let slot = Settlement.Slot(
                position: 0,
                id: try JobID(id),
                outcome: .dead(reason: "the disk is away")
            )
            let settlement = Settlement(batch: batch.reference, slots: [slot])
            _ = try await Self.turn(2, settlement, queue)
            let page = try await client.ask(.get, "/exports").body
            #expect(page.contains("given up") && page.contains("the disk is away"))
            #expect(page.contains("data-path=\"exports/\(id)/resume\""))
            #expect(try await client.ask(.post, "/api/v1/exports/\(id)/cancel").status == 409)
            let answer = try await client.ask(.post, "/api/v1/exports/\(id)/resume")
            #expect(try answer.object()["resumed"] as? Bool == true)
            let figures = try await queue.figures()
            #expect(figures.dead == 0)
        }
    }

    @Test("schedules that ask for exports stand with their next time, and no others")
    func scheduled() async throws {
        try await WebFixture.serve { _, client in
            let page = try await client.ask(.get, "/exports").body
            #expect(page.contains(">export-calls</a>"))
            #expect(page.contains("calls, CSV (schedule)"))
            #expect(page.contains("data-label=\"Next\">15 Nov 04:30<"))
            #expect(page.matches(of: /data-label="Next"/).count == 1)
        }
    }
}
