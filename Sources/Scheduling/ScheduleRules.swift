package import Foundation

/// What the reader of schedules files knows of the program that will run them.
package struct ScheduleRules: Sendable {
    /// The zone of schedules that name none.
    package var defaultTimeZone: TimeZone

    /// The job kinds that exist.
    package var kinds: Set<String>

    /// What is wrong with a kind's arguments; nil when they are right.
    package var argumentProblem: @Sendable (_ kind: String, _ payload: [UInt8]) -> String?

    package init(
        defaultTimeZone: TimeZone,
        kinds: Set<String>,
        argumentProblem: @escaping @Sendable (String, [UInt8]) -> String? = { _, _ in nil }
    ) {
        self.defaultTimeZone = defaultTimeZone
        self.kinds = kinds
        self.argumentProblem = argumentProblem
    }
}
