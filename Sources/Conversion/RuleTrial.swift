package import CallStore

/// Whose verdicts are compared with the labels.
package struct JudgeReport: Sendable, Hashable {
    /// `rule`, `call_successful`, or `criterion` and its id.
    package var name: String

    /// Of the labelled calls, by verdict: how many are labelled yes and no.
    package internal(set) var table: [Ternary: Counts] = [:]

    /// What the labels were drawn from; empty without a sample.
    package internal(set) var cells: [LabelledCell] = []

    /// From the labels of the sample; nil without one.
    package internal(set) var measurement: Measurement?

    package struct Counts: Sendable, Hashable {
        package var yes = 0
        package var no = 0

        package init() {}
    }

    /// Of the labelled calls alone, with Wilson's interval, as if all had been drawn alike.
    package var precision: Share? {
        let counts = table[.yes] ?? Counts()
        return Share(counts.yes, of: counts.yes + counts.no)
    }

    /// As `precision`; calls without a verdict are left out.
    package var recall: Share? {
        let found = table[.yes]?.yes ?? 0
        return Share(found, of: found + (table[.no]?.yes ?? 0))
    }
}

/// A version of the rules tried on labelled calls.
package struct RuleTrial: Sendable {
    /// A labelled call of which the rules say something else.
    package struct Disagreement: Sendable, Hashable {
        package var call: CallID
        package var conversationID: String
        package var verdict: Ternary
        package var label: Ternary
    }

    /// Which labels are read.
    package enum Part: Sendable, Hashable {
        /// Those to work with.
        case open

        /// Those that are held back for a promotion.
        case heldBack
    }

    /// Disagreements that are named.
    package static let disagreementsMax = 200

    /// Criteria of the upstream that are compared.
    static let criteriaMax = 20

    package let type: String
    package let ruleVersion: String
    package internal(set) var labelled = 0
    package internal(set) var cannotTell = 0

    /// The rules first, then the upstream's own verdicts.
    package internal(set) var judges: [JudgeReport] = []
    package internal(set) var disagreements: [Disagreement] = []
    package internal(set) var agreement = Agreement([])

    /// Of the sample, calls that the rules say no to, see `Measurement.labelsToGo`.
    package internal(set) var labelsToGo: Int?
    package internal(set) var sample: LabelSampleID?

    /// How the rules did.
    package var rule: JudgeReport { judges.first ?? JudgeReport(name: "rule") }

    /// What to do next, as one sentence.
    package var advice: String {
        guard sample != nil else {
            return "draw a sample with `ringback labels sample` to measure the rules"
        }
        switch labelsToGo {
        case 0?: return "recall is known within 8 points up and down"
        case let more?:
            return "label \(more) more \"no\" calls to know recall within 8 points up and down"
        case nil:
            return "recall cannot be known within 8 points from this range; label all of its "
                + "calls, or draw from a longer one"
        }
    }
}

/// Tries rules on labelled calls.
package struct RuleBench: Sendable {
    private static let page = 500

    let store: CallStore
    private let library: RuleLibrary

    package init(store: CallStore, library: RuleLibrary) {
        self.store = store
        self.library = library
    }

    /// Compares a version of the rules, and the upstream's own verdicts, with the labels.
    ///
    /// Looks at every call of the newest sample's range, since what the labels stand for depends
    /// on how many calls there are of each kind.
    ///
    /// - Parameters:
    ///   - rules: The version.
    ///   - type: The conversion type.
    ///   - part: Which labels; labels outside of the sample are always open.
    /// - Returns: What was found.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func trial(
        of rules: RuleSet,
        type: String,
        part: RuleTrial.Part = .open
    ) async throws(StoreError) -> RuleTrial {
        let sample = try await store.newestSample(ofType: type)
        let labels = try await labels(ofType: type)
        let entries = Dictionary(
            (sample?.entries ?? []).map { ($0.call, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var tally = TrialTally(
            strata: LabelStrata(type: type, rules: rules),
            labels: labels.mapValues(Self.verdict).filter { call, _ in
                (entries[call]?.isHeldBack ?? false) == (part == .heldBack)
            },
            entries: entries
        )
        if let sample {
            let drawnBy = try await library.rules(sample.ruleVersion) ?? rules
            let strata = LabelStrata(type: type, rules: drawnBy)
            try await walk(sample) { tally.add($0, drawnBy: strata) }
        }
        for batch in Self.batches(tally.unseen) {
            for call in try await store.callsToJudge(batch) { tally.add(call, drawnBy: nil) }
        }
        var trial = tally.trial(sample: sample?.id)
        trial.agreement = Self.agreement(labels)
        return trial
    }

    /// What speaks against a promotion: a lower end that is well below what is known of the
    /// version before; empty when nothing does, or when nothing is known.
    package static func warnings(promoting new: RuleTrial, over old: RuleTrial) -> [String] {
        let figures = [
            ("precision", new.rule.measurement?.precision, old.rule.measurement?.precision),
            ("recall", new.rule.measurement?.recall, old.rule.measurement?.recall),
        ]
        return figures.compactMap { name, new, old in
            guard let new, let old, new.low < old.value - 0.03 else { return nil }
            let low = Int((new.low * 100).rounded(.down))
            return "\(name) may be as low as \(low) %; the rules in use have "
                + "\(Int((old.value * 100).rounded())) %"
        }
    }

    /// What the labels that were held back say against one version in the place of another.
    ///
    /// - Parameters:
    ///   - new: Is to count.
    ///   - old: Counts now.
    /// - Returns: Warnings by type; none where nobody has labelled.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func warnings(
        promoting new: RuleSet,
        over old: RuleSet
    ) async throws(StoreError) -> [String] {
        guard new.version != old.version else { return [] }
        var warnings: [String] = []
        for type in new.types where old.types.contains(type) {
            guard try await store.newestSample(ofType: type) != nil else { continue }
            let after = try await trial(of: new, type: type, part: .heldBack)
            let before = try await trial(of: old, type: type, part: .heldBack)
            warnings += Self.warnings(promoting: after, over: before).map { "\(type): \($0)" }
        }
        return warnings
    }

    private func walk(
        _ sample: LabelSample,
        _ body: (CallToJudge) -> Void
    ) async throws(StoreError) {
        var position: CallID?
        while true {
            let calls = try await store.callsToJudge(
                fromUnix: sample.fromUnix,
                toUnix: sample.toUnix,
                after: position,
                limit: Self.page
            )
            guard let last = calls.last else { return }
            calls.forEach(body)
            position = last.call.id
        }
    }

    func labels(
        ofType type: String
    ) async throws(StoreError) -> [CallID: [LabelReading]] {
        var labels: [CallID: [LabelReading]] = [:]
        var position: CallID?
        while true {
            let page = try await store.labels(ofType: type, after: position, limit: Self.page)
            guard let last = page.last else { return labels }
            for reading in page { labels[reading.call, default: []].append(reading) }
            // A call whose labels a page's end parts is read again as a whole.
            let isWhole = page.count < Self.page || page.first?.call == last.call
            position = isWhole ? last.call : CallID(last.call.number - 1)
            if !isWhole { labels[last.call] = nil }
        }
    }

    /// The newest label that says yes or no.
    static func verdict(_ readings: [LabelReading]) -> Ternary {
        readings.filter { $0.label != .unknown }
            .max { $0.atMilliseconds < $1.atMilliseconds }?.label ?? .unknown
    }

    private static func agreement(_ labels: [CallID: [LabelReading]]) -> Agreement {
        let pairs = labels.keys.sorted { $0.number < $1.number }.compactMap { call in
            let readings = (labels[call] ?? []).filter(\.isBlind)
                .sorted { $0.atMilliseconds < $1.atMilliseconds }
            return readings.count >= 2 ? (readings[0].label, readings[1].label) : nil
        }
        return Agreement(pairs)
    }

    static func batches(_ calls: [CallID]) -> [[CallID]] {
        stride(from: 0, to: calls.count, by: page).map {
            Array(calls[$0..<min($0 + page, calls.count)])
        }
    }
}
