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
        let known = file ?? rules
        let library = RuleLibrary(store: parts.store) { known }
        return try await RuleBench(store: parts.store, library: library)
            .trial(of: rules, type: type, part: part)
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
