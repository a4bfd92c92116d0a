package import CallStore

extension RuleSet {
    /// Judges one call: one verdict for each conversion type, in the order of `types`.
    ///
    /// A pure function: the same facts and rules give the same verdicts. Where several rules decide
    /// a type, the first that says yes does, else the first that does not know, else the first.
    ///
    /// - Parameter facts: The state of the call.
    /// - Returns: The verdicts, as the store keeps them.
    package func judge(_ facts: CallFacts) -> Judgement {
        let verdicts = verdicts(on: facts) { _, _ in }
        return Judgement(
            ruleVersion: version,
            ruleName: name,
            verdicts: types.compactMap { verdicts[$0] }
        )
    }

    /// What each rule says by itself, under its id.
    func outcomes(on facts: CallFacts) -> [String: Ternary] {
        var outcomes: [String: Ternary] = [:]
        _ = verdicts(on: facts) { outcomes[$0.id] = $1.outcome }
        return outcomes
    }

    /// The verdicts by type; each rule's own is told on the way.
    private func verdicts(
        on facts: CallFacts,
        _ tell: (Rule, Verdict) -> Void
    ) -> [String: Verdict] {
        let call = CallEvaluation(facts, by: self)
        var verdicts: [String: Verdict] = [:]
        for rule in rules {
            let verdict = verdict(on: call, by: rule, earlier: verdicts)
            tell(rule, verdict)
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
        return verdicts
    }

    private func verdict(
        on call: CallEvaluation,
        by rule: Rule,
        earlier: [String: Verdict]
    ) -> Verdict {
        var verdict = Verdict(
            type: rule.type,
            outcome: .no,
            evidence: [],
            echo: rule.echo,
            needsReview: false
        )
        verdict.worth = worth(of: rule, on: call.facts)
        verdict.oncePerCallerDays = rule.oncePerCallerDays
        // Deliberately of two values: what is not known of the other type does not hold this one
        // up, and when it becomes known the call is judged anew.
        if rule.unless.contains(where: { earlier[$0]?.outcome == .yes }) { return verdict }
        let finding = call.finding(of: rule)
        verdict.outcome = finding.truth
        verdict.evidence = finding.evidence.map(\.stored)
        if finding.truth == .unknown {
            let evaluator = Evaluator(rule: rule, call: call)
            verdict.needsReview =
                switch rule.scope.includes(call.facts) {
                case .yes: evaluator.isOneLeafFromYes(rule.condition)
                case .unknown: evaluator.finding(rule.condition).truth == .yes
                case .no: false
                }
        }
        return verdict
    }

    /// What a conversion by this rule is worth; nil when nobody said, or nothing was collected.
    private func worth(of rule: Rule, on facts: CallFacts) -> Money? {
        guard let value = rule.value, let currency = rule.currency else { return nil }
        switch value {
        case .fixed(let amount): return Money(amount, currency: currency)
        case .data(let id):
            let found = facts.collected?.first { $0.id == id }?.value
            return found.flatMap(DataComparison.amount).flatMap { Money($0, currency: currency) }
        }
    }
}
