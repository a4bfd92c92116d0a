import Foundation

/// The seeds that a property test or a simulation runs with.
package enum Seeds {
    /// The variable that narrows a run to one seed, to replay a failure, or names a range of others.
    package static let variable = "RINGBACK_TEST_SEED"

    /// Most seeds of one range.
    private static let rangeMax: UInt64 = 1_000_000

    /// The seeds `1...count`, or those that the environment asks for: `7`, or `1001-3000`.
    ///
    /// A text that is neither ends the run: it would otherwise pass for other seeds than were meant.
    package static func first(_ count: Int) -> [UInt64] {
        guard let text = ProcessInfo.processInfo.environment[variable] else {
            return (1...UInt64(count)).map { $0 }
        }
        guard let seeds = seeds(text) else {
            preconditionFailure("\(variable)=\(text) is neither a seed nor a range as 1001-3000.")
        }
        return seeds
    }

    /// The seeds that a text names; nil when it is neither a number nor a range of them.
    package static func seeds(_ text: String) -> [UInt64]? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard let first = bounds.first, let from = first, let last = bounds.last, let to = last,
            bounds.count <= 2, from <= to, to - from < rangeMax
        else { return nil }
        return (from...to).map { $0 }
    }

    /// What to type to run one seed of one test again; print it with every failure.
    package static func replay(_ seed: UInt64, filter: String) -> String {
        "replay: \(variable)=\(seed) swift test --filter '\(filter)'"
    }
}
