/// Why the arguments of a job cannot be used; repeating does not help.
package enum ArgumentsError: Error, Equatable, Sendable {
    /// The payload is no JSON object.
    case notAnObject(reason: String)

    /// The arguments were written by a newer program.
    case unknownVersion(found: Int64, known: Int64)

    /// A field has a value that cannot be used.
    case malformed(field: String, expected: String)

    /// A field that has to be there is not.
    case missing(field: String)

    /// A field that nobody knows: most likely a misspelling.
    case unknown(field: String)

    /// Two fields that exclude each other, or none of several of which one is needed.
    case ambiguous(expected: String)

    /// One line for `dead` and for the terminal.
    package var line: String {
        switch self {
        case .notAnObject(let reason): "the arguments are no JSON object: \(reason)"
        case .unknownVersion(let found, let known):
            "the arguments have version \(found), this program knows up to \(known)"
        case .malformed(let field, let expected): "argument \(field): expected \(expected)"
        case .missing(let field): "argument \(field) is missing"
        case .unknown(let field): "argument \(field) is not known"
        case .ambiguous(let expected): "arguments: expected \(expected)"
        }
    }
}
