import Ambient
import ArgumentParser
import CallStore
import Conversion
import Foundation
import Hosting
import Reports
import Settings

/// `ringback labels`.
struct LabelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "What people say of calls: it goes before the rules, and measures them.",
        subcommands: [Sample.self, Next.self, Set.self, Unset.self, List.self]
    )

    struct Sample: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "sample",
            abstract: "Draw calls at random to be labelled, by what the rules say of them."
        )

        @Option(help: "The conversion type; may be left out when the rules decide one.")
        var type: String?

        @Option(help: "How many calls.")
        var size = 100

        @Option(help: "Calls that started at this time or later.")
        var from: String?

        @Option(help: "Calls that started before this time; now if left out.")
        var to: String?

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...LabelSampling.sizeMax).contains(size) else {
                throw ValidationError("--size takes 1 to \(LabelSampling.sizeMax).")
            }
        }

        func run(in session: Session) async throws {
            let now = Int64(session.ambient.now().timeIntervalSince1970)
            let start = try TimeOption.instant(from, "--from", session) ?? 0
            let end = try TimeOption.instant(to, "--to", session) ?? max(now, start) + 1
            guard start < end else {
                throw StartFailure(.wrongUse, "--from must be before --to")
            }
            try await session.withStore { store in
                let rules = try await RulesBook.find(nil, in: store, session)
                let type = try LabelType.find(type, of: rules)
                let sampling = LabelSampling(store: store, ambient: session.ambient)
                let sample = try await sampling.draw(
                    type: type,
                    rules: rules,
                    fromUnix: start,
                    toUnix: end,
                    size: size,
                    by: session.person
                )
                guard !sample.entries.isEmpty else {
                    throw StartFailure(.failed, "there is no call at its end in this range")
                }
                tell(sample, session.terminal)
            }
        }

        private func tell(_ sample: LabelSample, _ terminal: Terminal) {
            if output.json {
                terminal.show(
                    .fields(
                        ("id", .text(sample.id.text)),
                        ("type", .text(sample.type)),
                        ("version", .text(sample.ruleVersion)),
                        ("calls", .count(sample.entries.count))
                    )
                )
            } else {
                terminal.line(
                    "\(sample.id): \(sample.entries.count) calls to label for \(sample.type); "
                        + "`ringback labels next --type \(sample.type)` shows one after the other"
                )
            }
        }
    }

    struct Next: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "next",
            abstract: "Label the calls of the newest sample, one after the other.",
            discussion: """
                What the rules say is not shown. Keys: y is a conversion, n is none, u cannot be
                told, q ends; words after the key are a note. --json prints the next call alone.
                """
        )

        @Option(help: "The conversion type; may be left out when the rules decide one.")
        var type: String?

        @Option(help: "Who labels; the name you are signed in with if left out.")
        var person: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rules = try await RulesBook.find(nil, in: store, session)
                let type = try LabelType.find(type, of: rules)
                guard let sample = try await store.newestSample(ofType: type) else {
                    throw StartFailure(
                        .failed,
                        "no calls were drawn yet; `ringback labels sample --type \(type)` does that"
                    )
                }
                let queue = LabelQueue(
                    store: store,
                    sample: sample.id,
                    person: person ?? session.person,
                    zone: session.settings.timeZone
                )
                if output.json {
                    session.terminal.show(try await queue.json())
                } else {
                    try await queue.ask(session.terminal)
                }
            }
        }
    }

    struct Set: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Say by hand whether a call is a conversion; goes before every rule."
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Argument(help: "yes, no, or unknown for what cannot be told.")
        var label: String

        @Option(help: "The conversion type; may be left out when the rules decide one.")
        var type: String?

        @Option(help: "Why, for the others.")
        var note: String?

        @Option(help: "Who says so; the name you are signed in with if left out.")
        var person: String?

        @Flag(help: "It was said without looking at what the rules say.")
        var blind = false

        @Flag(help: "Only say what would be done.")
        var dryRun = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard Ternary(rawValue: label) != nil else {
                throw ValidationError("A label is yes, no or unknown.")
            }
        }

        func run(in session: Session) async throws {
            let value = Ternary(rawValue: label) ?? .unknown
            try await session.withStore { store in
                let rules = try await RulesBook.find(nil, in: store, session)
                let type = try LabelType.find(type, of: rules)
                let call = try await CallReference.find(id, in: store)
                let label = ManualLabel(
                    type: type,
                    label: value,
                    person: person ?? session.person,
                    note: note
                )
                let blind = blind
                if !dryRun {
                    try await store.write { writer in
                        try writer.label(call.id, label, isBlind: blind)
                    }
                }
                let conversation = call.record.identity.conversationID
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("dryRun", .bool(dryRun)),
                            ("conversation", .text(conversation)),
                            ("type", .text(type)),
                            ("label", .text(value.rawValue)),
                            ("by", .text(label.person))
                        )
                    )
                } else {
                    session.terminal.line(
                        "\(conversation) \(dryRun ? "would be" : "is") labelled \(value.rawValue) "
                            + "for \(type)"
                    )
                }
            }
        }
    }

    struct Unset: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "unset",
            abstract: "Take the labels of a call back; the rules decide again."
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Option(help: "The conversion type; may be left out when the rules decide one.")
        var type: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let rules = try await RulesBook.find(nil, in: store, session)
                let type = try LabelType.find(type, of: rules)
                let call = try await CallReference.find(id, in: store)
                let conversation = call.record.identity.conversationID
                if !consent.dryRun {
                    try session.terminal.confirm(
                        "forget what people said of \(conversation) for \(type)?",
                        isAgreed: consent.yes
                    )
                    let person = session.person
                    let isDone = try await store.write {
                        try $0.unlabel(call.id, type: type, by: person)
                    }
                    guard isDone else {
                        throw StartFailure(.failed, "\(conversation) has no label for \(type)")
                    }
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("dryRun", .bool(consent.dryRun)),
                            ("conversation", .text(conversation)),
                            ("type", .text(type))
                        )
                    )
                } else {
                    let would = consent.dryRun ? "would be" : "is"
                    session.terminal.line("\(conversation) \(would) given back to the rules")
                }
            }
        }
    }

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The labels that people gave."
        )

        @Option(help: "Only of this conversion type.")
        var type: String?

        @Option(help: "Most labels to show.")
        var limit = 100

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 100_000)
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let labels = try await store.labels(ofType: type, limit: limit)
                if output.json {
                    session.terminal.show(.list(labels.map(LabelText.json)))
                } else {
                    session.terminal.write(LabelText.table(labels).rendered(none: "No labels."))
                }
            }
        }
    }
}

/// Conversion types by name.
enum LabelType {
    static func find(_ text: String?, of rules: RuleSet) throws(StartFailure) -> String {
        if let text, rules.types.contains(text) { return text }
        let types = rules.types.joined(separator: ", ")
        if let text {
            throw StartFailure(.wrongUse, "the rules decide \(types), not \(text)")
        }
        guard let only = rules.types.first, rules.types.count == 1 else {
            throw StartFailure(.wrongUse, "say --type; the rules decide \(types)")
        }
        return only
    }
}
