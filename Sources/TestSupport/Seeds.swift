import Foundation

/// The seeds that a property test or a simulation runs with.
package enum Seeds {
    /// The variable that narrows a run to one seed, to replay a failure.
    package static let variable = "RINGBACK_TEST_SEED"

    /// The seeds `1...count`, or the one that the environment asks for.
    package static func first(_ count: Int) -> [UInt64] {
        if let text = ProcessInfo.processInfo.environment[variable], let seed = UInt64(text) {
            return [seed]
        }
        return (1...UInt64(count)).map { $0 }
    }

    /// What to type to run one seed of one test again; print it with every failure.
    package static func replay(_ seed: UInt64, filter: String) -> String {
        "replay: \(variable)=\(seed) swift test --filter '\(filter)'"
    }
}
