import ArgumentParser
import CallStore
import Hosting
import Reports

/// `ringback audit-log`.
struct AuditLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-log",
        abstract: "Who did what: the log that is only added to.",
        subcommands: [List.self, Verify.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Entries, the newest first."
        )

        @Option(help: "Only this action, or this group of actions, such as caller.")
        var action: String?

        @Option(help: "Only this object, such as queue:sync or call:12.")
        var object: String?

        @Option(help: "Only entries before this position.")
        var before: Int64?

        @Option(help: "Most entries to show.")
        var limit = 50

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 100_000)
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let entries = try await store.auditLog(
                    before: before,
                    action: action,
                    object: object,
                    limit: limit
                )
                if output.json {
                    session.terminal.show(.list(entries.map(AuditLogText.json)))
                } else {
                    session.terminal.write(
                        AuditLogText.table(entries).rendered(none: "No entries.")
                    )
                }
            }
        }
    }

    struct Verify: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check that no entry was changed, removed or put in between; 1 if one was.",
            discussion: """
                Entries cut off the end leave no trace in the log itself. Note the head now and \
                then in another place, and give it here later with --head.
                """
        )

        @Option(help: "A head that was noted earlier: it must stand in the log.")
        var head: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let noted = head?.lowercased()
            let verdict = try await session.withStore { try await $0.verifyAuditLog(noted: noted) }
            let isSound = verdict.brokenAt == nil && verdict.holdsNoted != false
            if output.json {
                session.terminal.show(
                    .fields(
                        ("sound", .bool(isSound)),
                        ("entries", .count(verdict.sound)),
                        ("head", .optional(verdict.head)),
                        ("brokenAt", verdict.brokenAt.map { .integer($0) } ?? .null),
                        ("holdsHead", verdict.holdsNoted.map { .bool($0) } ?? .null)
                    )
                )
            } else if isSound {
                session.terminal.line(
                    "\(verdict.sound) entries are sound; the head is \(verdict.head ?? "none")"
                )
            }
            if let position = verdict.brokenAt {
                throw StartFailure(
                    .failed,
                    "entry \(position) does not follow from the ones before it: the log was changed"
                )
            }
            if verdict.holdsNoted == false {
                throw StartFailure(
                    .failed,
                    "the given head is not in the log: entries were removed or written anew"
                )
            }
        }
    }
}

/// How entries of the audit log are shown.
enum AuditLogText {
    static func json(_ entry: AuditEntry) -> JSONValue {
        let note = entry.note
        return .fields(
            ("position", .integer(entry.position)),
            ("at", .text(TimeText.iso(milliseconds: entry.atMilliseconds))),
            ("actor", .text(note.actor)),
            ("action", .text(note.action)),
            ("object", .text(note.object)),
            ("keyID", .optional(note.keyID)),
            ("before", note.before.map { JSONValue(.object($0)) } ?? .null),
            ("after", note.after.map { JSONValue(.object($0)) } ?? .null),
            ("reason", .optional(note.reason)),
            ("hash", .text(entry.hashText))
        )
    }

    static func table(_ entries: [AuditEntry]) -> Table {
        var table = Table(
            .init("POSITION", .right),
            .init("AT"),
            .init("ACTOR"),
            .init("ACTION"),
            .init("OBJECT"),
            .init("AFTER"),
            .init("REASON")
        )
        for entry in entries {
            let note = entry.note
            let after = note.after.map { JSONValue(.object($0)).rendered(indented: false) }
            table.add(
                "\(entry.position)",
                TimeText.iso(milliseconds: entry.atMilliseconds),
                note.actor,
                note.action,
                note.object,
                JobText.clipped(after ?? "", 60),
                note.reason ?? ""
            )
        }
        return table
    }
}

extension Session {
    /// Adds an entry to the audit log, where what it tells of was done outside the store.
    ///
    /// What was done stands, even where the log cannot be reached; the person is told then.
    func audit(
        _ action: String,
        _ object: String,
        before: [String: StoredValue]? = nil,
        after: [String: StoredValue]? = nil,
        reason: String? = nil
    ) async {
        let note = AuditNote(
            actor: person,
            action: action,
            object: object,
            before: before,
            after: after,
            reason: reason.flatMap { $0.isEmpty ? nil : $0 }
        )
        do {
            try await withStore { store in
                _ = try await store.write { try $0.audit(note) }
            }
        } catch {
            terminal.complain(
                "ringback: done, but the audit log was not told: "
                    + "\(CommandFailure.failure(error).line)\n"
            )
        }
    }
}
