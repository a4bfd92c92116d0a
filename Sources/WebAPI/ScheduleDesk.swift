import CallJobs
import Foundation
import Scheduling

/// The schedules of the folder, as pages and programs see them.
struct ScheduleDesk {
    let parts: WebParts

    /// What stands in the files; what jobs they make is checked by the scheduler.
    func schedules() throws(ScheduleFileError) -> [Schedule] {
        try ScheduleFile.load(
            folder: URL(fileURLWithPath: parts.places.schedulesFolder),
            rules: ScheduleRules(
                defaultTimeZone: parts.places.timeZone,
                kinds: Set(JobKind.allCases.map(\.rawValue)),
                argumentProblem: { _, _ in nil }
            )
        )
    }

    /// When a job of a kind is made next, Unix seconds; nil where no schedule says so.
    func next(ofKind kind: JobKind, after now: Date) -> Int64? {
        do {
            return try schedules().filter { $0.kind == kind.rawValue }
                .compactMap { $0.firings(after: now, count: 1).first }
                .map { Int64($0.timeIntervalSince1970) }.min()
        } catch {
            // Whoever asks for the schedules is told why.
            return nil
        }
    }
}
