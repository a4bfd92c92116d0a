import Ambient
import ArgumentParser
import Attribution
import CallStore
import Foundation
import Hosting
import Reports
import Settings

/// `ringback months`.
struct MonthsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "months",
        abstract: "Months whose credits no rule changes any more.",
        subcommands: [List.self, Close.self, Open.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The closed months."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let months = try await session.withStore { try await $0.closedMonths() }
            if output.json {
                session.terminal.show(
                    .list(
                        months.map {
                            .fields(
                                ("month", .text($0.month)),
                                ("from", .text(TimeText.iso(unix: $0.fromUnix))),
                                ("to", .text(TimeText.iso(unix: $0.toUnix))),
                                ("timeZone", .text($0.timeZone)),
                                ("by", .text($0.person)),
                                (
                                    "closed",
                                    .text(TimeText.iso(milliseconds: $0.closedMilliseconds))
                                ),
                                ("note", .optional($0.note))
                            )
                        }
                    )
                )
                return
            }
            var table = Table(.init("MONTH"), .init("ZONE"), .init("CLOSED"), .init("BY"))
            for month in months {
                table.add(
                    month.month,
                    month.timeZone,
                    TimeText.iso(milliseconds: month.closedMilliseconds),
                    month.person
                )
            }
            session.terminal.write(table.rendered(none: "No month is closed."))
        }
    }

    struct Close: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "close",
            abstract: "Close a month: what its calls are credited to stands."
        )

        @Argument(help: "The month, such as 2026-05.")
        var month: String

        @Option(help: "Why, for the others.")
        var note: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let desk = AttributionDesk(store: store, timeZone: session.settings.timeZone)
                guard let bounds = desk.month(month) else {
                    throw StartFailure(.wrongUse, "\"\(month)\" is no month such as 2026-05")
                }
                let figures = try await store.monthFigures(
                    fromUnix: bounds.fromUnix,
                    toUnix: bounds.toUnix
                )
                var isNew = false
                if !consent.dryRun {
                    try session.terminal.confirm(
                        "\(figures.calls) calls, \(figures.attributed) of them credited, "
                            + "\(figures.undecided) not decided yet; close \(month)?",
                        isAgreed: consent.yes
                    )
                    isNew = try await desk.close(
                        month: month,
                        by: session.person,
                        note: note,
                        nowUnix: Int64(session.ambient.now().timeIntervalSince1970)
                    )
                }
                tell(figures, isNew: isNew, session.terminal)
            }
        }

        private func tell(_ figures: MonthFigures, isNew: Bool, _ terminal: Terminal) {
            if output.json {
                terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("month", .text(month)),
                        ("closed", .bool(isNew)),
                        ("calls", .count(figures.calls)),
                        ("attributed", .count(figures.attributed)),
                        ("undecided", .count(figures.undecided))
                    )
                )
                return
            }
            let what =
                consent.dryRun ? "would be closed" : isNew ? "closed" : "was closed already"
            terminal.line(
                "\(month) \(what): \(figures.calls) calls, \(figures.attributed) credited, "
                    + "\(figures.undecided) not decided"
            )
        }
    }

    struct Open: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "open",
            abstract: "Open a closed month again; its calls are decided anew."
        )

        @Argument(help: "The month, such as 2026-05.")
        var month: String

        @Option(help: "Why; kept with the month.")
        var reason: String

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard !reason.isEmpty else { throw ValidationError("--reason is empty.") }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let isClosed = try await store.closedMonths().contains { $0.month == month }
                var isOpened = false
                if !consent.dryRun, isClosed {
                    try session.terminal.confirm(
                        "the calls of \(month) are decided anew; open it?",
                        isAgreed: consent.yes
                    )
                    isOpened = try await AttributionDesk(
                        store: store,
                        timeZone: session.settings.timeZone
                    ).open(month: month, by: session.person, reason: reason)
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("dryRun", .bool(consent.dryRun)),
                            ("month", .text(month)),
                            ("wasClosed", .bool(isClosed)),
                            ("opened", .bool(isOpened))
                        )
                    )
                } else {
                    let what =
                        !isClosed
                        ? "is not closed" : isOpened ? "is open again" : "would be opened again"
                    session.terminal.line("\(month) \(what)")
                }
            }
        }
    }
}
