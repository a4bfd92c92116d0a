import Ambient
import ArgumentParser
import CallJobs
import Foundation
import Hosting
import JobQueue
import Reports
import Scheduling
import Settings

extension ScheduleCommand {
    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The schedules: last and next firing, pauses, and what would be caught up."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let schedules = try ScheduleCommand.sound(session)
            try await session.withQueues { queues in
                var table = Table(
                    .init("NAME"),
                    .init("JOB"),
                    .init("LAST"),
                    .init("NEXT"),
                    .init("STATE"),
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
                        state.words,
                        arguments
                    )
                    list.append(
                        .fields(
                            ("name", .text(schedule.name.text)),
                            ("job", .text(schedule.kind)),
                            ("timeZone", .text(schedule.timeZone.identifier)),
                            ("last", .optional(state.last.map(TimeText.iso))),
                            ("next", .optional(state.next.map(TimeText.iso))),
                            ("pause", ScheduleCommand.json(state.pause)),
                            ("catchUp", ScheduleCommand.json(state.catchUp)),
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
            abstract: "The next firings in UTC and in the schedule's own zone."
        )

        @Argument(help: "The schedule; all of them if left out.")
        var name: String?

        @Option(help: "How many firings.")
        var count = 10

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...1000).contains(count) else {
                throw ValidationError("--count takes 1 to 1000.")
            }
        }

        func run(in session: Session) async throws {
            let all = try ScheduleCommand.sound(session)
            let chosen = all.filter { name == nil || $0.name.text == name }
            guard name == nil || !chosen.isEmpty else {
                throw StartFailure(.failed, ScheduleCommand.unknown(name ?? "", among: all))
            }
            let now = session.ambient.now()
            let firings = chosen.flatMap { schedule in
                schedule.firings(after: now, count: count).map { (schedule, $0) }
            }.sorted { ($0.1, $0.0.name) < ($1.1, $1.0.name) }.prefix(count)
            let states = await states(of: chosen, session, now: now)
            guard !output.json else {
                session.terminal.show(.list(firings.map { Self.json($0.0, $0.1, states) }))
                return
            }
            var table = Table(.init("UTC"), .init("LOCAL"), .init("ZONE"), .init("NAME"))
            for (schedule, at) in firings {
                table.add(
                    TimeText.iso(at),
                    TimeText.short(unix: Int64(at.timeIntervalSince1970), in: schedule.timeZone),
                    schedule.timeZone.identifier,
                    schedule.name.text
                )
            }
            session.terminal.write(table.rendered(none: "Nothing fires."))
            for schedule in chosen {
                guard let words = states[schedule.name]?.words, words != "fires" else { continue }
                session.terminal.line("\(schedule.name): \(words)")
            }
        }

        /// How the schedules stand; none while Redis cannot be reached, which the files do not need.
        private func states(
            of schedules: [Schedule],
            _ session: Session,
            now: Date
        ) async -> [ScheduleName: StatusReport.ScheduleState] {
            do {
                return try await session.withQueues { queues in
                    var states: [ScheduleName: StatusReport.ScheduleState] = [:]
                    for schedule in schedules {
                        states[schedule.name] = try await ScheduleBook.state(
                            of: schedule,
                            queues: queues,
                            now: now
                        )
                    }
                    return states
                }
            } catch {
                session.terminal.complain(
                    "Redis cannot be asked, so pauses and what would be caught up are not shown\n"
                )
                return [:]
            }
        }

        private static func json(
            _ schedule: Schedule,
            _ at: Date,
            _ states: [ScheduleName: StatusReport.ScheduleState]
        ) -> JSONValue {
            .fields(
                ("name", .text(schedule.name.text)),
                ("at", .text(TimeText.iso(at))),
                (
                    "local",
                    .text(at.formatted(Date.ISO8601FormatStyle(timeZone: schedule.timeZone)))
                ),
                ("timeZone", .text(schedule.timeZone.identifier)),
                ("pause", ScheduleCommand.json(states[schedule.name]?.pause)),
                ("catchUp", ScheduleCommand.json(states[schedule.name]?.catchUp))
            )
        }
    }

    struct History: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "history",
            abstract: "What became of a schedule's last instants, newest first."
        )

        @Argument(help: "The schedule.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (schedule, kind) = try ScheduleCommand.find(name, session)
            try await session.withQueues { queues in
                let notes = try await queues[kind].tickNotes(ofSchedule: schedule.name.text)
                if output.json {
                    session.terminal.show(.list(notes.map(Self.json)))
                    return
                }
                var table = Table(
                    .init("INSTANT"),
                    .init("TAKEN"),
                    .init("LATE BY", .right),
                    .init("OUTCOME")
                )
                for note in notes {
                    table.add(
                        TimeText.iso(milliseconds: note.instantMilliseconds),
                        TimeText.iso(milliseconds: note.atMilliseconds),
                        TimeText.duration(note.lateness),
                        note.outcome.rawValue
                    )
                }
                session.terminal.write(table.rendered(none: "It has not fired yet."))
            }
        }

        private static func json(_ note: TickNote) -> JSONValue {
            .fields(
                ("instant", .text(TimeText.iso(milliseconds: note.instantMilliseconds))),
                ("firedAt", .text(TimeText.iso(milliseconds: note.atMilliseconds))),
                ("lateSeconds", .number(note.lateness / .seconds(1))),
                ("outcome", .text(note.outcome.rawValue))
            )
        }
    }

    /// The schedules of the files.
    ///
    /// - Throws: `StartFailure` that says what is wrong, and what runs meanwhile.
    static func sound(_ session: Session) throws(StartFailure) -> [Schedule] {
        do throws(StartFailure) {
            return try ScheduleBook.load(session.settings)
        } catch {
            throw StartFailure(
                error.code,
                error.line + "\na scheduler that runs goes on with the schedules it read before"
            )
        }
    }

    static func json(_ pause: PauseState?) -> JSONValue {
        guard let pause else { return .null }
        return .fields(
            ("by", .text(pause.person)),
            ("reason", .text(pause.reason)),
            ("since", .text(TimeText.iso(milliseconds: pause.atMilliseconds)))
        )
    }

    static func json(_ plan: CatchUpPlan?) -> JSONValue {
        guard let plan else { return .null }
        return .fields(("missed", .count(plan.missed)), ("fires", .count(plan.fires)))
    }
}

extension StatusReport.ScheduleState {
    /// What keeps it, in words.
    var words: String {
        var parts: [String] = []
        if let pause {
            parts.append(
                "paused by \(pause.person) since \(TimeText.iso(milliseconds: pause.atMilliseconds))"
                    + (pause.reason.isEmpty ? "" : " (\(pause.reason))")
            )
        }
        if let catchUp {
            let missed = catchUp.missed == CatchUpPlan.missedMax ? "or more " : ""
            parts.append(
                "would catch up \(catchUp.fires) ticks of \(catchUp.missed) \(missed)missed"
            )
        }
        return parts.isEmpty ? "fires" : parts.joined(separator: "; ")
    }
}
