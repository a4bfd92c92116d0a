import CallStore
import Conversion
import TestSupport
import Testing

@Suite("Precision and recall from labels")
struct MeasurementTests {
    /// Labelled, right, and the ends of Wilson's interval in percent, as published.
    static let wilson: [(Int, Int, Double, Double)] = [
        (30, 27, 74.4, 96.5), (50, 45, 78.6, 95.7), (100, 90, 82.6, 94.5), (200, 180, 85.1, 93.4),
        (500, 450, 87.1, 92.3), (100, 80, 71.1, 86.7), (30, 30, 88.6, 100), (200, 200, 98.1, 100),
    ]

    @Test("gives Wilson's intervals", arguments: wilson)
    func givesWilson(total: Int, right: Int, low: Double, high: Double) throws {
        let share = try #require(Share(right, of: total))
        #expect(abs(share.low * 100 - low) < 0.1)
        #expect(abs(share.high * 100 - high) < 0.1)
        #expect(Share(0, of: 0) == nil)
    }

    static func cells(no labelled: Int, misses: Int) -> [LabelledCell] {
        [
            LabelledCell(verdict: .yes, stratum: "yes", calls: 300, labelled: 100, conversions: 88),
            LabelledCell(
                verdict: .no,
                stratum: "no",
                calls: 1700,
                labelled: labelled,
                conversions: misses
            ),
        ]
    }

    /// "No" calls labelled, misses among them, recall and its ends in percent.
    static let recalls: [(Int, Int, Double, Double, Double)] = [
        (150, 3, 89, 75, 97), (300, 6, 89, 79, 95), (600, 12, 89, 82, 93),
    ]

    @Test("weights strata by their size", arguments: recalls)
    func weights(labelled: Int, misses: Int, recall: Double, low: Double, high: Double) throws {
        let measured = Measurement(Self.cells(no: labelled, misses: misses))
        let share = try #require(measured.recall)
        #expect(abs(share.value * 100 - recall) < 1)
        #expect(abs(share.low * 100 - low) < 1.5)
        #expect(abs(share.high * 100 - high) < 1.5)
        let precision = try #require(measured.precision)
        #expect(abs(precision.value - 0.88) < 0.001)
        #expect(abs(precision.low - 0.80) < 0.015 && abs(precision.high - 0.93) < 0.015)
    }

    @Test("does not turn no miss into certainty")
    func staysUncertain() throws {
        let measured = Measurement(Self.cells(no: 150, misses: 0))
        let recall = try #require(measured.recall)
        #expect(recall.value == 1)
        #expect(recall.high == 1)
        #expect(recall.low > 0.85 && recall.low < 0.95)
        #expect(recall.text.hasPrefix("100 % (9") || recall.text.hasPrefix("100 % (8"))
        let certain = Share(value: 1, low: 0.999_9, high: 1)
        #expect(certain.text == "100 % (99-100 %)")
    }

    @Test("tells unknown calls apart, and nothing without labels")
    func tellsUnknownApart() throws {
        var cells = Self.cells(no: 300, misses: 6)
        let before = Measurement(cells)
        cells.append(
            LabelledCell(
                verdict: .unknown,
                stratum: "unknown",
                calls: 500,
                labelled: 20,
                conversions: 10
            )
        )
        let after = Measurement(cells)
        #expect(before.recall?.value == after.recall?.value)
        #expect(after.unknownCalls == 500)
        #expect(after.unknownConversions?.value == 0.5)
        let bare = Measurement([
            LabelledCell(verdict: .yes, stratum: "yes", calls: 9, labelled: 0, conversions: 0)
        ])
        #expect(bare.precision == nil && bare.recall == nil && bare.f1 == nil)
    }

    /// Of 2,000 calls the rule calls 300 conversions, 264 of them rightly, and misses 34.
    @Test(
        "covers the truth in 92 to 99 of 100 repetitions",
        arguments: [150, 300, 600]
    )
    func covers(labelled: Int) throws {
        let repetitions = 1500
        var random = Seeded(seed: UInt64(labelled))
        let truth = 264.0 / (264 + 34)
        var covered = 0
        for repetition in 0..<repetitions {
            // Without replacement, as people label.
            let right = (0..<300).shuffled(using: &random).prefix(100).count { $0 < 264 }
            let missed = (0..<1700).shuffled(using: &random).prefix(labelled).count { $0 < 34 }
            var cells = Self.cells(no: labelled, misses: missed)
            cells[0].conversions = right
            let measured = Measurement(cells, seed: UInt64(repetition), draws: 600)
            let recall = try #require(measured.recall)
            if recall.low <= truth, truth <= recall.high { covered += 1 }
        }
        let share = Double(covered) / Double(repetitions)
        #expect(share >= 0.92 && share <= 0.99, "covered \(share)")
    }

    @Test("says how many labels are missing")
    func saysHowMany() throws {
        let more = try #require(Measurement.labelsToGo(Self.cells(no: 150, misses: 3)))
        #expect(more >= 50 && more <= 300, "\(more)")
        #expect(Measurement.labelsToGo(Self.cells(no: 600, misses: 12)) == 0)
        let few = [
            LabelledCell(verdict: .yes, stratum: "yes", calls: 10, labelled: 2, conversions: 1),
            LabelledCell(verdict: .no, stratum: "no", calls: 20, labelled: 2, conversions: 1),
        ]
        #expect(Measurement.labelsToGo(few) == nil)
    }

    @Test("gives the same figures again, and others for another seed")
    func isRepeatable() {
        let cells = Self.cells(no: 150, misses: 3)
        #expect(Measurement(cells, seed: 7) == Measurement(cells, seed: 7))
        #expect(Measurement(cells, seed: 7) != Measurement(cells, seed: 8))
    }

    @Test("gives Cohen's kappa")
    func givesKappa() throws {
        // The textbook case: 20 and 15 agreed, 5 and 10 not; kappa 0.4.
        let pairs: [(Ternary, Ternary)] =
            Array(repeating: (.yes, .yes), count: 20) + Array(repeating: (.yes, .no), count: 5)
            + Array(repeating: (.no, .yes), count: 10) + Array(repeating: (.no, .no), count: 15)
        let agreement = Agreement(pairs)
        #expect(agreement.calls == 50 && agreement.same == 35)
        #expect(abs(try #require(agreement.kappa) - 0.4) < 1e-9)
        #expect(Agreement([]).kappa == nil)
        #expect(Agreement([(.yes, .yes)]).kappa == nil)
    }

    @Test("gives what a stratum lacks to the others")
    func sharesStrata() {
        let plenty = LabelSampling.shares(
            [.yes: 500, .no: 5000, .unknown: 50, .net: 90],
            size: 100
        )
        #expect(plenty == [.yes: 40, .no: 40, .unknown: 10, .net: 10])
        let few = LabelSampling.shares([.yes: 5, .no: 5000], size: 100)
        #expect(few[.yes] == 5 && few[.no] == 95)
        let tiny = LabelSampling.shares([.yes: 2, .no: 3], size: 100)
        #expect(tiny[.yes] == 2 && tiny[.no] == 3)
    }
}
