import ArgumentParser
import CallStore
import Hosting
import PhoneNumbers
import Reports
import Settings

/// `ringback rules callers`.
struct CallersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callers",
        abstract: "Lists of callers that rules can ask for; kept as keys, never as numbers.",
        subcommands: [List.self, Add.self, Remove.self]
    )

    /// Numbers of one command.
    static let numbersMax = 1000

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The lists, and how many callers are on each."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let lists = try await store.callerLists()
                if output.json {
                    session.terminal.show(
                        .list(
                            lists.map {
                                .fields(("list", .text($0.name)), ("callers", .count($0.callers)))
                            }
                        )
                    )
                    return
                }
                var table = Table(.init("LIST"), .init("CALLERS", .right))
                for list in lists { table.add(list.name, "\(list.callers)") }
                session.terminal.write(table.rendered(none: "No lists."))
            }
        }
    }

    /// A list and numbers, as arguments.
    struct Numbers: ParsableArguments {
        @Argument(help: "The list's name.")
        var list: String

        @Argument(help: "Telephone numbers.")
        var numbers: [String]

        func validate() throws {
            guard list.wholeMatch(of: /[A-Za-z0-9_.\-]{1,100}/) != nil else {
                throw ValidationError("A list's name has letters, digits, _, - and .")
            }
            guard list != InternalNumber.callerList else {
                throw ValidationError(
                    "Calls of internal numbers are excluded, so these are added and removed on "
                        + "the dashboard, under Settings, or by /api/v1/internal-numbers."
                )
            }
            guard (1...CallersCommand.numbersMax).contains(numbers.count) else {
                throw ValidationError("Give 1 to \(CallersCommand.numbersMax) numbers.")
            }
        }

        /// All of them, or none: a typing error must not leave half a list.
        func read(_ session: Session) throws -> [PartyNumber] {
            let normalizer = NumberNormalizer()
            let region = Region(session.settings.region)
            return try numbers.enumerated().map { index, text in
                let reading = normalizer.read(text, region: region)
                guard reading.e164 != nil else {
                    throw StartFailure(
                        .failed,
                        "number \(index + 1) is no valid telephone number; nothing was changed"
                    )
                }
                return PartyNumber(reading, normaliserVersion: normalizer.version)
            }
        }
    }

    struct Add: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Put callers on a list."
        )

        @OptionGroup var entry: Numbers
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let numbers = try entry.read(session)
            let list = entry.list
            try await session.withStore { store in
                let added = try await store.write { try $0.add(numbers, toCallerList: list) }
                CallersCommand.tell(list, "added", added, output, session.terminal)
            }
        }
    }

    struct Remove: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Take callers off a list."
        )

        @OptionGroup var entry: Numbers
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let numbers = try entry.read(session)
            let list = entry.list
            try await session.withStore { store in
                let removed = try await store.write {
                    try $0.remove(numbers, fromCallerList: list)
                }
                CallersCommand.tell(list, "removed", removed, output, session.terminal)
            }
        }
    }

    private static func tell(
        _ list: String,
        _ what: String,
        _ count: Int,
        _ output: OutputOptions,
        _ terminal: Terminal
    ) {
        if output.json {
            terminal.show(.fields(("list", .text(list)), (what, .count(count))))
        } else {
            terminal.line("\(list): \(count) \(what)")
        }
    }
}
