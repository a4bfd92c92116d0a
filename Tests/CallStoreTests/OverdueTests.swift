import CallStore
import Testing

@Suite("What is kept for longer than it may be")
struct OverdueTests {
    /// Numbers and transcripts for ten days, the rest for years.
    private static let kept = KeptPeriods(
        rawBodies: .seconds(9_000 * 86_400),
        webhooks: .seconds(9_000 * 86_400),
        ledger: .seconds(9_000 * 86_400),
        numbers: .seconds(10 * 86_400),
        transcripts: .seconds(10 * 86_400)
    )

    private static func names(_ fixture: StoreFixture) async throws -> [String] {
        try await fixture.store.overdue(kept).map(\.name)
    }

    @Test(
        "each of numbers and words is found whichever of them went first",
        arguments: [
            (ExpiringClass.numbers, ["numbers", "transcripts"], ["transcripts"]),
            (ExpiringClass.transcripts, ["numbers", "transcripts"], ["numbers"]),
        ]
    )
    func calls(first: ExpiringClass, before: [String], after: [String]) async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample()).call
        #expect(try await Self.names(fixture) == [])
        fixture.time.advance(by: .seconds(11 * 86_400))
        #expect(try await Self.names(fixture) == before)
        try await fixture.store.write { try $0.expire(first, [call.number]) }
        #expect(try await Self.names(fixture) == after)
        for what in [ExpiringClass.numbers, .transcripts] {
            try await fixture.store.write { try $0.expire(what, [call.number]) }
        }
        #expect(try await Self.names(fixture) == [])
    }

    @Test(
        "what would go is counted, each call once, whichever of both went first",
        arguments: [
            (ExpiringClass.numbers, [2, 3]), (ExpiringClass.transcripts, [3, 2]),
        ]
    )
    func due(first: ExpiringClass, after: [Int]) async throws {
        let fixture = try await StoreFixture()
        var calls: [CallID] = []
        for number in 1...3 {
            calls.append(try await fixture.record(.sample("conv_\(number)")).call)
        }
        let gone = calls[0].number
        func due(limit: Int = 9) async throws -> [Int] {
            var rows: [Int] = []
            for what in [RetentionClass.numbers, .transcripts] {
                let found = try await fixture.store.due(
                    what,
                    keptFor: .seconds(10 * 86_400),
                    limit: limit
                )
                #expect(found.areAll == (found.rows < limit))
                rows.append(found.rows)
            }
            return rows
        }
        #expect(try await due() == [0, 0])
        fixture.time.advance(by: .seconds(11 * 86_400))
        #expect(try await due() == [3, 3])
        #expect(try await due(limit: 2) == [2, 2])
        try await fixture.store.write { try $0.expire(first, [gone]) }
        #expect(try await due() == after)
    }

    @Test("words that stand in turns alone are found, too")
    func turnsAlone() async throws {
        let fixture = try await StoreFixture()
        var record = CallRecord.sample()
        (record.summary, record.title, record.collected, record.caller) = (nil, nil, nil, nil)
        try await fixture.record(record)
        fixture.time.advance(by: .seconds(11 * 86_400))
        #expect(try await Self.names(fixture) == ["transcripts"])
    }

    @Test("the oldest of a class says for how long it should have been gone")
    func oldest() async throws {
        let fixture = try await StoreFixture()
        for (number, days) in [(1, 2), (2, 5), (3, 0)] {
            var record = CallRecord.sample("conv_\(number)")
            record.startedUnix = 1_794_700_000 - Int64(days) * 86_400
            try await fixture.record(record)
        }
        fixture.time.advance(by: .seconds(11 * 86_400))
        let overdue = try await fixture.store.overdue(Self.kept)
        #expect(overdue.map(\.overdue) == [.seconds(6 * 86_400), .seconds(6 * 86_400)])
    }
}
