package import JobWorker

extension HandlerResult {
    /// What becomes of a job whose arguments cannot be read.
    ///
    /// Those of a newer program wait for a worker that knows them; the others never become better.
    package static func unreadable(_ error: ArgumentsError) -> Self {
        if case .unknownVersion = error { return .unknown(reason: error.line) }
        return .dead(reason: error.line)
    }
}
