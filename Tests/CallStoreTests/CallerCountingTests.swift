import CallStore
import TestSupport
import Testing

/// Conversions that count once per caller, where some of the calls are excluded.
@Suite("Counting once per caller beside exclusions")
struct CallerCountingTests {
    private static let start: Int64 = 1_790_000_000
    private static let days = 30

    /// A call of the samples' caller, so many days after the start, that converts.
    private static func convert(
        _ fixture: StoreFixture,
        _ id: String,
        day: Int,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) async throws -> CallID {
        let record = CallRecord.phoneCall(id, at: start + Int64(day) * 86_400, change)
        let call = try await fixture.record(record).call
        try await judge(fixture, call, .yes)
        return call
    }

    private static func judge(
        _ fixture: StoreFixture,
        _ call: CallID,
        _ outcome: Ternary
    ) async throws {
        let seen = try #require(try await fixture.store.call(call)).revision
        let verdict = Verdict(
            type: "booking",
            outcome: outcome,
            evidence: outcome == .yes ? [.integer(1)] : [],
            echo: "e",
            needsReview: false,
            oncePerCallerDays: days
        )
        let judgement = Judgement(ruleVersion: "r", ruleName: "n", verdicts: [verdict])
        _ = try await fixture.store.write { try $0.judge(call, seen: seen, judgement) }
    }

    private static func isCounted(_ fixture: StoreFixture, _ call: CallID) async throws -> Bool? {
        try await fixture.store.call(call)?.conversion?.isCounted
    }

    /// Conversions of all days, which a count from nothing has to find, too.
    private static func conversions(_ fixture: StoreFixture) async throws -> Int {
        #expect(try await fixture.store.recount().isRight)
        return try await fixture.store.figureReport(FigureScope()).total.conversions
    }

    private static func list(_ fixture: StoreFixture) async throws {
        _ = try await fixture.store.write {
            try $0.addInternal(.number("+14155550123"), by: "ana")
        }
    }

    private static func unlist(_ fixture: StoreFixture) async throws {
        let id = try #require(try await fixture.store.internalNumbers().first?.id)
        _ = try await fixture.store.write { try $0.removeInternal(id, by: "ana") }
    }

    @Test("the next conversion counts where the one that counted is excluded, and back again")
    func excludes() async throws {
        let fixture = try await StoreFixture()
        let first = try await Self.convert(fixture, "c0", day: 0)
        let second = try await Self.convert(fixture, "c1", day: 4)
        #expect(try await Self.conversions(fixture) == 1)
        let endpoint = try await fixture.store.write {
            try $0.addEndpoint(
                url: "https://example.com",
                kinds: [.conversionAdded, .conversionWithdrawn]
            )
        }
        try await fixture.store.write { try $0.exclude(first, for: .test, by: "ana") }
        #expect(try await Self.conversions(fixture) == 1)
        #expect(try await Self.isCounted(fixture, first) == false)
        #expect(try await Self.isCounted(fixture, second) == true)
        try await fixture.store.write { _ = try $0.include(first, by: "ana") }
        #expect(try await Self.conversions(fixture) == 1)
        #expect(try await Self.isCounted(fixture, first) == true)
        #expect(try await Self.isCounted(fixture, second) == false)
        let events = try await fixture.store.pendingEvents(of: endpoint.id, limit: 9)
        #expect(events.map(\.call) == [first, second, first, second])
        #expect(
            events.map(\.kind) == [
                .conversionWithdrawn, .conversionAdded, .conversionAdded, .conversionWithdrawn,
            ]
        )
    }

    @Test("excluded calls stand in no other's way, whenever they are judged")
    func standsInNoWay() async throws {
        let fixture = try await StoreFixture()
        _ = try await Self.convert(fixture, "preview", day: 0) {
            $0.initiationSource = "template_preview"
        }
        let counted = try await Self.convert(fixture, "c1", day: 4)
        #expect(try await Self.conversions(fixture) == 1)
        let record = CallRecord.phoneCall("late", at: Self.start + 86_400)
        let late = try await fixture.record(record).call
        try await fixture.store.write { try $0.exclude(late, for: .spam, by: "ana") }
        try await Self.judge(fixture, late, .yes)
        #expect(try await Self.conversions(fixture) == 1)
        #expect(try await Self.isCounted(fixture, counted) == true)
    }

    @Test("a call whose number has gone keeps what was decided of it")
    func keepsDecisions() async throws {
        let fixture = try await StoreFixture()
        let first = try await Self.convert(fixture, "c0", day: 0)
        let second = try await Self.convert(fixture, "c1", day: 4)
        try await fixture.store.write { writer in
            try writer.expire(.numbers, [second.number])
            try writer.exclude(second, for: .test, by: "ana")
            try writer.include(second, by: "ana")
        }
        #expect(try await Self.isCounted(fixture, first) == true)
        #expect(try await Self.isCounted(fixture, second) == false)
        #expect(try await Self.conversions(fixture) == 1)
    }

    @Test("calls of an internal number count again beside those that a person has excluded")
    func unlists() async throws {
        let fixture = try await StoreFixture()
        let first = try await Self.convert(fixture, "c0", day: 0)
        let second = try await Self.convert(fixture, "c1", day: 4)
        try await Self.list(fixture)
        #expect(try await Self.conversions(fixture) == 0)
        try await fixture.store.write { try $0.exclude(first, for: .spam, by: "ana") }
        try await Self.unlist(fixture)
        #expect(try await Self.conversions(fixture) == 1)
        #expect(try await Self.isCounted(fixture, second) == true)
    }

    @Test(
        "agrees with a count by hand, whatever is judged, excluded and listed",
        arguments: Seeds.first(8)
    )
    func agrees(seed: UInt64) async throws {
        let note = Comment(rawValue: Seeds.replay(seed, filter: "CallerCountingTests"))
        let fixture = try await StoreFixture(seed: seed)
        var random = Seeded(seed: seed)
        var starts: [Int] = []
        var calls: [CallID] = []
        for number in 0..<8 {
            let day = Int.random(in: 0..<70, using: &random)
            starts.append(day)
            calls.append(try await Self.convert(fixture, "c\(number)", day: day))
        }
        var isYes = [Bool](repeating: true, count: calls.count)
        var isListed = false
        var excluded: [Int: ExclusionReason] = [:]
        for _ in 0..<40 {
            let index = Int.random(in: calls.indices, using: &random)
            let call = calls[index]
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                try await fixture.store.write { try $0.exclude(call, for: .test, by: "ana") }
                excluded[index] = .test
            case 2, 3:
                try await fixture.store.write { _ = try $0.include(call, by: "ana") }
                excluded[index] = nil
            case 4:
                isYes[index].toggle()
                try await Self.judge(fixture, call, isYes[index] ? .yes : .no)
            default:
                if isListed {
                    try await Self.unlist(fixture)
                    excluded = excluded.filter { $0.value != .internal }
                } else {
                    try await Self.list(fixture)
                    for other in calls.indices where excluded[other] == nil {
                        excluded[other] = .internal
                    }
                }
                isListed.toggle()
            }
            let candidates = calls.indices.filter { isYes[$0] && excluded[$0] == nil }
            let expected = Self.byHand(starts, candidates)
            for other in calls.indices where isYes[other] {
                let found = try await Self.isCounted(fixture, calls[other])
                #expect(found == expected.contains(other), note)
            }
            #expect(try await Self.conversions(fixture) == expected.count, note)
        }
    }

    /// Which of some conversions count, in this test's own words.
    private static func byHand(_ starts: [Int], _ candidates: [Int]) -> Set<Int> {
        var counted: Set<Int> = []
        var last: Int?
        for index in candidates.sorted(by: { (starts[$0], $0) < (starts[$1], $1) }) {
            if let last, starts[index] - last < days { continue }
            counted.insert(index)
            last = starts[index]
        }
        return counted
    }
}
