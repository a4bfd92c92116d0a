/// Why a program cannot start with the settings that it found; all of them at once.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// At least one problem.
    package let problems: [SettingProblem]

    package init(problems: [SettingProblem]) {
        precondition(!problems.isEmpty, "An error has a reason.")
        self.problems = problems
    }

    /// One line for each problem.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Where a value came from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    case standard
    case environment
    case environmentFile(name: String)

    /// The file that a variable `X_FILE` of another origin names.
    indirect case file(path: String, named: SettingOrigin)

    package var description: String {
        switch self {
        case .standard: "default"
        case .environment: "environment"
        case .environmentFile(let name): name
        case .file(let path, let origin): "\(path), named in \(origin)"
        }
    }
}

/// One thing that is wrong with the settings.
package enum SettingProblem: Error, Equatable, Sendable {
    /// The value is not what the setting takes; nil stands for a secret, which is not shown.
    case malformed(SettingName, value: String?, origin: SettingOrigin, expected: String)

    /// A setting that the program cannot do without.
    case missing(SettingName, why: String)

    /// `X` and `X_FILE` stand in the same place.
    case given(SettingName, twiceIn: SettingOrigin)

    /// The file that `X_FILE` names cannot be read.
    case unreadable(SettingName, path: String, reason: String)

    /// `.env` or `.env.local` is there and cannot be read.
    case unreadableFile(name: String, reason: String)

    /// A line of `.env` or `.env.local` that is neither a comment nor `NAME=value`.
    case malformedLine(file: String, line: Int)
}

extension SettingProblem: CustomStringConvertible {
    /// One line that names the variable, its meaning, the value and an example.
    package var description: String {
        switch self {
        case .malformed(let name, let value, let origin, let expected):
            let shown = value.map { "\"\($0)\"" } ?? "not shown here, as it is secret"
            return "\(introduction(name)): the value (\(shown), from \(origin)) is not "
                + "\(expected); \(example(name))"
        case .missing(let name, let why):
            return "\(introduction(name)) is not set: \(why); \(example(name))"
        case .given(let name, let origin):
            return "\(introduction(name)): both \(name.rawValue) and \(name.rawValue)_FILE are "
                + "set in \(origin); keep one of them"
        case .unreadable(let name, let path, let reason):
            return "\(introduction(name)): the file \(path) that \(name.rawValue)_FILE names "
                + "cannot be read (\(reason)); make it readable or name another"
        case .unreadableFile(let name, let reason):
            return "\(name) cannot be read (\(reason)); make it readable or remove it"
        case .malformedLine(let file, let line):
            return "\(file) line \(line) is neither a comment nor NAME=value; for example "
                + "RINGBACK_HTTP=127.0.0.1:9000"
        }
    }

    private func introduction(_ name: SettingName) -> String {
        "\(name.rawValue) (\(name.facts.meaning))"
    }

    private func example(_ name: SettingName) -> String {
        "for example \(name.rawValue)=\(name.facts.example)"
    }
}
