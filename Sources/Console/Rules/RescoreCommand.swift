import Ambient
import ArgumentParser
import CallStore
import Conversion
import Foundation
import Hosting
import Reports

/// `ringback rules rescore`.
struct RescoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescore",
        abstract: "Judge calls anew that were judged before.",
        subcommands: [Start.self, List.self, Show.self, Cancel.self, Resume.self]
    )

    struct Start: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract: "Say what judging anew would change, ask, and let the workers do it.",
            discussion: """
                Labels stay, and so do the calls of closed months unless --change-closed gives a
                reason. Nothing is sent to anybody: `rescore show` lists what changed.
                """
        )

        @Argument(help: "A version or its first digits, or a file; the rules in use if left out.")
        var rules: String?

        @Option(help: "Calls that started at this time or later: a day, RFC 3339, or 36h ago.")
        var from: String?

        @Option(help: "Calls that started before this time; now if left out.")
        var to: String?

        @Flag(help: "Every call.")
        var everything = false

        @Option(help: "Change closed months, too, for this reason.")
        var changeClosed: String?

        @Option(help: "Most changed calls to name.")
        var list = 20

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (from != nil) != everything else {
                throw ValidationError("Give --from, or say --everything.")
            }
            guard to == nil || !everything else {
                throw ValidationError("--to goes with --from.")
            }
            guard (0...100_000).contains(list) else {
                throw ValidationError("--list takes 0 to 100000.")
            }
            guard changeClosed?.isEmpty != true else {
                throw ValidationError("--change-closed takes a reason.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rules = try await RulesBook.find(rules, in: store, session)
                let order = try order(rules, session)
                let steering = RescoreSteering(store: store, ambient: session.ambient)
                let terminal = session.terminal
                let preview = try await steering.preview(order, by: rules, listed: list) { calls in
                    if calls.isMultiple(of: 10_000) { terminal.complain("\(calls) calls\n") }
                }
                if !output.json { terminal.write(RescoreText.text(preview)) }
                var id: RescoreID?
                if !consent.dryRun {
                    try terminal.confirm(
                        "judge \(preview.tally.lookedAt) calls anew by \(rules.version)?",
                        isAgreed: consent.yes
                    )
                    id = try await steering.start(order, by: rules)
                }
                if output.json {
                    terminal.show(RescoreText.json(preview, id: id))
                } else if let id {
                    terminal.line(
                        "started \(id), in lane low; `ringback rules rescore show \(id)` follows it"
                    )
                }
            }
        }

        private func order(_ rules: RuleSet, _ session: Session) throws -> RescoreOrder {
            let now = Int64(session.ambient.now().timeIntervalSince1970)
            let start = try TimeOption.instant(from, "--from", session) ?? 0
            let end = try TimeOption.instant(to, "--to", session) ?? max(now, start) + 1
            guard start < end else {
                throw StartFailure(.wrongUse, "--from must be before --to")
            }
            return RescoreOrder(
                version: rules.version,
                fromUnix: start,
                toUnix: end,
                closedReason: changeClosed,
                person: session.person
            )
        }
    }

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Judgings anew, the newest first."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rescores = try await store.rescores(limit: 100)
                if output.json {
                    session.terminal.show(.list(rescores.map(RescoreText.json)))
                } else {
                    session.terminal.write(
                        RescoreText.table(rescores).rendered(none: "Nothing was judged anew.")
                    )
                }
            }
        }
    }

    /// The id of one, as an argument.
    struct Named: ParsableArguments {
        @Argument(help: "Its id.")
        var id: String

        func find(in store: CallStore) async throws -> Rescore {
            guard let id = RescoreID(id), let rescore = try await store.rescore(id) else {
                throw StartFailure(
                    .failed,
                    "there is no \"\(self.id)\"; `ringback rules rescore list` shows them"
                )
            }
            return rescore
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "How far one is, and the adjustments that follow from it."
        )

        @OptionGroup var named: Named

        @Option(help: "Most changed calls to name.")
        var list = 1000

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (0...1_000_000).contains(list) else {
                throw ValidationError("--list takes 0 to 1000000.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rescore = try await named.find(in: store)
                let changes = try await store.changes(of: rescore.id, limit: list)
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("rescore", RescoreText.json(rescore)),
                            ("adjustments", .list(changes.map(RescoreText.json)))
                        )
                    )
                } else {
                    session.terminal.write(RescoreText.text(rescore))
                    session.terminal.write(
                        RescoreText.table(changes).rendered(none: "No conversion has changed.")
                    )
                }
            }
        }
    }

    struct Cancel: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "Stop one before its next batch; what it has changed stays."
        )

        @OptionGroup var named: Named
        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rescore = try await named.find(in: store)
                guard rescore.state == .running else {
                    throw StartFailure(
                        .failed,
                        "\(rescore.id) is \(rescore.state.rawValue) already"
                    )
                }
                if !consent.dryRun {
                    try session.terminal.confirm(
                        "stop \(rescore.id) after \(rescore.tally.lookedAt) of "
                            + "\(rescore.calls) calls?",
                        isAgreed: consent.yes
                    )
                    let steering = RescoreSteering(store: store, ambient: session.ambient)
                    guard try await steering.cancel(rescore.id, by: session.person) else {
                        throw StartFailure(.failed, "\(rescore.id) ended meanwhile")
                    }
                }
                RescoreText.tell(
                    rescore.id,
                    did: "cancelled",
                    dryRun: consent.dryRun,
                    json: output.json,
                    session.terminal
                )
            }
        }
    }

    struct Resume: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Let a cancelled one go on where it stopped."
        )

        @OptionGroup var named: Named
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rescore = try await named.find(in: store)
                let steering = RescoreSteering(store: store, ambient: session.ambient)
                guard try await steering.resume(rescore.id, by: session.person) else {
                    throw StartFailure(
                        .failed,
                        "\(rescore.id) is \(rescore.state.rawValue); only a cancelled one goes on"
                    )
                }
                RescoreText.tell(
                    rescore.id,
                    did: "resumed",
                    dryRun: false,
                    json: output.json,
                    session.terminal
                )
            }
        }
    }
}
