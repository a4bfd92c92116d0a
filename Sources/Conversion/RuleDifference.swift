/// How the rules of two versions differ.
package struct RuleDifference: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case added
        case removed
        case changed

        /// Only where it stands among the others.
        case moved
    }

    package var rule: String
    package var kind: Kind

    /// What it counts, in words; nil where it is not there.
    package var before: String?
    package var after: String?

    /// The rules that are not the same, in the order of the new version, then those that are gone.
    package static func between(_ old: RuleSet, _ new: RuleSet) -> [RuleDifference] {
        var differences: [RuleDifference] = []
        let common = old.rules.map(\.id).filter { id in new.rules.contains { $0.id == id } }
        let order = new.rules.map(\.id).filter { common.contains($0) }
        for rule in new.rules {
            guard let before = old.rules.first(where: { $0.id == rule.id }) else {
                differences.append(
                    RuleDifference(rule: rule.id, kind: .added, before: nil, after: rule.echo)
                )
                continue
            }
            let isMoved = common.firstIndex(of: rule.id) != order.firstIndex(of: rule.id)
            guard before.version != rule.version || isMoved else { continue }
            differences.append(
                RuleDifference(
                    rule: rule.id,
                    kind: before.version != rule.version ? .changed : .moved,
                    before: before.echo,
                    after: rule.echo
                )
            )
        }
        for rule in old.rules where !new.rules.contains(where: { $0.id == rule.id }) {
            differences.append(
                RuleDifference(rule: rule.id, kind: .removed, before: rule.echo, after: nil)
            )
        }
        return differences
    }
}
