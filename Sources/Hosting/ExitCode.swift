/// How a program of Ringback ends.
package enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1

    /// Wrong use: an option, an argument or a setting that is not understood.
    case wrongUse = 2

    /// Redis or the result store cannot be reached.
    case unreachable = 3

    /// A handler did not end although it was cancelled; whoever started the worker starts it anew.
    case stuck = 4

    /// What started it is gone, and it could not stop in time.
    case abandoned = 5
}

/// Why a program cannot start or go on: one line that says what to do.
package struct StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let code: ExitCode

    /// What is wrong and what to do about it; no secret, no line break but between problems.
    package let line: String

    package init(_ code: ExitCode, _ line: String) {
        self.code = code
        self.line = line
    }

    package var description: String { line }
}
