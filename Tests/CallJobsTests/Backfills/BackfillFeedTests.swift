import CallJobs
import CallStore
import JobQueue
import Scheduling
import TestSupport
import Testing

@Suite("Feed of a backfill")
struct BackfillFeedTests {
    @Test("a slice whose job ended without a result has failed, whatever the queue seems to have")
    func ended() async throws {
        let folder = try ScratchFolder()
        let time = StageTime()
        let store = try await CallStore.open(
            path: folder.file("s.sqlite"),
            ambient: time.ambient(seed: 1)
        )
        let id = try #require(BackfillID("bf-1"))
        let range = BackfillRange(fromUnix: 0, toUnix: 20, sliceSeconds: 10)
        try await store.write { try $0.start(range, as: id, by: "test") }
        let feed = BackfillFeed(store: store)
        let jobs = try await feed.part(of: id.feed, from: 0, jobsMax: 10).jobs
        #expect(jobs.count == 2)
        let gone = try #require(jobs.first)
        try await store.end([
            LedgerEntry(
                id: gone.id,
                kind: gone.kind,
                worker: try WorkerID("w"),
                fence: 1,
                attempt: 1
            )
        ])
        time.advance(121)
        #expect(try await Set(feed.overdue(in: id.feed, limit: 10)) == Set(jobs.map(\.id)))
        let looks = jobs.map { FeedLook(job: $0.id, finding: .present) }
        #expect(try await feed.note(looks, in: id.feed).isEmpty)
        let failed = try await store.failedSlices(of: id, limit: 10)
        #expect(failed.map(\.position) == [0])
        #expect(failed.map(\.reason) == ["its job ended without a result"])
        // The other one is looked for again, later.
        #expect(try await feed.overdue(in: id.feed, limit: 10).isEmpty)
        try store.close()
        withExtendedLifetime(folder) {}
    }
}
