import Ambient
import ArgumentParser
import CallJobs
import Foundation
import Hosting
import JobQueue
import Reports
import Scheduling
import Settings
import Traces

/// `ringback schedule`.
struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "What runs when.",
        subcommands: [
            List.self, Next.self, History.self, Run.self, Pause.self, Resume.self, Check.self,
        ]
    )

    struct Run: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "run",
            abstract: "Put a schedule's job into its queue now."
        )

        @Argument(help: "The schedule.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (schedule, kind) = try ScheduleCommand.find(name, session)
            let job = schedule.manualJob(
                id: session.ambient.newID(),
                trace: .ofNewJob(from: session.ambient)
            )
            let call = try EnqueueCallID(session.ambient.newID().uuidString.lowercased())
            try await session.withQueues { queues in
                var holder: JobID?
                if case .held(let id)? = try await queues[kind].enqueue([job], call: call).first {
                    holder = id
                }
                if holder == nil {
                    await session.audit("schedule.run", "schedule:\(schedule.name.text)")
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("queue", .text(kind.rawValue)),
                            ("queued", .bool(holder == nil)),
                            ("id", .optional(holder == nil ? job.id.text : nil)),
                            ("heldBy", .optional(holder?.text))
                        )
                    )
                } else if let holder {
                    session.terminal.line("not queued: \(holder) of this schedule is still open")
                } else {
                    session.terminal.line("queued \(job.id)")
                }
            }
        }
    }

    struct Check: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check the schedules files, without Redis."
        )

        @Argument(help: "The folder; the one of RINGBACK_SCHEDULES if left out.")
        var folder: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let schedules = try ScheduleBook.load(
                folder: folder ?? session.settings.schedulesFolder,
                settings: session.settings
            )
            if output.json {
                session.terminal.show(
                    .fields(("ok", .bool(true)), ("schedules", .count(schedules.count)))
                )
            } else {
                session.terminal.line("\(schedules.count) schedules, all sound")
            }
        }
    }

    /// A schedule of the files, and whose queue its jobs go into.
    static func find(_ name: String, _ session: Session) throws -> (Schedule, JobKind) {
        let all = try ScheduleBook.load(session.settings)
        guard let schedule = all.first(where: { $0.name.text == name }),
            let kind = JobKind(rawValue: schedule.kind)
        else { throw StartFailure(.failed, unknown(name, among: all)) }
        return (schedule, kind)
    }

    static func unknown(_ name: String, among schedules: [Schedule]) -> String {
        "there is no schedule \"\(name)\"; there are: "
            + schedules.map(\.name.text).joined(separator: ", ")
    }
}
