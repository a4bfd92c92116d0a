/// Why a text is no schedule expression, field by field.
package enum CronError: Error, Equatable, Sendable {
    /// Neither five nor six fields; carries how many there are.
    case fieldCount(Int)

    /// Something in one field that has no meaning there.
    case field(CronField, text: String, problem: CronProblem)

    /// A macro such as `@hourly` that does not exist.
    case unknownMacro(String)

    /// What follows `every` is no duration of whole seconds, from one second to 366 days.
    case interval(String)

    /// No date matches all fields, such as 30 February.
    case neverFires
}

/// One field of a cron expression.
package enum CronField: String, Sendable, CaseIterable {
    case second
    case minute
    case hour
    case dayOfMonth = "day of month"
    case month
    case dayOfWeek = "day of week"

    /// The values that may be written; both 0 and 7 are Sunday.
    var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The names that may stand for values, from the range's first value on.
    var names: [String] {
        switch self {
        case .second, .minute, .hour, .dayOfMonth: []
        case .month:
            [
                "jan", "feb", "mar", "apr", "may", "jun",
                "jul", "aug", "sep", "oct", "nov", "dec",
            ]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        }
    }
}

/// What is wrong with one field.
package enum CronProblem: Sendable, Equatable {
    case notANumber
    case outOfRange(ClosedRange<Int>)
    case backwards
    case step
    case empty
}

extension CronError: CustomStringConvertible {
    /// What is wrong and what was expected, for the person who wrote the expression.
    package var description: String {
        switch self {
        case .fieldCount(let count):
            "has \(count) fields; write five (minute hour day month weekday), six with seconds"
                + " first, a macro such as @hourly, or every 90s"
        case .field(let field, let text, let problem):
            "\(field.rawValue) field: '\(text)' \(problem.text(for: field))"
        case .unknownMacro(let text):
            "there is no '\(text)'; use @yearly, @monthly, @weekly, @daily or @hourly"
        case .interval(let text):
            "'\(text)' is no interval; write whole seconds up to 366 days, such as every 90s"
        case .neverFires:
            "names a date that does not exist, so it would never fire"
        }
    }
}

extension CronProblem {
    func text(for field: CronField) -> String {
        switch self {
        case .notANumber:
            field.names.isEmpty
                ? "is not a number" : "is neither a number nor a name such as \(field.names[1])"
        case .outOfRange(let range):
            "is outside \(range.lowerBound) to \(range.upperBound)"
        case .backwards:
            "runs backwards; write it as two ranges with a comma"
        case .step:
            "has no step from 1 to the field's largest value"
        case .empty:
            "has an empty part"
        }
    }
}
