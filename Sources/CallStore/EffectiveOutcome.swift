/// Whether a call counts as a conversion, labels before verdicts.
package struct EffectiveOutcome: Hashable, Sendable {
    package let outcome: Ternary
    package let type: String?

    /// The label's note, else the echo of the rule that made it a conversion.
    package let note: String?

    /// What it is worth, by the rules of its type; nil for no conversion.
    package let worth: Money?
    package let oncePerCallerDays: Int?

    /// What people and one version of the rules make of a call together.
    package init(labels: [ManualLabel], verdicts: [Verdict]) {
        let labelled = Set(labels.map(\.type))
        let open = verdicts.filter { !labelled.contains($0.type) }
        let outcomes = labels.map(\.label) + open.map(\.outcome)
        let echo: String?
        if let label = labels.first(where: { $0.label == .yes }) {
            outcome = .yes
            type = label.type
            echo = verdicts.first { $0.type == label.type && $0.outcome == .yes }?.echo
        } else if let verdict = open.first(where: { $0.outcome == .yes }) {
            outcome = .yes
            type = verdict.type
            echo = verdict.echo
        } else {
            outcome = outcomes.contains(.unknown) || outcomes.isEmpty ? .unknown : .no
            type = nil
            echo = nil
        }
        let deciding = type
        let labelNote =
            labels.first { $0.type == deciding }?.note ?? labels.lazy.compactMap(\.note).first
        note = labelNote ?? echo
        let rule = deciding.flatMap { type in verdicts.first { $0.type == type } }
        worth = rule?.worth
        oncePerCallerDays = rule?.oncePerCallerDays
    }
}
