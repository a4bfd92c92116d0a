package import Foundation
package import Logging
import Metrics
import Synchronization

/// Takes up edits of the schedules files without a restart; a duty of the scheduler.
///
/// While a file is broken the schedules that were read last run on, and the log, a metric and
/// `problem` say so.
package final class ScheduleWatch: Sendable {
    /// Time between two looks at the files.
    package static let interval = Duration.seconds(5)

    /// What tells one state of a file from another without reading it.
    private struct Stamp: Equatable {
        var name: String
        var size: Int64
        var inode: UInt64
        var mode: Int
        var modified: Date
    }

    private struct State {
        var stamps: [Stamp]
        var problem: ScheduleFileError?
    }

    private let folder: URL
    private let rules: ScheduleRules
    private let logger: Logger
    private let state: Mutex<State>

    /// What the files said when they were sound last.
    package let timetable: Timetable

    /// Reads the files for the first time.
    ///
    /// - Throws: `ScheduleFileError` when one is broken: a program does not start on half of its
    ///   schedules; `SchedulerError.duplicate`.
    package init(folder: URL, rules: ScheduleRules, logger: Logger) throws {
        // The stamps first: an edit in between is seen with the next look.
        state = Mutex(State(stamps: Self.stamps(of: folder), problem: nil))
        timetable = try Timetable(try ScheduleFile.load(folder: folder, rules: rules))
        self.folder = folder
        self.rules = rules
        self.logger = logger
    }

    /// What is wrong with the files now; nil when the timetable is what they say.
    package var problem: ScheduleFileError? { state.withLock { $0.problem } }

    /// Looks at the files once, and reads them when one has changed.
    package func look() {
        let stamps = Self.stamps(of: folder)
        let isUnchanged = state.withLock { state in
            defer { state.stamps = stamps }
            return state.stamps == stamps
        }
        if !isUnchanged { read() }
        Gauge(label: "ringback_schedule_files_broken").record(problem == nil ? 0 : 1)
    }

    private func read() {
        do {
            let hasChanged = try timetable.replace(
                with: try ScheduleFile.load(folder: folder, rules: rules)
            )
            let wasBroken = state.withLock { state in
                defer { state.problem = nil }
                return state.problem != nil
            }
            guard hasChanged || wasBroken else { return }
            logger.notice(
                "Schedules have changed and are taken up",
                metadata: ["schedules": "\(timetable.schedules.count)"]
            )
        } catch let error as ScheduleFileError {
            note(error)
        } catch {
            note(
                ScheduleFileError(problems: [
                    ScheduleProblem(
                        file: folder.relativePath,
                        line: nil,
                        field: nil,
                        message: "\(error)"
                    )
                ])
            )
        }
    }

    private func note(_ problem: ScheduleFileError) {
        state.withLock { $0.problem = problem }
        logger.error(
            "Schedules files are broken; the schedules that were read before run on",
            metadata: ["problem": "\(problem)"]
        )
    }

    private static func stamps(of folder: URL) -> [Stamp] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            // Reading the folder says what is wrong with it.
            return []
        }
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { name in
            // An edit of what a link leads to is one, too; so is another target.
            let path = folder.appendingPathComponent(name).resolvingSymlinksInPath().path
            do {
                let facts = try FileManager.default.attributesOfItem(atPath: path)
                return Stamp(
                    name: name,
                    size: (facts[.size] as? NSNumber)?.int64Value ?? -1,
                    inode: (facts[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0,
                    // A file that could not be read may be readable now.
                    mode: (facts[.posixPermissions] as? NSNumber)?.intValue ?? 0,
                    modified: facts[.modificationDate] as? Date ?? .distantPast
                )
            } catch {
                return Stamp(name: name, size: -1, inode: 0, mode: 0, modified: .distantPast)
            }
        }
    }
}
