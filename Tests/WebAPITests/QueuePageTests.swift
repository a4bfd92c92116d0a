import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import JobQueue
import TestSupport
import Testing
import WebAPI

@Suite("Queues and jobs on their pages")
struct QueuePageTests {
    /// Three dead jobs of two errors in the queue sync, one of them with a timeline.
    static func fill(_ fixture: WebFixture) async throws {
        let queue = try #require(fixture.queues.first { $0.name.text == "sync" })
        let reasons = [
            "the body is not JSON", "the body is not JSON", "the upstream does not answer",
        ]
        let jobs = try ["a", "b", "c"].map {
            NewJob(id: try JobID("job-\($0)"), kind: "sync", payload: Array("{}".utf8))
        }
        _ = try await queue.enqueue(jobs, call: try EnqueueCallID("call"))
        func turn(_ number: Int, _ settlement: Settlement?) async throws -> TurnReply {
            try await queue.turn(
                TurnRequest(
                    worker: try WorkerID("w"),
                    number: number,
                    settlement: settlement,
                    limit: 10,
                    lowLimit: 10,
                    isIdle: false
                )
            )
        }
        let batch = try #require(try await turn(1, nil).batch)
        let slots = batch.jobs.enumerated().map { position, job in
            Settlement.Slot(
                position: position,
                id: job.id,
                outcome: .dead(reason: reasons[position])
            )
        }
        _ = try await turn(2, Settlement(batch: batch.reference, slots: slots))
        let mark = JobMark(
            id: try JobID("job-c"),
            kind: "sync",
            lane: .std,
            event: .dead,
            attempt: 1,
            errorClass: "timeout",
            reason: reasons[2],
            enqueuedMilliseconds: WebFixture.nowUnix * 1_000 - 5_000,
            atMilliseconds: WebFixture.nowUnix * 1_000
        )
        try await fixture.store.write { try $0.mark([mark]) }
    }

    @Test("dead jobs stand by error, one by one, and each with what happened to it")
    func dead() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let page = try await client.ask(.get, "/queues/sync").body
            #expect(page.contains("the body is not JSON"))
            #expect(!page.contains("data-job=\"job-a\""))
            let error = "/queues/sync?error=the%20body%20is%20not%20JSON"
            let opened = try await client.ask(.get, error).body
            #expect(opened.contains("data-job=\"job-a\"") && opened.contains("data-job=\"job-b\""))
            #expect(!opened.contains("data-job=\"job-c\""))
            let job = try await client.ask(.get, "/jobs/job-c").body
            #expect(job.contains("dead") && job.contains("the upstream does not answer"))
            // One that only its queue knows, since it was never noted.
            let unnoted = try await client.ask(.get, "/jobs/job-b").body
            #expect(unnoted.contains("dead") && unnoted.contains("the body is not JSON"))
            #expect(unnoted.contains("href=\"/queues/sync\""))
            #expect(try await client.ask(.get, "/jobs/none").status == 404)
            let body = "{\"queue\":\"sync\",\"ids\":[\"job-a\"]}"
            let retried = try await client.ask(.post, "/api/v1/dead/retry", body)
            #expect(retried.status == 200, "\(retried.body)")
            let after = try await client.ask(.get, error).body
            #expect(!after.contains("data-job=\"job-a\"") && after.contains("data-job=\"job-b\""))
        }
    }

    @Test("jobs are found by id, conversation or words of their error, and lead to their page")
    func find() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let about = JobMark(
                id: try JobID("job-d"),
                kind: "conversion",
                lane: .std,
                event: .failed,
                entity: "conv_1",
                attempt: 1,
                reason: "the upstream is away",
                enqueuedMilliseconds: WebFixture.nowUnix * 1_000,
                atMilliseconds: WebFixture.nowUnix * 1_000
            )
            try await fixture.store.write { try $0.mark([about]) }
            func found(_ text: String) async throws -> [String] {
                let page = try await client.ask(.get, "/queues?find=\(text)").body
                return page.matches(of: /href="\/jobs\/(job-.)"/).map { String($0.1) }
            }
            #expect(try await found("job-c") == ["job-c"])
            #expect(try await found("%20conv_1%20") == ["job-d"])
            #expect(try await found("does%20not%20answer") == ["job-c"])
            #expect(try await found("does+not+answer") == ["job-c"])
            #expect(try await Set(found("the%20upstream")) == ["job-c", "job-d"])
            #expect(try await found("").isEmpty)
            let none = try await client.ask(.get, "/queues?find=zebra%3Cb%3E&range=7d").body
            #expect(none.contains("No job is known by this."))
            #expect(none.contains("value=\"zebra&lt;b&gt;\"") && !none.contains("zebra<b>"))
            #expect(none.contains("name=\"range\" value=\"7d\""))
        }
    }

    @Test(
        "how a queue went is shown for an hour, six hours or a day",
        arguments: ["", "6h", "24h"]
    )
    func history(last: String) async throws {
        try await WebFixture.serve { _, client in
            let page = try await client.ask(.get, "/queues/sync?last=\(last)").body
            #expect(page.contains("0 jobs done."))
            #expect(page.matches(of: /data-value=""/).count == 120)
        }
    }
}
