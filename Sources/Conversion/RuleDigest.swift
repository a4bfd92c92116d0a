import Crypto
import Foundation

/// Gives a rule its version: the same meaning has the same digest, however it is written.
enum RuleDigest {
    /// Raised when the evaluator changes so that a verdict of an unchanged rule may differ.
    static let evaluatorVersion = 1

    static func version(
        id: String,
        type: String,
        value: Decimal?,
        currency: String?,
        unlessVersions: [String],
        condition: Condition
    ) -> String {
        digest([
            "evaluator \(evaluatorVersion)", id, type,
            value.map { NSDecimalNumber(decimal: $0).stringValue } ?? "", currency ?? "",
            unlessVersions.joined(separator: ","), canonical(condition),
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
        case .successful(let result): fields("successful", [result.rawValue])
        case .turns(let count):
            fields(
                "turns",
                [count.speaker.rawValue, number(count.atLeast), number(count.atMost)]
            )
        case .phrase(let leaf):
            fields(
                "phrase",
                [leaf.speaker.rawValue, "\(leaf.needed)", number(leaf.withinSeconds)]
                    + leaf.phrases.map { Words.normal($0) }
            )
        case .tool(let leaf): fields("tool", [leaf.name, leaf.use.rawValue])
        case .criterion(let leaf): fields("criterion", [leaf.id, leaf.result.rawValue])
        case .data(let leaf): fields("data", [leaf.id] + parts(of: leaf.test))
        case .duration(let range):
            fields("duration", [number(range.atLeast), number(range.atMost)])
        }
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

    private static func list(_ name: String, _ parts: [Condition]) -> String {
        fields(name, parts.map(canonical))
    }

    private static func fields(_ name: String, _ values: [String]) -> String {
        name + "(" + values.map { "\($0.utf8.count):\($0)" }.joined() + ")"
    }
}
