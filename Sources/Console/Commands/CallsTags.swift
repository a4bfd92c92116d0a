import ArgumentParser
import CallStore
import Hosting
import Reports

extension CallTag: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension CallsCommand {
    /// `ringback calls tag`.
    struct Tag: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "tag",
            abstract: "Put a tag on calls.",
            discussion: "test, internal and spam count a call apart, as `calls exclude` does."
        )

        @Argument(help: "The tag: letters, digits, - _ . : or /.")
        var tag: CallTag

        @Argument(help: "Conversation ids, or numbers of calls.")
        var ids: [String]

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (tag, person) = (tag, session.person)
            try await CallsCommand.change(ids, "tagged", consent, output, session) {
                try $0.tag($1, tag, by: person)
            }
        }
    }

    /// `ringback calls untag`.
    struct Untag: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "untag",
            abstract: "Take a tag from calls."
        )

        @Argument(help: "The tag.")
        var tag: CallTag

        @Argument(help: "Conversation ids, or numbers of calls.")
        var ids: [String]

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (tag, person) = (tag, session.person)
            try await CallsCommand.change(ids, "untagged", consent, output, session) {
                try $0.untag($1, tag, by: person)
            }
        }
    }
}
