import CallStore
import Console
import JobQueue
import Testing

@Suite("Timeline of a job")
struct JobTimelineTests {
    private static let now: Int64 = 1_794_700_100_000

    private static func record(
        _ state: JobState,
        at: Int64? = nil,
        reason: String? = nil,
        batch: Batch.Reference? = nil
    ) throws -> JobRecord {
        JobRecord(
            job: Job(
                id: try JobID("sync-1"),
                kind: "sync",
                lane: .std,
                attempt: 2,
                crashes: 0,
                createdMilliseconds: 1_794_700_000_000,
                readyMilliseconds: 1_794_700_000_000,
                payload: Array("{}".utf8),
                unique: nil,
                uniqueHorizon: .zero,
                trace: nil
            ),
            state: state,
            batch: batch,
            atMilliseconds: at,
            reason: reason
        )
    }

    private func timeline(
        _ record: JobRecord?,
        history: JobHistory = JobHistory(),
        deep: [JobTimeline.DeepLane] = []
    ) throws -> JobTimeline {
        JobTimeline(
            id: try JobID("sync-1"),
            history: history,
            held: record.map { ("sync", $0) },
            deepLanes: deep,
            nowMilliseconds: Self.now
        )
    }

    private func mark(_ event: JobMark.Event, at: Int64, reason: String? = nil) throws -> JobMark {
        JobMark(
            id: try JobID("sync-1"),
            kind: "sync",
            lane: .std,
            event: event,
            attempt: 1,
            worker: try WorkerID("w1"),
            fence: 5,
            errorClass: reason == nil ? nil : "timeout",
            reason: reason,
            enqueuedMilliseconds: 1_794_700_000_000,
            atMilliseconds: at,
            ranMilliseconds: 3_000
        )
    }

    @Test("a plain waiting job says where it waits")
    func waiting() throws {
        #expect(try timeline(try Self.record(.ready)).answer == "waiting in sync/std")
    }

    @Test("every place of a queue has its words")
    func places() throws {
        let worker = Batch.Reference(
            id: BatchID(worker: try WorkerID("w7"), number: 3),
            isSolo: false
        )
        let running = try timeline(try Self.record(.running, batch: worker))
        #expect(running.answer == "held by w7, attempt 2")
        let later = try timeline(
            try Self.record(.later, at: Self.now + 90_000, reason: "the upstream is busy")
        )
        #expect(
            later.answer
                == "waiting in sync for its time, attempt 2 in 1m 30s: the upstream is busy"
        )
        let dead = try timeline(try Self.record(.dead, at: Self.now, reason: "no use"))
        #expect(dead.answer == "dead in sync since 2026-11-14T23:48:20Z: no use")
        #expect(try timeline(try Self.record(.suspect)).answer.contains("run alone"))
    }

    @Test("a job beyond what can be looked at by id is not called unknown")
    func deep() throws {
        let timeline = try timeline(nil, deep: [.init(queue: "sync", lane: .std)])
        #expect(timeline.isKnown)
        #expect(timeline.state == "ready")
        #expect(timeline.answer.hasPrefix("waiting in sync/std, behind the first 500 jobs"))
    }

    @Test("a job of which nobody knows anything is unknown")
    func unknown() throws {
        let timeline = try timeline(nil)
        #expect(!timeline.isKnown)
        #expect(timeline.state == "gone")
    }

    @Test("the whole way: enqueued, failed, done")
    func whole() throws {
        let done = IndexedJob(
            id: try JobID("sync-1"),
            kind: "sync",
            state: .done,
            attempt: 2,
            worker: "w2",
            fence: 9,
            enqueuedMilliseconds: 1_794_700_000_000,
            changedMilliseconds: 1_794_700_060_000,
            ranMilliseconds: 1_500
        )
        let history = JobHistory(
            done: done,
            indexed: done,
            events: [
                try mark(.failed, at: 1_794_700_010_000, reason: "no end within 3 s"),
                try mark(.started, at: 1_794_700_050_000),
            ]
        )
        let timeline = try timeline(nil, history: history)
        #expect(timeline.state == "done")
        #expect(timeline.answer == "done at 2026-11-14T23:47:40Z by w2")
        #expect(
            timeline.lines == [
                "2026-11-14T23:46:40Z  enqueued",
                "2026-11-14T23:46:50Z  failed, attempt 1 by w1, took 3s "
                    + "(timeout: no end within 3 s)",
                "2026-11-14T23:47:30Z  runs since 2026-11-14T23:47:27Z, attempt 1 by w1",
                "2026-11-14T23:47:40Z  done, attempt 2 by w2, took 1.5s",
            ]
        )
    }

    @Test("a follow-on job that was not sent yet is in the outbox")
    func outbox() throws {
        let entry = OutboxEntry(
            id: try JobID("sync-1"),
            job: OutboxJob(queue: try QueueName("sync"), kind: "sync", lane: .std, payload: []),
            createdMilliseconds: 1_794_700_000_000,
            sends: 0
        )
        let history = JobHistory(outbox: entry)
        let timeline = try timeline(nil, history: history)
        #expect(timeline.state == "outbox")
        #expect(timeline.answer == "waits in the outbox to be sent to its queue")
    }
}
