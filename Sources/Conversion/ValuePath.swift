import CallStore
import Foundation

/// Where in a JSON document a value stands: `$.booking.slots[0].id`.
package struct ValuePath: Sendable, Hashable, CustomStringConvertible {
    /// Steps of a path.
    static let stepsMax = 16

    private enum Step: Sendable, Hashable {
        case field(String)
        case index(Int)
    }

    private let steps: [Step]

    /// As it was written.
    package let description: String

    /// Nil for what is no path.
    package init?(_ text: String) {
        guard text.first == "$" else { return nil }
        var steps: [Step] = []
        var rest = text.dropFirst()
        while let first = rest.first {
            if first == "." {
                let name = rest.dropFirst().prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { return nil }
                steps.append(.field(String(name)))
                rest = rest.dropFirst(1 + name.count)
            } else if first == "[" {
                let digits = rest.dropFirst().prefix { $0 != "]" }
                guard let index = Int(digits), index >= 0, rest.count > digits.count + 1 else {
                    return nil
                }
                steps.append(.index(index))
                rest = rest.dropFirst(2 + digits.count)
            } else {
                return nil
            }
        }
        guard steps.count <= Self.stepsMax else { return nil }
        self.steps = steps
        description = text
    }

    /// What stands there; null when nothing does, nil when the text is no JSON.
    func value(in text: String) -> StoredValue? {
        let document: StoredValue
        do {
            document = try JSONDecoder().decode(StoredValue.self, from: Data(text.utf8))
        } catch {
            return nil
        }
        var value = document
        for step in steps {
            switch (step, value) {
            case (.field(let name), .object(let fields)): value = fields[name] ?? .null
            case (.index(let index), .list(let items)):
                value = items.indices.contains(index) ? items[index] : .null
            default: return .null
            }
        }
        return value
    }
}
