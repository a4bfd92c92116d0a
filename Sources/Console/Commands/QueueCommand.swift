import ArgumentParser
import CallJobs
import Hosting
import JobQueue
import Reports

/// `ringback queue`.
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Stop, start, empty and bound a queue.",
        subcommands: [Pause.self, Resume.self, Purge.self, Marks.self]
    )

    struct Pause: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Stop fetching; what runs goes on to its end."
        )

        @Argument(help: "The queue.")
        var name: JobKind

        @Option(help: "Why, for the others.")
        var reason = ""

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                try await queues[name].pause(by: session.person, reason: reason)
                await session.audit("queue.pause", "queue:\(name.rawValue)", reason: reason)
                if output.json {
                    session.terminal.show(
                        .fields(("queue", .text(name.rawValue)), ("paused", .bool(true)))
                    )
                } else {
                    session.terminal.line("\(name.rawValue) is paused")
                }
            }
        }
    }

    struct Resume: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Fetch again."
        )

        @Argument(help: "The queue.")
        var name: JobKind

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let pause = try await queues[name].resume(by: session.person)
                await session.audit("queue.resume", "queue:\(name.rawValue)")
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("queue", .text(name.rawValue)),
                            ("paused", .bool(false)),
                            ("wasPaused", .bool(pause != nil))
                        )
                    )
                } else if let pause {
                    let since = TimeText.iso(milliseconds: pause.atMilliseconds)
                    session.terminal.line(
                        "\(name.rawValue) goes on; \(pause.person) had paused it at \(since)"
                    )
                } else {
                    session.terminal.line("\(name.rawValue) was not paused")
                }
            }
        }
    }
}
