import CallStore
import Conversion
import TestSupport
import Testing

/// Random conditions as text, and a second opinion on what they say.
struct RandomCondition {
    let text: String

    /// What Kleene's logic makes of it, computed from the leaves alone.
    let expected: Ternary

    /// Conditions of the sample call whose values are known beforehand.
    private static let leaves: [(String, Ternary)] = [
        ("{successful: success}", .yes),
        ("{duration: {atLeast: 30}}", .yes),
        ("{successful: failure}", .no),
        ("{tool: {name: other, is: called}}", .no),
        ("{criterion: {id: heard, is: success}}", .unknown),
        ("{data: {id: absent, eq: 3}}", .unknown),
    ]

    init(depth: Int, using random: inout Seeded) {
        let kind = depth == 0 ? 3 : Int(random.chance() * 4)
        guard kind < 3 else {
            let leaf = Self.leaves[Int(random.chance() * Double(Self.leaves.count))]
            text = leaf.0
            expected = leaf.1
            return
        }
        let count = 1 + Int(random.chance() * 4)
        let parts = (0..<count).map { _ in Self(depth: depth - 1, using: &random) }
        let name = ["all", "any", "none"][kind]
        text = "{\(name): [\(parts.map(\.text).joined(separator: ", "))]}"
        let hasYes = parts.contains { $0.expected == .yes }
        let hasNo = parts.contains { $0.expected == .no }
        let hasUnknown = parts.contains { $0.expected == .unknown }
        expected =
            switch kind {
            case 0: hasNo ? .no : hasUnknown ? .unknown : .yes
            case 1: hasYes ? .yes : hasUnknown ? .unknown : .no
            default: hasYes ? .no : hasUnknown ? .unknown : .yes
            }
    }
}

@Suite("Properties of rules")
struct PropertyTests {
    static let filter = "ConversionTests.PropertyTests"

    @Test("evaluates random trees as Kleene does, and the same again", arguments: Seeds.first(60))
    func evaluates(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        for _ in 0..<5 {
            let condition = RandomCondition(depth: 4, using: &random)
            let replay = Seeds.replay(seed, filter: Self.filter)
            let verdict = try SampleCall.verdict(condition.text)
            #expect(verdict.outcome == condition.expected, "\(condition.text)\n\(replay)")
            #expect(try SampleCall.verdict(condition.text) == verdict, "\(replay)")
            // A conversion without evidence is a defect, and only what is unknown is reviewed.
            #expect(verdict.outcome != .yes || !verdict.evidence.isEmpty, "\(replay)")
            #expect(verdict.outcome == .unknown || !verdict.needsReview, "\(replay)")
        }
    }

    @Test("learning more never turns what is known", arguments: Seeds.first(40))
    func isMonotone(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        for _ in 0..<5 {
            let condition = RandomCondition(depth: 4, using: &random)
            var less = SampleCall.facts
            if random.chance() < 0.5 { less.successful = nil }
            if random.chance() < 0.5 { less.transcript = nil }
            if random.chance() < 0.5 { less.criteria = nil }
            if random.chance() < 0.5 { less.durationSeconds = nil }
            let before = try SampleCall.verdict(condition.text, on: less).outcome
            let after = try SampleCall.verdict(condition.text).outcome
            let replay = Seeds.replay(seed, filter: Self.filter)
            #expect(before == .unknown || before == after, "\(condition.text)\n\(replay)")
        }
    }
}
