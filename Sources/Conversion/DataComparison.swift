import CallStore
import Foundation

/// Compares a collected value with the value in a rule.
enum DataComparison {
    /// The platform's operators in three values: a value that is not there is unknown to all of
    /// them but `exists` and `missing`, and so is one that cannot be compared.
    static func truth(of found: StoredValue, test: DataLeaf.Test) -> Ternary {
        switch test {
        case .exists: Ternary(found != .null)
        case .missing: Ternary(found == .null)
        case .eq(let wanted): equal(found, wanted)
        case .neq(let wanted): !equal(found, wanted)
        case .isIn(let wanted): Ternary.any(wanted.map { equal(found, $0) })
        case .gt(let limit): ordered(found) { $0 > limit }
        case .gte(let limit): ordered(found) { $0 >= limit }
        case .lt(let limit): ordered(found) { $0 < limit }
        case .lte(let limit): ordered(found) { $0 <= limit }
        }
    }

    /// A collected amount of money; nil for what is none.
    static func amount(_ found: StoredValue) -> Decimal? {
        switch found {
        case .integer(let value): Decimal(value)
        case .number(let value): value.isFinite ? Decimal(string: "\(value)") : nil
        case .text(let text):
            text.wholeMatch(of: /\s*-?[0-9]{1,12}(\.[0-9]{1,6})?\s*/) == nil
                ? nil : Decimal(string: text.trimmingCharacters(in: .whitespaces))
        default: nil
        }
    }

    private static func equal(_ found: StoredValue, _ wanted: DataValue) -> Ternary {
        switch (found, wanted) {
        case (.null, _), (.list, _), (.object, _): .unknown
        case (.text(let text), .text(let value)): Ternary(text == value)
        case (.bool(let flag), .bool(let value)): Ternary(flag == value)
        case (.text(let text), .bool(let value)): Ternary(text.lowercased() == "\(value)")
        case (_, .number(let value)): ordered(found) { $0 == value }
        default: .no
        }
    }

    /// Numbers compare as numbers; a text that is one counts, anything else is not comparable.
    private static func ordered(_ found: StoredValue, _ holds: (Double) -> Bool) -> Ternary {
        number(found).map { Ternary(holds($0)) } ?? .unknown
    }

    private static func number(_ found: StoredValue) -> Double? {
        switch found {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .text(let text):
            Double(text.trimmingCharacters(in: .whitespaces)).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }
}
