import CallStore
import Crypto
import Foundation

/// Gives a rule its version: the same meaning has the same digest, however it is written.
enum RuleDigest {
    /// Raised when the evaluator changes so that a verdict of an unchanged rule may differ.
    static let evaluatorVersion = 2

    /// Of what decides whether the rule holds, without what follows from it.
    ///
    /// `references` are the digests of the rules that the condition refers to, in its order. The
    /// word lists count only for a condition that listens to words.
    static func meaning(
        scope: RuleScope,
        condition: Condition,
        references: [String],
        lexicon: Lexicon
    ) -> String {
        digest([
            "evaluator \(evaluatorVersion)", condition.listens ? lexicon.digest : "",
            fields("agents", scope.agents), fields("languages", scope.languages),
            fields("channels", scope.channels), references.joined(separator: ","),
            canonical(condition),
        ])
    }

    /// First 16 hexadecimal digits of the SHA-256 of the parts, each with its length before it.
    static func digest(_ parts: [String]) -> String {
        var hash = SHA256()
        for part in parts {
            hash.update(data: Data("\(part.utf8.count):\(part)".utf8))
        }
        return hash.finalize().prefix(8)
            .map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }
            .joined()
    }

    /// A text that is equal for equal conditions and different for different ones.
    static func canonical(_ condition: Condition) -> String {
        switch condition {
        case .all(let parts): list("all", parts)
        case .any(let parts): list("any", parts)
        case .none(let parts): list("none", parts)
        case .atLeast(let count, let parts): list("atLeast \(count)", parts)
        case .score(let limit, let parts):
            fields("score \(limit)", parts.flatMap { ["\($0.weight)", canonical($0.condition)] })
        case .successful(let result): fields("successful", [result.rawValue])
        case .successScore(let range): fields("successScore", bounds(range))
        case .turns(let count):
            fields(
                "turns",
                [count.speaker.rawValue, number(count.atLeast), number(count.atMost)]
            )
        case .phrase(let leaf): fields("phrase", parts(of: leaf))
        case .notPhrase(let leaf, let after):
            fields("notPhrase", parts(of: leaf) + [after.map(canonical) ?? ""])
        case .reply(let leaf):
            fields(
                "reply",
                [leaf.asker.rawValue, leaf.answer.rawValue, "\(leaf.withinTurns)"]
                    + leaf.phrases.map { Phrase.normal($0) }
            )
        case .tool(let leaf):
            fields(
                "tool",
                [leaf.name, leaf.use.rawValue]
                    + (leaf.result.map { [$0.path.description] + parts(of: $0.test) } ?? [])
            )
        case .criterion(let leaf):
            switch leaf.test {
            case .result(let result): fields("criterion", [leaf.id, result.rawValue])
            case .score(let range): fields("criterionScore", [leaf.id] + bounds(range))
            }
        case .data(let leaf): fields("data", [leaf.id] + parts(of: leaf.test))
        case .duration(let range):
            fields("duration", [number(range.atLeast), number(range.atMost)])
        case .word(let word, let values): fields(word.rawValue, values)
        case .rating(let range): fields("rating", bounds(range))
        case .caller(.firstTime): "caller(firstTime)"
        case .caller(.withheld): "caller(withheld)"
        case .caller(.onList(let name)): fields("callerOnList", [name])
        case .campaign(.any): "campaign(any)"
        case .campaign(.none): "campaign(none)"
        case .campaign(.oneOf(let names)): fields("campaign", names)
        case .rule(let id): fields("rule", [id])
        }
    }

    private static func parts(of leaf: PhraseLeaf) -> [String] {
        [
            leaf.speaker.rawValue, "\(leaf.needed)", number(leaf.withinSeconds),
            number(leaf.withinTurns), "\(leaf.countsNegated)", "\(leaf.countsQuestions)",
        ] + leaf.phrases.map { Phrase.normal($0) }
    }

    private static func parts(of test: DataLeaf.Test) -> [String] {
        switch test {
        case .eq(let value): ["eq", text(value)]
        case .neq(let value): ["neq", text(value)]
        case .gt(let value): ["gt", "\(value)"]
        case .gte(let value): ["gte", "\(value)"]
        case .lt(let value): ["lt", "\(value)"]
        case .lte(let value): ["lte", "\(value)"]
        case .isIn(let values): ["in"] + values.map { text($0) }
        case .exists: ["exists"]
        case .missing: ["missing"]
        }
    }

    private static func text(_ value: DataValue) -> String {
        switch value {
        case .bool(let value): "bool \(value)"
        case .number(let value): "number \(value)"
        case .text(let value): "text \(value)"
        }
    }

    private static func number(_ value: Int?) -> String {
        value.map { "\($0)" } ?? ""
    }

    private static func bounds(_ range: NumberRange) -> [String] {
        [range.atLeast, range.atMost].map { $0.map { "\($0)" } ?? "" }
    }

    private static func list(_ name: String, _ parts: [Condition]) -> String {
        fields(name, parts.map(canonical))
    }

    private static func fields(_ name: String, _ values: [String]) -> String {
        name + "(" + values.map { "\($0.utf8.count):\($0)" }.joined() + ")"
    }
}

extension Condition {
    /// Whether word lists take part in it.
    fileprivate var listens: Bool {
        contains { condition in
            switch condition {
            case .phrase, .notPhrase, .reply: true
            default: false
            }
        }
    }
}
