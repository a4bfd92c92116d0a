import ArgumentParser
import CallStore
import Conversion
import Hosting
import Reports
import Settings

extension RulesCommand {
    struct Activate: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "activate",
            abstract: "Make a version the one that counts, for calls from now on.",
            discussion: """
                Calls that were judged before keep their version until `ringback rules rescore`
                gives them to another. Going back is activating the version before.
                """
        )

        @Argument(help: "A version or its first digits, or a file.")
        var rules: String?

        @Flag(help: "Follow the rules file again, whatever it says.")
        var followFile = false

        @Option(help: "Why, for the others.")
        var note: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (rules != nil) != followFile else {
                throw ValidationError("Name a version or a file, or say --follow-file.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let old = try await RulesBook.find(nil, in: store, session)
                let new =
                    followFile
                    ? try RulesBook.load(session.settings.rulesFile)
                    : try await RulesBook.find(rules, in: store, session)
                let bench = try RulesBook.bench(store, session)
                let warnings = try await bench.warnings(promoting: new, over: old)
                if !output.json {
                    session.terminal.write(
                        RulesOutput.text(RuleDifference.between(old, new), from: old, to: new)
                    )
                    for warning in warnings { session.terminal.line("warning: \(warning)") }
                }
                if !consent.dryRun {
                    if !warnings.isEmpty {
                        try session.terminal.confirm(
                            "the labels that were held back speak against it; go on?",
                            isAgreed: consent.yes
                        )
                    }
                    let (person, note, follows) = (session.person, note, followFile)
                    try await store.write { writer in
                        try writer.keep(new.stored)
                        let version = follows ? nil : new.version
                        try writer.point(.active, to: version, by: person, note: note)
                    }
                }
                tell(new, warnings, session.terminal)
            }
        }

        private func tell(_ new: RuleSet, _ warnings: [String], _ terminal: Terminal) {
            if output.json {
                terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("version", .text(new.version)),
                        ("followsFile", .bool(followFile)),
                        ("warnings", .list(warnings.map { .text($0) }))
                    )
                )
                return
            }
            terminal.line(
                "\(new.version) \(consent.dryRun ? "would be" : "is") in use for calls from now on; "
                    + "`ringback rules rescore start` gives it earlier calls"
            )
        }
    }

    struct Shadow: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "shadow",
            abstract: "Let a version judge new calls beside the one in use, without counting."
        )

        @Argument(help: "A version or its first digits, a file, or none.")
        var rules: String

        @Option(help: "Why, for the others.")
        var note: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let set =
                    rules == "none" ? nil : try await RulesBook.find(rules, in: store, session)
                let (person, note) = (session.person, note)
                try await store.write { writer in
                    if let set { try writer.keep(set.stored) }
                    try writer.point(.shadow, to: set?.version, by: person, note: note)
                }
                if output.json {
                    session.terminal.show(.fields(("shadow", .optional(set?.version))))
                } else {
                    session.terminal.line(
                        set.map { "\($0.version) runs beside the rules in use and does not count" }
                            ?? "no version runs beside the rules in use"
                    )
                }
            }
        }
    }
}
