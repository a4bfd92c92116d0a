import CallStore
import Conversion

extension PageDesk {
    /// What stands in the address for the rules that count now.
    static let rulesInUse = "used"

    /// Two versions of the rules against each other, rule by rule and line by line.
    func difference(
        _ query: PageQuery,
        _ versions: [RuleVersionSummary],
        _ shown: RuleSet?,
        _ desk: RuleDesk
    ) async throws -> View {
        let known = versions.filter(\.hasText)
        guard !known.isEmpty else { return [:] }
        let against = query["against"] ?? Self.rulesInUse
        func options(_ chosen: String?) -> [View] {
            known.map { version in
                [
                    "value": version.version, "selected": version.version == chosen,
                    "label": "\(version.name) \(version.version.prefix(12))",
                ]
            }
        }
        let used: View = [
            "value": Self.rulesInUse, "label": "the rules in use",
            "selected": against == Self.rulesInUse,
        ]
        var view: View = [
            "canCompare": true, "fromOptions": [used] + options(against),
            "toOptions": options(query["version"] ?? shown?.version),
            "compareFields": query.fields(without: ["version", "against"]),
        ]
        guard query["against"] != nil, let new = shown else { return view }
        let old =
            against == Self.rulesInUse ? try await desk.inUse() : try await desk.rules(against)
        guard let old else {
            throw APIError(.notFound, "There is no such version, or its text was not kept.")
        }
        view["difference"] = Self.view(from: old, to: new)
        return view
    }

    private static func view(from old: RuleSet, to new: RuleSet) -> View {
        let rules = RuleDifference.between(old, new)
        let lines = LineDifference(from: old.source, to: new.source)
        let isSame = rules.isEmpty && lines?.isEmpty == true
        return [
            "isSame": isSame, "isLong": lines == nil, "hasRules": !rules.isEmpty,
            "rules": rules.map { rule -> View in
                var view: View = ["rule": rule.rule, "kind": rule.kind.rawValue]
                // Of one that has only moved the words are the same.
                guard rule.kind != .moved else { return view }
                if let before = rule.before { view["before"] = before }
                if let after = rule.after { view["after"] = after }
                return view
            },
            "hasLines": lines?.isEmpty == false,
            "lines": (lines?.lines ?? []).map(line),
        ]
    }

    private static func line(_ line: LineDifference.Line) -> View {
        var view: View = [
            "kind": line.kind.rawValue, "old": line.old.map { "\($0)" } ?? "",
            "new": line.new.map { "\($0)" } ?? "", "text": line.text,
        ]
        switch line.kind {
        case .same:
            view["isKept"] = true
            view["word"] = ""
        case .added:
            view["isAdded"] = true
            view["word"] = "+ added"
        case .removed:
            view["isRemoved"] = true
            view["word"] = "− removed"
        case .skipped: view["skipped"] = "\(line.text) lines that are the same"
        }
        return view
    }
}
