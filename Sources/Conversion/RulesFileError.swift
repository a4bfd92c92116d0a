/// Why a rules file is refused, as a whole.
package struct RulesFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One thing that is wrong.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// From 1; nil when the file could not be read at all.
        package var line: Int?

        /// Where in the file's structure, such as `rules[1].when.any[0].tool.name`.
        package var field: String

        /// What is wrong and what would be right.
        package var reason: String

        package var description: String {
            let place = line.map { "line \($0): " } ?? ""
            return field.isEmpty ? place + reason : "\(place)\(field): \(reason)"
        }
    }

    package var file: String

    /// At least one, at most one for each rule.
    package var problems: [Problem]

    package var description: String {
        problems.map { "\(file): \($0)" }.joined(separator: "\n")
    }
}

/// The limits of a rules file: far above any real one, low enough that a broken one ends here.
package enum RulesLimits {
    package static let fileBytesMax = 256 * 1024
    package static let rulesMax = 100

    /// Conditions inside conditions.
    package static let depthMax = 16

    /// Conditions of one rule.
    package static let conditionsMax = 500

    /// Phrases or values in one list.
    package static let listMax = 200

    /// The weight of one condition, up or down.
    package static let weightMax = 1_000_000.0

    /// Characters of one text.
    package static let textMax = 200
}
