import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Testing

@Suite("Slices of a backfill")
struct BackfillTests {
    private static let from = SyncBench.start - 7200
    private static let to = SyncBench.start - 3600

    /// Calls a minute apart within the range, and one just outside each edge.
    private static func calls(_ count: Int) -> [ScriptedUpstream.Conversation] {
        let inside = (0..<count).map { number in
            ScriptedUpstream.Conversation("conv_\(number)", at: from + Int64(number) * 60)
        }
        return inside + [
            ScriptedUpstream.Conversation("conv_before", at: from - 2),
            ScriptedUpstream.Conversation("conv_after", at: to + 2),
        ]
    }

    /// A backfill of one slice, handed out.
    private static func startBackfill(_ bench: SyncBench) async throws -> Backfill {
        let id = try #require(BackfillID("bf-1"))
        let range = BackfillRange(fromUnix: from, toUnix: to, sliceSeconds: 3600)
        try await bench.store.write { writer in
            try writer.start(range, as: id, by: "test")
            _ = try writer.handOut(id, from: 0, openMax: 1, slicesMax: 1)
        }
        return try #require(try await bench.store.backfill(id))
    }

    private static func firstJob(_ backfill: Backfill, _ bench: SyncBench) throws -> Job {
        let new = try backfill.job(0)
        var job = try bench.job(.recent, id: new.id.text, lane: new.lane)
        job.payload = new.payload
        return job
    }

    @Test("the end of a walk covers its range, and nothing before does")
    func covers() async throws {
        try await SyncBench.run(Self.calls(10), pageSize: 5) { bench async throws in
            let range = SyncRange(fromUnix: Self.from, toUnix: Self.to)
            #expect(try await bench.attempt(try bench.job(.range(range))) == .committed)
            let whole = Self.from..<Self.to
            #expect(try await bench.store.coverage(over: whole).isEmpty)
            while let next = try await bench.waiting().first { _ = try await bench.attempt(next) }
            // Twelve rows on three pages, of which the two at the edges are not in the range.
            #expect(
                try await bench.store.coverage(over: whole) == [
                    Coverage(fromUnix: Self.from, toUnix: Self.to, calls: 10, requests: 15)
                ]
            )
        }
    }

    @Test("a poll covers what it has read")
    func polls() async throws {
        try await SyncBench.run(Self.calls(3)) { bench async throws in
            try await bench.drain(.last(seconds: 10_000))
            let end = SyncBench.start - 5
            let covered = try await bench.store.coverage(over: (end - 10_000)..<end)
            #expect(covered.map { $0.fromUnix..<$0.toUnix } == [(end - 10_000)..<end])
        }
    }

    @Test("a slice is walking from page to page, and done with the last one")
    func walks() async throws {
        try await SyncBench.run(Self.calls(10), pageSize: 5) { bench async throws in
            let backfill = try await Self.startBackfill(bench)
            #expect(backfill.counts.ended == 0)
            _ = try await bench.attempt(try Self.firstJob(backfill, bench))
            var open = try await bench.store.openSlices(of: backfill.id, limit: 5)
            var page = try #require(try await bench.waiting().first)
            #expect(open.map(\.state) == [.walking])
            #expect(open.map(\.jobID) == [page.id.text])
            #expect(page.lane == .low)
            _ = try await bench.attempt(page)
            open = try await bench.store.openSlices(of: backfill.id, limit: 5)
            page = try #require(try await bench.waiting().first)
            #expect(open.map(\.jobID) == [page.id.text])
            _ = try await bench.attempt(page)
            let ended = try #require(try await bench.store.backfill(backfill.id))
            #expect(ended.state == .done)
            #expect(ended.counts.done == 1)
            #expect(ended.calls == 10)
            #expect(ended.requests == 15)
        }
    }

    @Test("a slice of a cancelled backfill is let go, at its begin and between two pages")
    func cancelled() async throws {
        try await SyncBench.run(Self.calls(10), pageSize: 5) { bench async throws in
            let backfill = try await Self.startBackfill(bench)
            let first = try Self.firstJob(backfill, bench)
            _ = try await bench.attempt(first)
            let page = try #require(try await bench.waiting().first)
            let isCancelled = try await bench.store.write { try $0.cancelBackfill(backfill.id) }
            #expect(isCancelled)
            bench.upstream.forgetRequests()
            for job in [first, page] {
                #expect(try await bench.attempt(job) == .discard("its backfill was cancelled"))
            }
            #expect(bench.upstream.queries.isEmpty)
        }
    }

    @Test("a slice that the store does not know is read all the same")
    func unknown() async throws {
        try await SyncBench.run(Self.calls(3)) { bench async throws in
            let id = try #require(BackfillID("bf-gone"))
            let range = SyncRange(
                fromUnix: Self.from,
                toUnix: Self.to,
                slice: SliceReference(backfill: id, position: 7)
            )
            #expect(try await bench.drain(.range(range)).allSatisfy { $0 == .committed })
            #expect(try await bench.store.coverage(over: Self.from..<Self.to).count == 1)
        }
    }

    @Test("arguments of slices and pages come back as they were")
    func arguments() throws {
        let id = try #require(BackfillID("bf-1"))
        let range = SyncRange(
            fromUnix: 1,
            toUnix: 2,
            agentID: "a",
            slice: SliceReference(backfill: id, position: 3)
        )
        let page = SyncPage(
            range: range,
            walk: "range/bf-1/3",
            cursor: "c",
            number: 2,
            isPoll: false,
            calls: 9,
            requests: 11
        )
        for arguments in [SyncArguments.range(range), .page(page)] {
            #expect(try SyncArguments(payload: arguments.payload) == arguments)
        }
        for text in [
            #"{"from":1,"to":2,"backfill":"A/B","slice":1}"#,
            #"{"from":1,"to":2,"backfill":"bf-1"}"#, #"{"from":1,"to":2,"slice":1}"#,
        ] {
            #expect(throws: ArgumentsError.self) {
                _ = try SyncArguments(payload: Array(text.utf8))
            }
        }
    }
}
