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

@Suite("One job over HTTP")
struct JobRouteTests {
    private static let addresses = ["/api/v1/jobs/job-1", "/jobs/job-1"]

    @Test("a job that only its queue knows yet is found")
    func queued() async throws {
        try await WebFixture.serve { fixture, client in
            let queue = try #require(fixture.queues.first { $0.name == JobKind.sync.queue })
            let job = try NewJob(id: JobID("job-1"), kind: "sync", lane: .std, payload: [])
            _ = try await queue.enqueue([job], call: try EnqueueCallID("call-1"))
            let answer = try await client.ask(.get, Self.addresses[0])
            #expect(answer.status == 200, "\(answer.body)")
            let found = try #require(try answer.object()["job"] as? [String: Any])
            #expect(found["state"] as? String == "ready")
            #expect(try await client.ask(.get, Self.addresses[1]).status == 200)
            #expect(try await client.ask(.get, "/api/v1/jobs/job-2").status == 404)
        }
    }

    @Test("a job that ends between the look at the store and that at its queue is found")
    func between() async throws {
        for address in Self.addresses {
            try await WebFixture.serve { fixture, client in
                let mark = JobMark(
                    id: try JobID("not-yet"),
                    kind: "sync",
                    lane: .std,
                    event: .failed,
                    attempt: 1,
                    reason: "x",
                    enqueuedMilliseconds: WebFixture.nowUnix * 1_000,
                    atMilliseconds: WebFixture.nowUnix * 1_000
                )
                try await fixture.store.write { try $0.mark([mark]) }
                let queue = try #require(fixture.queues.first)
                let rename = """
                    pragma defer_foreign_keys = on;
                    update job_index set job_id = 'job-1';
                    update job_events set job_id = 'job-1';
                    """
                queue.setFaults { _ in
                    do {
                        try fixture.sql { try $0.execute(sql: rename) }
                    } catch {
                        Issue.record(error)
                    }
                    return .none
                }
                #expect(try await client.ask(.get, address).status == 200, "\(address)")
            }
        }
    }

    @Test("while the queues do not answer, nobody is told that there is no such job")
    func silence() async throws {
        try await WebFixture.serve { fixture, client in
            for queue in fixture.queues {
                queue.setFaults { _ in .failBefore(.unavailable(reason: "away")) }
            }
            for address in Self.addresses {
                let answer = try await client.ask(.get, address)
                #expect(answer.status == 503, "\(address)")
            }
        }
    }
}
