package import CallStore

extension RuleBench {
    /// Labelled calls that are judged to hold the rules against them, one by one, shared by the types.
    package static let labelledMax = 1_000

    /// Holds each rule by itself against the labels of its type, in the order of the set.
    ///
    /// Of the labelled calls alone, the newest first, without those that are held back: quick enough
    /// for a page, where `trial` looks at every call of a sample's range.
    ///
    /// - Parameter rules: The version.
    /// - Returns: A report for each rule, under its id; with an empty table where nothing is labelled.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func reports(
        ofEachIn rules: RuleSet
    ) async throws(StoreError) -> [JudgeReport] {
        var reports = rules.rules.map { JudgeReport(name: $0.id) }
        let share = max(1, Self.labelledMax / max(1, rules.types.count))
        for type in rules.types {
            let sample = try await store.newestSample(ofType: type)
            let heldBack = Set((sample?.entries ?? []).filter(\.isHeldBack).map(\.call))
            let labels = try await labels(ofType: type).mapValues(Self.verdict)
                .filter { $0.value != .unknown && !heldBack.contains($0.key) }
            let newest = labels.keys.sorted { $0.number > $1.number }.prefix(share)
            for batch in Self.batches(Array(newest)) {
                for call in try await store.callsToJudge(batch) {
                    let label = labels[call.call.id]
                    let outcomes = rules.outcomes(on: CallFacts(call))
                    for (index, rule) in rules.rules.enumerated() where rule.type == type {
                        guard let outcome = outcomes[rule.id] else { continue }
                        var counts = reports[index].table[outcome] ?? JudgeReport.Counts()
                        if label == .yes { counts.yes += 1 } else { counts.no += 1 }
                        reports[index].table[outcome] = counts
                    }
                }
            }
        }
        return reports
    }
}

extension JudgeReport {
    /// Calls in the table.
    package var labelled: Int { table.values.reduce(0) { $0 + $1.yes + $1.no } }

    /// Why there is no precision; nil where there is one.
    package var precisionMissing: String? {
        guard precision == nil else { return nil }
        return labelled == 0 ? "nothing is labelled" : "says yes to no labelled call"
    }

    /// Why there is no recall; nil where there is one.
    package var recallMissing: String? {
        guard recall == nil else { return nil }
        return labelled == 0 ? "nothing is labelled" : "no call is labelled yes"
    }
}
