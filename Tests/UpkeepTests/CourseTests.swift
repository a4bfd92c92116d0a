import CallJobs
import CallStore
import Foundation
import GRDB
import Testing

@Suite("Filling in how calls went")
struct CourseTests {
    private static func detail(_ id: String, seconds: Double) -> String {
        """
        {"conversation_id":"\(id)","agent_id":"agent_1","status":"done",
        "metadata":{"start_time_unix_secs":1794700000,"call_duration_secs":9},
        "transcript":[{"role":"agent","time_in_call_secs":2,"message":"Hi",
        "conversation_turn_metrics":{"metrics":
        {"convai_llm_service_ttfb":{"elapsed_time":\(seconds)}}}}]}
        """
    }

    private static func add(_ number: Int, to store: CallStore) async throws {
        let id = "conv_\(number)"
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: .detail,
            fetchedAtMilliseconds: 1_794_700_000_000,
            agentID: "agent_1",
            status: .done
        )
        record.startedUnix = 1_794_700_000
        record.durationSeconds = 60
        record.channel = .phone
        record.transcript = [
            Turn(speaker: .agent, message: "Good", secondsIn: 0, wasInterrupted: true),
            Turn(speaker: .caller, message: "Hello", secondsIn: 1, wasInterrupted: true),
        ]
        // The third call's detail is gone, the fourth came by webhook alone.
        let body: RawBody? =
            switch number {
            case 3: nil
            case 4:
                raw(
                    .webhook,
                    id,
                    #"{"type":"post_call_transcription","data":"# + detail(id, seconds: 0.4) + "}"
                )
            default: raw(.detail, id, detail(id, seconds: Double(number) / 10))
            }
        try await store.write { [record] writer in
            _ = try writer.record(record)
            if let body { try writer.storeRaw(body) }
        }
    }

    private static func raw(_ kind: RawBody.Kind, _ id: String, _ body: String) -> RawBody {
        RawBody(
            kind: kind,
            conversationID: id,
            receivedAtMilliseconds: 1_794_700_000_000,
            body: Data(body.utf8)
        )
    }

    @Test("calls that were there before are filled in from turns and bodies, in batches")
    func fills() async throws {
        let fixture = try await UpkeepFixture()
        for number in 1...5 { try await Self.add(number, to: fixture.store) }
        // As the migration leaves a store with calls in it.
        let database = try DatabaseQueue(path: fixture.store.path)
        try await database.write { database in
            try database.execute(
                sql: """
                    update calls set interruptions = null, response_ms = null;
                    update call_courses_state set filled_to = 0, filled_end = 5;
                    """
            )
        }
        #expect(try await fixture.run(.courses, batch: 2) == ["courses", "courses", "courses"])
        let rows = try await database.read { database in
            try String.fetchAll(
                database,
                sql: """
                    select conversation_id || ' ' || interruptions || ' '
                        || coalesce(response_ms, '-')
                    from calls order by id
                    """
            )
        }
        #expect(
            rows == [
                "conv_1 1 [100]", "conv_2 1 [200]", "conv_3 1 -", "conv_4 1 [400]",
                "conv_5 1 [500]",
            ]
        )
        // Once all are looked through, a job finds nothing to do.
        #expect(try await fixture.run(.courses) == ["courses"])
        try database.close()
    }
}
