import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports
import Settings

/// `ringback keys`.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "The secrets behind caller keys, and their rotation.",
        subcommands: [List.self, Rotate.self, Forget.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Which secrets there are, and how many rows need each of them."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let ring = try session.host.phoneKeys().present
            let rows = try await session.withStore { store in
                KeyRow.rows(ring, uses: try await store.phoneKeyUses())
            }
            if output.json {
                session.terminal.show(.list(rows.map(\.json)))
            } else {
                session.terminal.write(KeyRow.table(rows).rendered())
            }
        }
    }

    struct Rotate: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Put a new secret in force and give all rows its caller keys.",
            discussion: """
                Every process takes the new secret up with its next transaction. The earlier one \
                is kept until nothing needs it; then `ringback keys forget` removes it. With \
                RINGBACK_PHONE_KEY set, set a new one and the old one as \
                RINGBACK_PHONE_KEY_PREVIOUS, start all programs anew, and say this then: it only \
                begins to change the rows.
                """
        )

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let before = try session.host.phoneKey().id
            if !consent.dryRun, session.settings.phoneKey == nil {
                try session.terminal.confirm(
                    "put a new secret in force and keep \(before) until nothing needs it?",
                    isAgreed: consent.yes
                )
                do {
                    _ = try session.settings.phoneKeyFile.rotate(in: session.ambient)
                } catch {
                    throw StartFailure(.failed, error.description)
                }
            }
            let after = try session.host.phoneKey().id
            if !consent.dryRun {
                let person = session.person
                try await session.withStore { store in
                    _ = try await store.write { writer in
                        for task in [UpkeepArguments.Task.rekeyCalls, .rekeyRecipients] {
                            try writer.addToOutbox(OutboxJob(UpkeepArguments(task), lane: .low))
                        }
                        try writer.audit(
                            AuditNote(
                                actor: person,
                                action: "keys.rotate",
                                object: "keys",
                                before: ["key": .text(before)],
                                after: ["key": .text(after)]
                            )
                        )
                    }
                }
            }
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("before", .text(before)),
                        ("key", .text(after))
                    )
                )
            } else {
                session.terminal.line(
                    consent.dryRun
                        ? "would put a new secret in force instead of \(before)"
                        : "\(after) is in force; upkeep gives all rows its keys, "
                            + "`ringback keys list` shows how far it is"
                )
            }
        }
    }

    struct Forget: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "forget",
            abstract: "Remove the earlier secrets that no row needs any more.",
            discussion: """
                A secret that still tells an erased caller stays: his number is not known, so his \
                suppression cannot be given another key until he calls again.
                """
        )

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            guard session.settings.phoneKey == nil else {
                throw StartFailure(
                    .wrongUse,
                    "the secrets come from RINGBACK_PHONE_KEY; take RINGBACK_PHONE_KEY_PREVIOUS "
                        + "away when `ringback keys list` shows no rows for it"
                )
            }
            let file = session.settings.phoneKeyFile
            let uses = try await session.withStore { try await $0.phoneKeyUses() }
            let needed = Set(uses.filter { !$0.isUnused }.map(\.id))
            do {
                let secrets = try file.keys() ?? []
                let gone = secrets.dropFirst().filter {
                    !needed.contains(Hosting.Host.phoneKeyID(of: $0))
                }
                if !consent.dryRun, !gone.isEmpty {
                    try session.terminal.confirm(
                        "remove \(gone.count) earlier secrets for good?",
                        isAgreed: consent.yes
                    )
                    _ = try file.forget(Array(gone), in: session.ambient)
                    await session.audit(
                        "keys.forget",
                        "keys",
                        before: [
                            "keys": .list(
                                gone.map { .text(Hosting.Host.phoneKeyID(of: $0)) }
                            )
                        ]
                    )
                }
                tell(gone.count, left: secrets.count - gone.count, session)
            } catch let error as PhoneKeyError {
                throw StartFailure(.failed, error.description)
            }
        }

        private func tell(_ gone: Int, left: Int, _ session: Session) {
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("removed", .count(gone)),
                        ("left", .count(left))
                    )
                )
            } else {
                let would = consent.dryRun ? "would remove" : "removed"
                session.terminal.line("\(would) \(gone) earlier secrets, \(left) left")
            }
        }
    }
}

/// One secret and what needs it.
struct KeyRow: Equatable {
    enum State: String {
        case inForce = "in-force"
        case earlier

        /// Rows need it, and it is on no ring: nobody can tell their callers any more.
        case missing
    }

    let use: PhoneKeyUse
    let state: State

    /// The secrets of the ring and those that only rows know of.
    static func rows(_ ring: PhoneKeyRing, uses: [PhoneKeyUse]) -> [KeyRow] {
        let known = Dictionary(uses.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let present = [(ring.current.id, State.inForce)] + ring.previous.map { ($0.id, .earlier) }
        let ids = Set(present.map(\.0))
        return present.map { KeyRow(use: known[$0.0] ?? PhoneKeyUse(id: $0.0), state: $0.1) }
            + uses.filter { !ids.contains($0.id) }.map { KeyRow(use: $0, state: .missing) }
    }

    var json: JSONValue {
        .fields(
            ("key", .text(use.id)),
            ("state", .text(state.rawValue)),
            ("calls", .count(use.calls)),
            ("recipients", .count(use.recipients)),
            ("suppressions", .count(use.suppressions)),
            ("listed", .count(use.listed))
        )
    }

    static func table(_ rows: [KeyRow]) -> Table {
        var table = Table(
            .init("KEY"),
            .init("STATE"),
            .init("CALLS", .right),
            .init("RECIPIENTS", .right),
            .init("SUPPRESSIONS", .right),
            .init("LISTED", .right)
        )
        for row in rows {
            table.add(
                row.use.id,
                row.state.rawValue,
                "\(row.use.calls)",
                "\(row.use.recipients)",
                "\(row.use.suppressions)",
                "\(row.use.listed)"
            )
        }
        return table
    }
}
