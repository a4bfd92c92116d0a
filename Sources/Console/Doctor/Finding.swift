import Reports

/// One thing that `ringback doctor` looked at.
package struct Finding: Sendable, Equatable {
    package enum Grade: String, Sendable {
        case ok
        case warning
        case problem
    }

    package let subject: String
    package let grade: Grade
    package let detail: String

    /// What to do about it; nil when there is nothing to do.
    package let fix: String?

    package init(_ subject: String, _ grade: Grade, _ detail: String, fix: String? = nil) {
        self.subject = subject
        self.grade = grade
        self.detail = detail
        self.fix = fix
    }

    package static func ok(_ subject: String, _ detail: String) -> Self {
        Self(subject, .ok, detail)
    }

    var json: JSONValue {
        .fields(
            ("subject", .text(subject)),
            ("grade", .text(grade.rawValue)),
            ("detail", .text(detail)),
            ("fix", .optional(fix))
        )
    }

    var line: String {
        let mark =
            switch grade {
            case .ok: "ok      "
            case .warning: "warning "
            case .problem: "PROBLEM "
            }
        return "\(mark) \(subject): \(detail)" + (fix.map { "\n          fix: \($0)" } ?? "")
    }
}
