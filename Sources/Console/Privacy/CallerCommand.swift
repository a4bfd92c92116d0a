import Ambient
import ArgumentParser
import CallStore
import Foundation
import Hosting
import PhoneNumbers
import Reports
import Settings
import Upkeep

/// `ringback caller`.
struct CallerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caller",
        abstract: "One caller: what is known, a copy for that person, and erasure.",
        subcommands: [
            Show.self, Export.self, Erase.self, Erasures.self,
        ]
    )

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "What is known of a caller, without the words."
        )

        @Argument(help: CallerNumber.help)
        var number: String

        @OptionGroup var reveal: RevealOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let identity = try CallerNumber.read(number, session)
            try await session.withStore { store in
                let caller = try await store.caller(identity)
                try await reveal.note(
                    "caller.show",
                    caller.object,
                    keyID: caller.keyID,
                    session,
                    store
                )
                let calls = try await store.calls(of: identity, after: nil, limit: 100)
                let view = CallerView(
                    identity: identity,
                    caller: caller,
                    calls: calls,
                    variants: try await CallerNumber.variants(of: identity, in: store),
                    isRevealed: reveal.isOn
                )
                if output.json {
                    session.terminal.show(view.json)
                } else {
                    session.terminal.write(view.text(zone: session.settings.timeZone))
                }
            }
        }
    }

    struct Export: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write all data of a caller into a ZIP file, to be given to that person."
        )

        @Argument(help: CallerNumber.help)
        var number: String

        @Option(name: .long, help: "The file to write; it must not exist.")
        var to: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let identity = try CallerNumber.read(number, session)
            guard !CallerNumber.occurs(identity, in: to) else {
                throw StartFailure(.wrongUse, "--to must not name the caller")
            }
            try await session.withStore { store in
                let caller = try await store.caller(identity)
                guard caller.calls > 0 || !caller.recipients.isEmpty else {
                    throw StartFailure(.failed, "nothing is known of this caller")
                }
                // Before the file is there: who has it is to be told of a later erasure.
                let person = session.person
                try await store.write { writer in
                    try writer.audit(
                        AuditNote(
                            actor: person,
                            action: "caller.export",
                            object: caller.object,
                            keyID: caller.keyID,
                            after: ["calls": .integer(Int64(caller.calls))]
                        )
                    )
                }
                let calls = try await CallerArchive(store: store).write(
                    identity,
                    to: to,
                    at: session.ambient.now()
                )
                if output.json {
                    session.terminal.show(
                        .fields(("file", .text(to)), ("calls", .count(calls)))
                    )
                } else {
                    session.terminal.line("wrote \(calls) calls to \(to)")
                }
            }
        }
    }

    struct Erase: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "erase",
            abstract: "Erase a caller: here, in the queues, in the export files, and upstream.",
            discussion: """
                Figures stay: the calls keep day, agent, duration, outcome and campaign. What was \
                begun and interrupted is finished by the upkeep worker, or by saying it again.
                """
        )

        @Argument(help: CallerNumber.help)
        var number: String

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let identity = try CallerNumber.read(number, session)
            try await session.withStore { store in
                let caller = try await store.caller(identity)
                let variants = try await CallerNumber.variants(of: identity, in: store)
                if consent.dryRun {
                    return tellPlan(identity, caller, variants, session)
                }
                let shown = identity.masked
                try session.terminal.confirm(
                    "erase \(caller.calls) calls and \(caller.recipients.count) recipients of "
                        + "\(shown) for good?",
                    isAgreed: consent.yes
                )
                let done = try await session.withQueues { queues in
                    let eraser = Eraser(
                        store: store,
                        exportsFolder: session.settings.exportsFolder,
                        jobs: JobCopies(queues: queues.all) {
                            try await queues.rewriteFiles(for: session.host)
                        },
                        ambient: session.ambient
                    )
                    let id = try await eraser.begin(identity, by: session.person)
                    return try await eraser.run(id) { erasure in
                        guard !output.json, erasure.step != .done else { return }
                        session.terminal.line(erasure.step.words)
                    }
                }
                if output.json {
                    session.terminal.show(done.json)
                } else {
                    session.terminal.write(ErasureText.report(done, variants: variants))
                }
            }
        }

        private func tellPlan(
            _ identity: CallerIdentity,
            _ caller: CallerOverview,
            _ variants: [CallerVariant],
            _ session: Session
        ) {
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(true)),
                        ("caller", .text(identity.masked)),
                        ("calls", .count(caller.calls)),
                        ("recipients", .count(caller.recipients.count)),
                        ("variants", .list(variants.map(\.json)))
                    )
                )
                return
            }
            session.terminal.line(
                "would erase \(caller.calls) calls and \(caller.recipients.count) recipients of "
                    + identity.masked
            )
            for variant in variants { session.terminal.line(variant.line) }
        }
    }

    struct Erasures: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "erasures",
            abstract: "Erasures and what each of them removed, the newest first."
        )

        @Option(help: "Most erasures to show.")
        var limit = 50

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 10_000)
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let erasures = try await store.erasures(limit: limit)
                if output.json {
                    session.terminal.show(.list(erasures.map(\.json)))
                } else {
                    session.terminal.write(
                        ErasureText.table(erasures).rendered(none: "No erasures.")
                    )
                }
            }
        }
    }
}

/// Shows phone numbers whole, and says in the audit log that they were.
package struct RevealOptions: ParsableArguments {
    @Flag(
        name: [.customLong("reveal"), .customLong("show-numbers")],
        help: "Show phone numbers whole; the audit log says that you did."
    )
    package var isOn = false

    package init() {}

    /// Notes that numbers are shown, before they are.
    func note(
        _ action: String,
        _ object: String,
        keyID: String? = nil,
        _ session: Session,
        _ store: CallStore
    ) async throws {
        guard isOn else { return }
        let note = AuditNote(
            actor: session.person,
            action: "reveal",
            object: object,
            keyID: keyID,
            after: ["command": .text(action)]
        )
        try await store.write { try $0.audit(note) }
    }
}
