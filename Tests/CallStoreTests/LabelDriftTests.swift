import CallStore
import Testing

@Suite("Labels against the rules in force")
struct LabelDriftTests {
    private static func judgement(_ outcome: Ternary, version: String = "r") -> Judgement {
        let verdict = Verdict(
            type: "booking",
            outcome: outcome,
            evidence: outcome == .yes ? [.integer(1)] : [],
            echo: "e",
            needsReview: false
        )
        return Judgement(ruleVersion: version, ruleName: "n", verdicts: [verdict])
    }

    /// Calls that were judged and labelled so, one a minute.
    private static func fill(
        _ fixture: StoreFixture,
        _ calls: [(rules: Ternary, label: Ternary)]
    ) async throws {
        for (number, call) in calls.enumerated() {
            try await fixture.store.write { writer in
                let recorded = try writer.record(.sample("c\(number)"))
                try writer.judge(
                    recorded.call,
                    seen: recorded.revision,
                    judgement(call.rules)
                )
                try writer.label(
                    recorded.call,
                    ManualLabel(type: "booking", label: call.label, person: "ana")
                )
            }
            fixture.time.advance(by: .seconds(60))
        }
    }

    @Test("counts the newest apart from those before, and only where both say something")
    func sides() async throws {
        let fixture = try await StoreFixture()
        #expect(try await fixture.store.labelDrifts(newest: 2, before: 9).isEmpty)
        try await Self.fill(
            fixture,
            [
                (.no, .yes), (.yes, .yes), (.no, .no), (.unknown, .yes), (.yes, .unknown),
                (.yes, .no), (.no, .yes),
            ]
        )
        func drift(_ newest: (Int, Int), _ before: (Int, Int)) -> LabelDrift {
            LabelDrift(
                type: "booking",
                newest: .init(labels: newest.0, differing: newest.1),
                before: .init(labels: before.0, differing: before.1)
            )
        }
        #expect(
            try await fixture.store.labelDrifts(newest: 2, before: 9)
                == [drift((2, 2), (3, 1))]
        )
        #expect(
            try await fixture.store.labelDrifts(newest: 2, before: 1)
                == [drift((2, 2), (1, 0))]
        )
        #expect(
            try await fixture.store.labelDrifts(newest: 50, before: 9)
                == [drift((5, 3), (0, 0))]
        )
    }

    @Test("compares with the rules that judge the call now")
    func rejudged() async throws {
        let fixture = try await StoreFixture()
        try await Self.fill(fixture, [(.no, .yes)])
        #expect(try await fixture.store.labelDrifts(newest: 5, before: 5)[0].newest.differing == 1)
        let call = try #require(
            try await fixture.store.call(CallIdentity(conversationID: "c0"))
        )
        try await fixture.store.write { writer in
            try writer.judge(
                call.id,
                seen: call.revision,
                Self.judgement(.yes, version: "r2")
            )
        }
        #expect(try await fixture.store.labelDrifts(newest: 5, before: 5)[0].newest.differing == 0)
    }
}
