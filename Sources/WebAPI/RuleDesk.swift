import CallStore
import Conversion
import Foundation

/// The rules, as pages and programs try and use them.
struct RuleDesk {
    let parts: WebParts

    /// The rules file; nil when it cannot be read, which the workers say in their logs.
    private var file: RuleSet? {
        do {
            return try RulesFile.load(URL(fileURLWithPath: parts.places.rulesFile))
        } catch {
            return nil
        }
    }

    /// The rules that count now: a version that was made active, else those of the file.
    func inUse() async throws -> RuleSet? {
        guard let version = try await parts.store.rulePointers()[.active]?.version else {
            return file
        }
        return try await rules(version)
    }

    /// One version; nil when the store has no text of it.
    func rules(_ version: String) async throws -> RuleSet? {
        guard let stored = try await parts.store.ruleVersion(version) else { return nil }
        return try RuleSet(stored)
    }

    /// How good rules are, by the labels of a type.
    func trial(
        of rules: RuleSet,
        type: String,
        part: RuleTrial.Part = .open
    ) async throws -> RuleTrial {
        try await bench(rules).trial(of: rules, type: type, part: part)
    }

    /// One rule of a set: how good it is by itself, how often it counts, what that is worth.
    struct Figures: Sendable {
        var rule: Rule
        var report: JudgeReport
        var hits: Int
        var worth: [Money]
        var perDay: Double
    }

    /// Figures of each rule of a version, and over how many days; `today` ends a scope that is open.
    func figures(
        of rules: RuleSet,
        in scope: FigureScope,
        today: LocalDay
    ) async throws -> (rules: [Figures], days: Int) {
        let reports = try await bench(rules).reports(ofEachIn: rules)
        let hits = try await parts.store.ruleHits(scope)
        // Of all days, those since the first with a call.
        var first = scope.from
        if first == nil { first = try await parts.store.figureReport(scope).days.first?.day }
        let days = max(1, (scope.to ?? today).number - (first ?? today).number + 1)
        let figures = zip(rules.rules, reports).map { rule, report in
            let own = hits.first { $0.type == rule.type && $0.echo == rule.echo }
            return Figures(
                rule: rule,
                report: report,
                hits: own?.calls ?? 0,
                worth: own?.worth ?? [],
                perDay: Double(own?.calls ?? 0) / Double(days)
            )
        }
        return (figures, days)
    }

    private func bench(_ rules: RuleSet) -> RuleBench {
        let known = file ?? rules
        return RuleBench(
            store: parts.store,
            library: RuleLibrary(store: parts.store) { known }
        )
    }

    /// What the labels that were held back say against making rules the ones that count.
    func warnings(activating new: RuleSet) async throws -> [String] {
        guard let old = try await inUse(), old.version != new.version else { return [] }
        var warnings: [String] = []
        for type in new.types where old.types.contains(type) {
            guard try await parts.store.newestSample(ofType: type) != nil else { continue }
            let after = try await trial(of: new, type: type, part: .heldBack)
            let before = try await trial(of: old, type: type, part: .heldBack)
            warnings += RuleBench.warnings(promoting: after, over: before)
                .map { "\(type): \($0)" }
        }
        return warnings
    }
}
