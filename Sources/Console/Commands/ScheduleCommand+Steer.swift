import ArgumentParser
import CallJobs
import Hosting
import JobQueue
import Reports
import Scheduling

extension ScheduleCommand {
    struct Pause: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Let a schedule's instants pass without a job, for all schedulers."
        )

        @Argument(help: "The schedule.")
        var name: String

        @Option(help: "Why, for the others.")
        var reason = ""

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (schedule, kind) = try ScheduleCommand.find(name, session)
            try await session.withQueues { queues in
                try await queues[kind].pauseSchedule(
                    schedule.name.text,
                    by: session.person,
                    reason: reason
                )
                await session.audit(
                    "schedule.pause",
                    "schedule:\(schedule.name.text)",
                    reason: reason
                )
                if output.json {
                    session.terminal.show(
                        .fields(("name", .text(schedule.name.text)), ("paused", .bool(true)))
                    )
                } else {
                    session.terminal.line(
                        "\(schedule.name) is paused; its instants pass until it is resumed"
                    )
                }
            }
        }
    }

    struct Resume: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Let a schedule fire again, from its next instant on."
        )

        @Argument(help: "The schedule.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (schedule, kind) = try ScheduleCommand.find(name, session)
            try await session.withQueues { queues in
                let pause = try await queues[kind].resumeSchedule(schedule.name.text)
                await session.audit("schedule.resume", "schedule:\(schedule.name.text)")
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("name", .text(schedule.name.text)),
                            ("paused", .bool(false)),
                            ("wasPaused", .bool(pause != nil))
                        )
                    )
                } else if let pause {
                    let since = TimeText.iso(milliseconds: pause.atMilliseconds)
                    session.terminal.line(
                        "\(schedule.name) fires again; \(pause.person) had paused it at \(since)"
                    )
                } else {
                    session.terminal.line("\(schedule.name) was not paused")
                }
            }
        }
    }
}
