import Console
import Conversion
import Testing

@Suite("two versions of the rules, as `rules diff` writes them")
struct RuleDifferenceTests {
    private static func rules(_ text: String, _ name: String) throws -> RuleSet {
        try RulesFile.parse(text, file: name + ".rules")
    }

    private static func text(_ old: RuleSet, _ new: RuleSet) -> String {
        RulesOutput.text(RuleDifference.between(old, new), from: old, to: new)
    }

    @Test("the rules that differ stand in words, the lines with their numbers and signs")
    func lines() throws {
        let old = try Self.rules("type: talk\nsuccessful success", "old")
        let new = try Self.rules("type: talk\nall\n  successful success\n  rating >= 4", "new")
        let text = Self.text(old, new)
        #expect(text.hasPrefix("from \(old.version) (old) to \(new.version) (new)\n"))
        #expect(text.contains(": changed\n  - ") || text.contains(": added\n  + "))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.contains("   1   1          type: talk"))
        #expect(lines.contains("   2      -       successful success"))
        #expect(lines.contains("       2  +       all"))
        #expect(lines.contains("       4  +         rating >= 4"))
        let json = RulesOutput.json(RuleDifference.between(old, new), from: old, to: new)
        #expect("\(json)".contains("rating >= 4"))
    }

    @Test("the same rules are the same, and another way to write them is said to be one")
    func same() throws {
        let one = try Self.rules("type: talk\nsuccessful success", "one")
        let other = try Self.rules("# A remark.\ntype: talk\nsuccessful success", "other")
        #expect(Self.text(one, one) == "the same rules\n")
        let text = Self.text(one, other)
        #expect(text.contains("the same rules, written in another way\n"))
        #expect(text.contains("+       # A remark."))
    }
}
