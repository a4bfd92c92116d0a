package import Ambient
package import Foundation
package import Logging
import Synchronization

/// The rules that are in use: one file, read again when it changes.
///
/// A file that breaks while it is in use is refused as a whole, with one line in the log, and the
/// rules that were in use stay.
package final class ActiveRules: Sendable {
    /// How often the file is looked at, at most.
    package static let checkInterval = Duration.seconds(5)

    private struct State {
        var rules: RuleSet
        var stamp: FileStamp?
        var checkedAt: Duration
    }

    private let file: URL
    private let ambient: Ambient
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - file: The rules.
    ///   - ambient: Tells when to look at the file again.
    ///   - logger: Told when the file changes or breaks.
    /// - Throws: `RulesFileError` when it cannot be used.
    package init(
        file: URL,
        ambient: Ambient,
        logger: Logger
    ) throws(RulesFileError) {
        self.file = file
        self.ambient = ambient
        self.logger = logger
        // The stamp first: a change between the two is found at the next look.
        let stamp = FileStamp(of: file)
        let rules = try RulesFile.load(file)
        state = Mutex(State(rules: rules, stamp: stamp, checkedAt: ambient.elapsed()))
    }

    /// The rules to judge by now.
    package func current() -> RuleSet {
        let now = ambient.elapsed()
        return state.withLock { state in
            guard now - state.checkedAt >= Self.checkInterval else { return state.rules }
            state.checkedAt = now
            let stamp = FileStamp(of: file)
            guard stamp != state.stamp else { return state.rules }
            state.stamp = stamp
            do throws(RulesFileError) {
                state.rules = try RulesFile.load(file)
                logger.notice(
                    "The rules file has changed and is in use now.",
                    metadata: ["version": "\(state.rules.version)"]
                )
            } catch {
                logger.error(
                    "The rules file has changed and is refused; the rules before it stay in use.",
                    metadata: ["problems": "\(error)"]
                )
            }
            return state.rules
        }
    }
}

/// What tells one state of a file from another without reading it.
private struct FileStamp: Equatable {
    var modified: Date
    var bytes: Int
    var number: Int

    /// Nil when there is no such file, or nobody may look at it.
    init?(of file: URL) {
        let path = file.path(percentEncoded: false)
        // Why the file cannot be looked at, the attempt to read it says.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return nil
        }
        modified = attributes[.modificationDate] as? Date ?? .distantPast
        bytes = (attributes[.size] as? NSNumber)?.intValue ?? 0
        number = (attributes[.systemFileNumber] as? NSNumber)?.intValue ?? 0
    }
}
