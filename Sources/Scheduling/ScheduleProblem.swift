/// One thing that is wrong with a schedules file.
package struct ScheduleProblem: Sendable, Equatable, CustomStringConvertible {
    package var file: String

    /// From 1; nil when the file as a whole is meant.
    package var line: Int?

    /// Such as `cron` or `args.window`; nil when no single field is meant.
    package var field: String?

    package var message: String

    package init(file: String, line: Int?, field: String?, message: String) {
        self.file = file
        self.line = line
        self.field = field
        self.message = message
    }

    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return field.map { "\(place): \($0): \(message)" } ?? "\(place): \(message)"
    }
}

/// Schedules that are refused as a whole, with everything that is wrong with them.
package struct ScheduleFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Most problems that are named; the first ones, by file and line.
    package static let problemsMax = 50

    package var problems: [ScheduleProblem]

    package init(problems: [ScheduleProblem]) {
        self.problems = Array(problems.prefix(Self.problemsMax))
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
