import CallStore
import TestSupport
import Testing

@Suite("Coverage")
struct CoverageTests {
    private static func cover(
        _ fixture: StoreFixture,
        _ range: Range<Int64>,
        calls: Int = 0,
        fence: Int64 = 1,
        agent: String? = nil
    ) async throws {
        try await fixture.store.write { writer in
            try writer.cover(range, agentID: agent, calls: calls, requests: calls, fence: fence)
        }
    }

    private static func rows(_ fixture: StoreFixture) throws -> [[Int]] {
        let count = try fixture.number("select count(*) from coverage")
        return try (0..<count).map { index in
            try ["from_unix", "to_unix", "calls"].map { column in
                try fixture.number(
                    "select \(column) from coverage order by from_unix limit 1 offset \(index)"
                )
            }
        }
    }

    @Test("a later reading takes the place of what it read again, with shares of the rest")
    func replaces() async throws {
        let fixture = try await StoreFixture()
        try await Self.cover(fixture, 0..<100, calls: 50)
        try await Self.cover(fixture, 40..<60, calls: 7, fence: 2)
        #expect(try Self.rows(fixture) == [[0, 40, 20], [40, 60, 7], [60, 100, 20]])
        try await Self.cover(fixture, 30..<200, calls: 9, fence: 3)
        #expect(try Self.rows(fixture) == [[0, 30, 15], [30, 200, 9]])
    }

    @Test("an older delivery fills gaps and moves nothing back")
    func fences() async throws {
        let fixture = try await StoreFixture()
        try await Self.cover(fixture, 20..<40, calls: 5, fence: 9)
        try await Self.cover(fixture, 0..<100, calls: 100, fence: 4)
        #expect(try Self.rows(fixture) == [[0, 20, 20], [20, 40, 5], [40, 100, 60]])
    }

    @Test("stretches are put together where they touch, and cut to what is asked for")
    func stretches() async throws {
        let fixture = try await StoreFixture()
        for start in [Int64(0), 10, 30, 50] {
            try await Self.cover(fixture, start..<(start + 10), calls: 4)
        }
        try await Self.cover(fixture, 40..<50, calls: 2, agent: "a")
        let all = try await fixture.store.coverage(over: 5..<55)
        #expect(all.map { $0.fromUnix..<$0.toUnix } == [5..<20, 30..<40, 50..<55])
        #expect(all.map(\.calls) == [6, 4, 2])
        #expect(all.covers(8..<20))
        #expect(!all.covers(8..<21))
        // One agent's calls are covered where all are, and where its own were read.
        let one = try await fixture.store.coverage(over: 5..<55, agentID: "a")
        #expect(one.map { $0.fromUnix..<$0.toUnix } == [5..<20, 30..<55])
        #expect(
            try await fixture.store.coverageDensity() == CoverageDensity(calls: 16, seconds: 40)
        )
        #expect(try await fixture.store.coverageDensity(agentID: "b") == nil)
    }

    @Test(
        "agrees with a plain account of seconds, whatever is read in which order",
        arguments: Seeds.first(30)
    )
    func account(seed: UInt64) async throws {
        let fixture = try await StoreFixture()
        var random = Seeded(seed: seed)
        var seconds: Set<Int64> = []
        for fence in 0..<40 {
            let from = Int64.random(in: 0..<200, using: &random)
            let to = from + Int64.random(in: 1..<40, using: &random)
            try await Self.cover(
                fixture,
                from..<to,
                calls: 3,
                fence: Int64.random(in: 0..<Int64(fence + 1), using: &random)
            )
            seconds.formUnion(from..<to)
        }
        let stretches = try await fixture.store.coverage(over: 0..<300)
        let found = Set(stretches.flatMap { Array($0.fromUnix..<$0.toUnix) })
        #expect(found == seconds, "\(Seeds.replay(seed, filter: "CoverageTests"))")
        let overlaps = try fixture.number(
            """
            select count(*) from coverage a join coverage b
            on a.from_unix < b.from_unix and a.to_unix > b.from_unix
            """
        )
        #expect(overlaps == 0, "\(Seeds.replay(seed, filter: "CoverageTests"))")
    }
}
