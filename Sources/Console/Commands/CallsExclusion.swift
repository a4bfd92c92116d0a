import ArgumentParser
import CallStore
import Hosting
import Reports

extension ExclusionReason: ExpressibleByArgument {}

extension CallsCommand {
    /// `ringback calls exclude`.
    struct Exclude: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "exclude",
            abstract: "Count calls apart, for they are tests or spam; nothing is deleted.",
            discussion: "`calls include` counts them again."
        )

        @Argument(help: "Conversation ids, or numbers of calls.")
        var ids: [String]

        @Option(help: "test, internal, spam or other.")
        var reason: ExclusionReason

        @Option(help: "Why, for the others.")
        var note: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (reason, note, person) = (reason, note, session.person)
            try await CallsCommand.change(ids, "excluded", consent, output, session) {
                try $0.exclude($1, for: reason, by: person, note: note)
            }
        }
    }

    /// `ringback calls include`.
    struct Include: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "include",
            abstract: "Count calls again that were excluded."
        )

        @Argument(help: "Conversation ids, or numbers of calls.")
        var ids: [String]

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let person = session.person
            try await CallsCommand.change(ids, "included", consent, output, session) {
                try $0.include($1, by: person)
            }
        }
    }

    /// Finds all calls before the first is changed, asks where there are many, changes them at once.
    static func change(
        _ ids: [String],
        _ what: String,
        _ consent: ConsentOptions,
        _ output: OutputOptions,
        _ session: Session,
        _ body: @escaping @Sendable (StoreWriter, CallID) throws -> Void
    ) async throws {
        try await session.withStore { store in
            var calls: [Call] = []
            for id in ids { calls.append(try await CallReference.find(id, in: store)) }
            if !consent.dryRun {
                if calls.count > 1 {
                    try session.terminal.confirm(
                        "\(calls.count) calls will be \(what); go on?",
                        isAgreed: consent.yes
                    )
                }
                let found = calls.map(\.id)
                try await store.write { writer in
                    for call in found { try body(writer, call) }
                }
            }
            let conversations = calls.map(\.record.identity.conversationID)
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        (what, .list(conversations.map { .text($0) }))
                    )
                )
            } else {
                let would = consent.dryRun ? "would be " : ""
                for conversation in conversations {
                    session.terminal.line("\(conversation) \(would)\(what)")
                }
            }
        }
    }
}
