package import CallStore

extension RuleSet {
    /// Judges one call: one verdict for each conversion type, in the order of the file.
    ///
    /// A pure function: the same facts and rules give the same verdicts. Where several rules decide
    /// a type, the first that says yes does, else the first that does not know, else the first.
    ///
    /// - Parameter facts: The state of the call.
    /// - Returns: The verdicts, as the store keeps them.
    package func judge(_ facts: CallFacts) -> Judgement {
        var verdicts: [String: Verdict] = [:]
        for rule in rules {
            let verdict = verdict(on: facts, by: rule, earlier: verdicts)
            guard let earlier = verdicts[rule.type] else {
                verdicts[rule.type] = verdict
                continue
            }
            let isMoreDecided =
                earlier.outcome != .yes
                && (verdict.outcome == .yes
                    || (earlier.outcome == .no && verdict.outcome == .unknown))
            if isMoreDecided { verdicts[rule.type] = verdict }
        }
        return Judgement(
            ruleVersion: version,
            ruleName: name,
            verdicts: types.compactMap { verdicts[$0] }
        )
    }

    private func verdict(
        on facts: CallFacts,
        by rule: Rule,
        earlier: [String: Verdict]
    ) -> Verdict {
        // Deliberately of two values: what is not known of the other type does not hold this one
        // up, and when it becomes known the call is judged anew.
        let isExcluded = rule.unless.contains { earlier[$0]?.outcome == .yes }
        if isExcluded {
            return Verdict(
                type: rule.type,
                outcome: .no,
                evidence: [],
                echo: rule.echo,
                needsReview: false
            )
        }
        let evaluator = Evaluator(rule: rule, facts: facts)
        let finding = evaluator.finding(rule.condition)
        return Verdict(
            type: rule.type,
            outcome: finding.truth,
            evidence: finding.evidence.map(\.stored),
            echo: rule.echo,
            needsReview: finding.truth == .unknown
                && evaluator.isOneLeafFromYes(rule.condition)
        )
    }
}
