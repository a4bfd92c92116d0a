package import CallStore

/// A share with the interval that it lies in, with 95 % confidence; all from 0 to 1.
package struct Share: Sendable, Hashable {
    package var value: Double
    package var low: Double
    package var high: Double

    package init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// A share of labelled calls, with Wilson's interval; nil of none.
    package init?(_ count: Int, of total: Int) {
        guard total > 0 else { return nil }
        let n = Double(total)
        let z = 1.959_963_984_540_054
        let share = Double(count) / n
        let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        let reach =
            z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        value = share
        low = max(0, middle - reach)
        high = min(1, middle + reach)
    }

    /// Such as `88 % (80-93 %)`.
    ///
    /// The ends are rounded outwards: zero misses never read as certainty.
    package var text: String {
        let ends = "\(Int((low * 100).rounded(.down)))-\(Int((high * 100).rounded(.up)))"
        return "\(Int((value * 100).rounded())) % (\(ends) %)"
    }
}

/// Calls of which the rule says the same and that were drawn alike, and the labels among them.
package struct LabelledCell: Sendable, Hashable {
    /// What the rule says of them.
    package var verdict: Ternary

    /// What they were drawn from.
    package var stratum: String

    /// How many there are, labelled or not.
    package var calls: Int

    /// Labelled yes or no; those that nobody could tell are left out.
    package var labelled: Int

    /// Labelled yes.
    package var conversions: Int

    package init(
        verdict: Ternary,
        stratum: String,
        calls: Int,
        labelled: Int,
        conversions: Int
    ) {
        self.verdict = verdict
        self.stratum = stratum
        self.calls = calls
        self.labelled = labelled
        self.conversions = conversions
    }
}

/// How good a rule is, from labels drawn by stratum.
///
/// Per cell the true share of conversions is drawn from Beta(k + 1/2, n - k + 1/2); the draws are
/// put together with the cells' sizes, and the middle 95 % are the interval. Calls that the rule
/// says neither yes nor no of are told apart and never counted as either.
package struct Measurement: Sendable, Hashable {
    /// Draws behind each interval.
    static let draws = 4000

    /// Of the calls that the rule calls conversions, those that are; nil without labels.
    package var precision: Share?

    /// Of the conversions among those with a verdict, those that the rule finds; nil without labels.
    package var recall: Share?
    package var f1: Share?

    /// Of the calls that the rule does not know, those that are conversions.
    package var unknownConversions: Share?
    package var unknownCalls: Int
    package var labelled: Int

    package init(_ cells: [LabelledCell], seed: UInt64 = 1, draws: Int = Measurement.draws) {
        labelled = cells.reduce(0) { $0 + $1.labelled }
        unknownCalls = cells.filter { $0.verdict == .unknown }.reduce(0) { $0 + $1.calls }
        let parts = [Ternary.yes, .no, .unknown].map { verdict in
            cells.filter { $0.verdict == verdict && $0.calls > 0 }
        }
        let (yes, no, unknown) = (parts[0], parts[1], parts[2])
        var random = BetaDraws(seed: seed)
        var samples: [[Double]] = [[], [], [], []]
        for _ in 0..<draws {
            let found = Self.draw(yes, &random)
            let missed = Self.draw(no, &random)
            let calls = Double(yes.reduce(0) { $0 + $1.calls })
            let precision = calls > 0 ? found / calls : 0
            let recall = found + missed > 0 ? found / (found + missed) : 0
            samples[0].append(precision)
            samples[1].append(recall)
            samples[2].append(Self.harmonic(precision, recall))
            let open = Double(unknown.reduce(0) { $0 + $1.calls })
            samples[3].append(open > 0 ? Self.draw(unknown, &random) / open : 0)
        }
        let found = Self.estimate(yes)
        let missed = Self.estimate(no)
        let hasYes = yes.contains { $0.labelled > 0 }
        let hasNo = no.isEmpty || no.contains { $0.labelled > 0 }
        let calls = Double(yes.reduce(0) { $0 + $1.calls })
        let point = calls > 0 ? found / calls : 0
        let reach = found + missed > 0 ? found / (found + missed) : 0
        precision = hasYes ? Self.share(point, samples[0]) : nil
        recall = hasYes && hasNo ? Self.share(reach, samples[1]) : nil
        f1 = hasYes && hasNo ? Self.share(Self.harmonic(point, reach), samples[2]) : nil
        let open = Double(unknownCalls)
        unknownConversions =
            unknown.contains { $0.labelled > 0 }
            ? Self.share(Self.estimate(unknown) / open, samples[3]) : nil
    }

    /// Conversions among the calls of some cells, one possible truth.
    private static func draw(_ cells: [LabelledCell], _ random: inout BetaDraws) -> Double {
        cells.reduce(0) { sum, cell in
            let yes = Double(cell.conversions) + 0.5
            let no = Double(cell.labelled - cell.conversions) + 0.5
            return sum + Double(cell.calls) * random.beta(yes, no)
        }
    }

    /// Conversions among the calls of some cells, as the labels have them; a cell without labels
    /// is taken to be like the others together.
    private static func estimate(_ cells: [LabelledCell]) -> Double {
        let labelled = cells.reduce(0) { $0 + $1.labelled }
        let conversions = cells.reduce(0) { $0 + $1.conversions }
        let usual = labelled > 0 ? Double(conversions) / Double(labelled) : 0
        return cells.reduce(0) { sum, cell in
            let share =
                cell.labelled > 0 ? Double(cell.conversions) / Double(cell.labelled) : usual
            return sum + share * Double(cell.calls)
        }
    }

    private static func harmonic(_ left: Double, _ right: Double) -> Double {
        left + right > 0 ? 2 * left * right / (left + right) : 0
    }

    private static func share(_ value: Double, _ samples: [Double]) -> Share {
        let sorted = samples.sorted()
        func at(_ share: Double) -> Double {
            sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
        // The labels' own value belongs to what is possible.
        return Share(value: value, low: min(at(0.025), value), high: max(at(0.975), value))
    }
}

extension Measurement {
    /// How many more calls that the rule says no to would have to be labelled to know the recall
    /// within so much up and down; 0 when it is known, nil when all of them do not suffice.
    ///
    /// It is taken that further labels turn out like those before.
    package static func labelsToGo(
        _ cells: [LabelledCell],
        within: Double = 0.08,
        seed: UInt64 = 1
    ) -> Int? {
        func isKnown(_ cells: [LabelledCell]) -> Bool {
            guard let recall = Measurement(cells, seed: seed, draws: 1000).recall else {
                return false
            }
            return (recall.high - recall.low) / 2 <= within
        }
        if isKnown(cells) { return 0 }
        let open = cells.filter { $0.verdict == .no }.reduce(0) { $0 + $1.calls - $1.labelled }
        // Steps of a quarter more: the answer is advice, not a bill.
        var more = 25
        while more <= open {
            if isKnown(labelling(more, of: open, in: cells)) { return more }
            more = max(more + 25, (more * 5 / 4) / 25 * 25)
        }
        return nil
    }

    private static func labelling(
        _ more: Int,
        of open: Int,
        in cells: [LabelledCell]
    ) -> [LabelledCell] {
        cells.map { cell in
            guard cell.verdict == .no else { return cell }
            var next = cell
            let added = (cell.calls - cell.labelled) * more / max(1, open)
            next.labelled += added
            if cell.labelled > 0 {
                next.conversions = cell.conversions * next.labelled / cell.labelled
            }
            return next
        }
    }
}

/// How far two people agree beyond chance.
package struct Agreement: Sendable, Hashable {
    /// Calls that both labelled.
    package var calls: Int
    package var same: Int

    /// Cohen's kappa, at most 1; nil when nobody could disagree.
    package var kappa: Double?

    package init(_ pairs: [(Ternary, Ternary)]) {
        calls = pairs.count
        same = pairs.count { $0.0 == $0.1 }
        guard calls > 0 else { return }
        let total = Double(calls)
        let chance = Ternary.allCases.reduce(0.0) { sum, label in
            let first = Double(pairs.count { $0.0 == label }) / total
            let second = Double(pairs.count { $0.1 == label }) / total
            return sum + first * second
        }
        guard chance < 1 else { return }
        kappa = (Double(same) / total - chance) / (1 - chance)
    }
}
