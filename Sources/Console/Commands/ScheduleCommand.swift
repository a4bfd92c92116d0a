import Ambient
import ArgumentParser
import CallJobs
import Foundation
import Hosting
import JobQueue
import Scheduling
import Settings
import Traces

/// `ringback schedule`.
struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "What runs when.",
        subcommands: [List.self, Next.self, Run.self, Check.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The schedules, when each fired last and fires next."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let schedules = try ScheduleBook.load(session.settings)
            try await session.withQueues { queues in
                var table = Table(
                    .init("NAME"),
                    .init("JOB"),
                    .init("LAST"),
                    .init("NEXT"),
                    .init("ARGUMENTS")
                )
                var list: [JSONValue] = []
                let now = session.ambient.now()
                for schedule in schedules {
                    let state = try await ScheduleBook.state(
                        of: schedule,
                        queues: queues,
                        now: now
                    )
                    let arguments = String(decoding: schedule.payload, as: UTF8.self)
                    table.add(
                        schedule.name.text,
                        schedule.kind,
                        state.last.map(TimeText.iso) ?? "-",
                        state.next.map(TimeText.iso) ?? "never",
                        arguments
                    )
                    list.append(
                        .fields(
                            ("name", .text(schedule.name.text)),
                            ("job", .text(schedule.kind)),
                            ("timeZone", .text(schedule.timeZone.identifier)),
                            ("last", .optional(state.last.map(TimeText.iso))),
                            ("next", .optional(state.next.map(TimeText.iso))),
                            ("arguments", .text(arguments))
                        )
                    )
                }
                if output.json {
                    session.terminal.show(.list(list))
                } else {
                    session.terminal.write(table.rendered(none: "No schedules."))
                }
            }
        }
    }

    struct Next: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "next",
            abstract: "The next firings, without Redis."
        )

        @Argument(help: "The schedule; all of them if left out.")
        var name: String?

        @Option(help: "How many firings.")
        var count = 5

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...1000).contains(count) else {
                throw ValidationError("--count takes 1 to 1000.")
            }
        }

        func run(in session: Session) async throws {
            let all = try ScheduleBook.load(session.settings)
            let chosen = all.filter { name == nil || $0.name.text == name }
            guard name == nil || !chosen.isEmpty else {
                throw StartFailure(.failed, ScheduleCommand.unknown(name ?? "", among: all))
            }
            let now = session.ambient.now()
            let firings = chosen.flatMap { schedule in
                schedule.firings(after: now, count: count).map { (schedule.name.text, $0) }
            }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(count)
            if output.json {
                session.terminal.show(
                    .list(
                        firings.map {
                            .fields(("name", .text($0.0)), ("at", .text(TimeText.iso($0.1))))
                        }
                    )
                )
            } else {
                var table = Table(.init("AT"), .init("NAME"))
                for (name, at) in firings { table.add(TimeText.iso(at), name) }
                session.terminal.write(table.rendered(none: "Nothing fires."))
            }
        }
    }

    struct Run: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "run",
            abstract: "Put a schedule's job into its queue now."
        )

        @Argument(help: "The schedule.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let all = try ScheduleBook.load(session.settings)
            guard let schedule = all.first(where: { $0.name.text == name }),
                let kind = JobKind(rawValue: schedule.kind)
            else { throw StartFailure(.failed, ScheduleCommand.unknown(name, among: all)) }
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

    static func unknown(_ name: String, among schedules: [Schedule]) -> String {
        "there is no schedule \"\(name)\"; there are: "
            + schedules.map(\.name.text).joined(separator: ", ")
    }
}
