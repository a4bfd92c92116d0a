import CallStore
import Testing

@Suite("Backfills in the store")
struct BackfillTests {
    private static func start(
        _ fixture: StoreFixture,
        slices: Int64 = 10,
        rereads: Bool = false
    ) async throws -> BackfillID {
        let id = try #require(BackfillID("bf-1"))
        let range = BackfillRange(
            fromUnix: 0,
            toUnix: slices * 10,
            sliceSeconds: 10,
            rereads: rereads
        )
        try await fixture.store.write { try $0.start(range, as: id, by: "p") }
        return id
    }

    private static func handOut(
        _ fixture: StoreFixture,
        _ id: BackfillID,
        from position: Int,
        openMax: Int = 100
    ) async throws -> [Int]? {
        try await fixture.store.write { writer in
            try writer.handOut(id, from: position, openMax: openMax, slicesMax: 500)?.positions
        }
    }

    @Test("hands out what is not covered, and the same again when asked again")
    func handsOut() async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.write { writer in
            try writer.cover(10..<35, agentID: nil, calls: 1, requests: 1, fence: 1)
        }
        let id = try await Self.start(fixture)
        #expect(try await Self.handOut(fixture, id, from: 0, openMax: 2) == [0, 3])
        #expect(try await Self.handOut(fixture, id, from: 0, openMax: 2) == [0, 3])
        let backfill = try #require(try await fixture.store.backfill(id))
        #expect(backfill.handedOut == 4)
        #expect(backfill.counts == Backfill.Counts(skipped: 2))
        let open = try await fixture.store.openSlices(of: id, before: 2)
        #expect(open.first == 0)
        #expect(open.count == 1)
    }

    @Test("reads all of it again when that is asked for")
    func rereads() async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.write { writer in
            try writer.cover(0..<100, agentID: nil, calls: 1, requests: 1, fence: 1)
        }
        let id = try await Self.start(fixture, rereads: true)
        #expect(try await Self.handOut(fixture, id, from: 0) == Array(0..<10))
    }

    @Test("one whose slices are all complete is done at once")
    func doneAtOnce() async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.write { writer in
            try writer.cover(0..<100, agentID: nil, calls: 1, requests: 1, fence: 1)
        }
        let id = try await Self.start(fixture)
        #expect(try await Self.handOut(fixture, id, from: 0) == [])
        #expect(try await fixture.store.backfill(id)?.state == .done)
    }

    @Test("counts how slices end, and is done with the last one")
    func counts() async throws {
        let fixture = try await StoreFixture()
        let id = try await Self.start(fixture, slices: 3)
        _ = try await Self.handOut(fixture, id, from: 0)
        @Sendable func slice(_ position: Int) -> SliceReference {
            SliceReference(backfill: id, position: position)
        }
        try await fixture.store.write { writer in
            try writer.goOn(with: slice(0), in: "sync-1", fence: 5)
            try writer.complete(slice(1), fence: 5, calls: 7, requests: 8)
            try writer.fail(slice(2), reason: "why")
            try writer.fail(slice(1), reason: "too late")
        }
        let failed = try await fixture.store.failedSlices(of: id, limit: 10)
        #expect(failed.map(\.reason) == ["why"])
        #expect(try await fixture.store.backfill(id)?.state == .running)
        try await fixture.store.write { writer in
            try writer.complete(slice(0), fence: 6, calls: 1, requests: 2)
        }
        var backfill = try #require(try await fixture.store.backfill(id))
        #expect(backfill.state == .done)
        #expect(backfill.counts == Backfill.Counts(done: 2, failed: 1))
        #expect(backfill.calls == 8)
        #expect(backfill.requests == 10)
        // Somebody tries the dead job again.
        try await fixture.store.write { writer in
            try writer.goOn(with: slice(2), in: "sync-2", fence: 7)
            try writer.complete(slice(2), fence: 7, calls: 1, requests: 1)
        }
        backfill = try #require(try await fixture.store.backfill(id))
        #expect(backfill.counts == Backfill.Counts(done: 3))
    }

    @Test("an older delivery does not move a slice back: its lease is lost")
    func fence() async throws {
        let fixture = try await StoreFixture()
        let id = try await Self.start(fixture)
        _ = try await Self.handOut(fixture, id, from: 0)
        let slice = SliceReference(backfill: id, position: 4)
        try await fixture.store.write { try $0.goOn(with: slice, in: "sync-2", fence: 9) }
        let verdict = try await fixture.commit("bf-1/4", fence: 3) { writer in
            try writer.goOn(with: slice, in: "sync-1", fence: 3)
        }
        #expect(verdict == .stale(reason: "a newer delivery has gone further with the slice"))
        #expect(try fixture.number("select fence from backfill_slices where position = 4") == 9)
    }

    @Test("a page of a backfill that the store does not know changes nothing")
    func unknown() async throws {
        let fixture = try await StoreFixture()
        let id = try #require(BackfillID("bf-gone"))
        let slice = SliceReference(backfill: id, position: 0)
        let verdict = try await fixture.commit("bf-gone/0") { writer in
            try writer.complete(slice, fence: 1, calls: 1, requests: 1)
        }
        #expect(verdict == .applied)
        #expect(try fixture.number("select count(*) from backfill_slices") == 0)
    }

    @Test("is paused, goes on and is cancelled, each once")
    func steering() async throws {
        let fixture = try await StoreFixture()
        let id = try await Self.start(fixture)
        _ = try await Self.handOut(fixture, id, from: 0, openMax: 3)
        let store = fixture.store
        #expect(try await store.write { try $0.pauseBackfill(id, by: "p", reason: "r") })
        #expect(try await store.write { try $0.pauseBackfill(id, by: "q", reason: "") } == false)
        let pause = try #require(try await store.backfill(id)?.pause)
        #expect(pause.person == "p")
        #expect(pause.reason == "r")
        #expect(try await store.runningBackfills(limit: 5).isEmpty)
        #expect(try await Self.handOut(fixture, id, from: 3) == nil)
        #expect(try await store.write { try $0.resumeBackfill(id) })
        #expect(try await store.write { try $0.resumeBackfill(id) } == false)
        #expect(try await Self.handOut(fixture, id, from: 3, openMax: 1) == [3])
        #expect(try await store.write { try $0.cancelBackfill(id) })
        #expect(try await store.write { try $0.cancelBackfill(id) } == false)
        let backfill = try #require(try await store.backfill(id))
        #expect(backfill.state == .cancelled)
        #expect(backfill.counts == Backfill.Counts(cancelled: 4))
        // One that ran at that moment comes to its end all the same.
        let slice = SliceReference(backfill: id, position: 2)
        try await store.write { try $0.complete(slice, fence: 1, calls: 1, requests: 1) }
        let counts = try await store.backfill(id)?.counts
        #expect(counts == Backfill.Counts(done: 1, cancelled: 3))
    }

    @Test("keeps samples of the pace, not too many and not too often")
    func pace() async throws {
        let fixture = try await StoreFixture()
        let id = try await Self.start(fixture)
        for step in 0..<500 {
            fixture.time.advance(by: .seconds(step % 2 == 0 ? 31 : 1))
            try await fixture.store.write { try $0.notePace(of: id, parallel: 3) }
        }
        let samples = try await fixture.store.pace(of: id)
        #expect(samples.count == BackfillLimits.paceMax)
        let gaps = zip(samples, samples.dropFirst()).map { $1.atMilliseconds - $0.atMilliseconds }
        #expect(gaps.allSatisfy { $0 == 32_000 })
    }

    @Test("looks for an open slice come ever later")
    func looks() async throws {
        let fixture = try await StoreFixture()
        let id = try await Self.start(fixture, slices: 1)
        _ = try await Self.handOut(fixture, id, from: 0)
        let slice = SliceReference(backfill: id, position: 0)
        var found: [Bool] = []
        for seconds in [100, 30, 100, 30, 150] as [Int64] {
            fixture.time.advance(by: .seconds(seconds))
            let due = try await fixture.store.overdueSlices(of: id, limit: 5)
            found.append(!due.isEmpty)
            guard !due.isEmpty else { continue }
            try await fixture.store.write { try $0.noteLook(for: slice) }
        }
        // After 120 s, then after 120 s more, then after 240 s.
        #expect(found == [false, true, false, true, false])
    }
}
