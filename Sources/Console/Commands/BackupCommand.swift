import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports
import Settings

/// `ringback backup`.
struct BackupCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write a checked copy of the result store into a file, while everything runs.",
        discussion: """
            The copy holds calls and numbers, and is readable for its owner alone. The key of caller \
            keys is not in it; keep that apart (docs/backup.md).
            """
    )

    @Argument(help: "The file; it must not be there yet.")
    var file: String

    @OptionGroup var output: OutputOptions

    func run(in session: Session) async throws {
        let path = BackupFile.absolute(file)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw StartFailure(.wrongUse, "\(path) is there already; name a file that is not")
        }
        try await session.withStore { store in
            let part = session.ambient.newID().uuidString.lowercased().prefix(8)
            let facts = try await store.backUp(to: path, passing: "\(path).part-\(part)")
            let note = AuditNote(
                actor: session.person,
                action: "store.backup",
                object: "store",
                after: ["file": .text(path), "calls": .integer(Int64(facts.calls))]
            )
            _ = try await store.write { try $0.audit(note) }
            if output.json {
                session.terminal.show(BackupFile.json(facts, file: path))
            } else {
                session.terminal.line("\(path): \(BackupFile.words(facts)), checked")
                if session.settings.phoneKey == nil, !facts.phoneKeyIDs.isEmpty {
                    session.terminal.line(
                        "the key of its caller keys is not in it: keep "
                            + "\(session.settings.phoneKeyFile.path) in another place"
                    )
                }
            }
        }
    }
}

/// `ringback restore`.
struct RestoreCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a copy into the place of the result store; the old file is kept aside.",
        discussion: "Refuses while a worker lives or any process has the store open."
    )

    @Argument(help: "The copy.")
    var file: String

    @Flag(help: "Also when Redis cannot be asked whether workers live.")
    var withoutRedis = false

    @Flag(help: "Also when its caller keys were made with another key than the one in force.")
    var otherPhoneKey = false

    @OptionGroup var consent: ConsentOptions
    @OptionGroup var output: OutputOptions

    func run(in session: Session) async throws {
        let copy = BackupFile.absolute(file)
        let facts = try await facts(of: copy)
        try checkKey(facts, session)
        try await checkWorkers(session)
        let path = BackupFile.absolute(session.settings.database)
        let stamp = TimeText.iso(session.ambient.now()).filter { $0 != ":" }
        let isThere = FileManager.default.fileExists(atPath: path)
        let aside = isThere ? "\(path).before-\(stamp)" : nil
        if !consent.dryRun {
            try session.terminal.confirm(
                "replace \(path) by \(copy) with \(BackupFile.words(facts))?",
                isAgreed: consent.yes
            )
            try await StoreBackup.restore(
                copy,
                to: path,
                keepingOldAt: aside ?? "\(path).before-\(stamp)",
                ambient: session.ambient
            )
            // Into the store that is in force now; what went aside is not touched.
            await session.audit(
                "store.restore",
                "store",
                after: ["file": .text(copy), "calls": .integer(Int64(facts.calls))]
            )
        }
        if output.json {
            session.terminal.show(
                .fields(
                    ("dryRun", .bool(consent.dryRun)),
                    ("store", .text(path)),
                    ("kept", .optional(aside)),
                    ("copy", BackupFile.json(facts, file: copy))
                )
            )
        } else {
            session.terminal.line(
                (consent.dryRun ? "would put " : "put ")
                    + "\(copy) with \(BackupFile.words(facts)) into the place of \(path)"
            )
            if let aside {
                let verb = consent.dryRun ? "goes" : "went"
                session.terminal.line("the old file \(verb) to \(aside)")
            }
        }
    }

    /// What the copy holds.
    ///
    /// - Throws: `StartFailure` with a line about the copy: the store's own lines would tell a
    ///   person to mend the store, which nothing is wrong with.
    private func facts(of copy: String) async throws(StartFailure) -> StoreCopyFacts {
        do {
            return try await StoreBackup.verify(copy)
        } catch {
            switch error {
            case .unavailable(let reason):
                throw StartFailure(
                    .unreachable,
                    "the copy \(copy) cannot be restored: \(reason)"
                )
            case .damaged(let reason):
                throw StartFailure(
                    .unreachable,
                    "the copy \(copy) is damaged or none of ours (\(reason)); take another one"
                )
            default:
                throw Hosting.Host.failure(error, database: copy)
            }
        }
    }

    /// Callers would not be known again under another key.
    private func checkKey(_ facts: StoreCopyFacts, _ session: Session) throws {
        let ring = try session.host.phoneKeys().present
        let present = ring.current.id
        let known = Set([present] + ring.previous.map(\.id))
        let others = facts.phoneKeyIDs.filter { !known.contains($0) }
        guard others.isEmpty || otherPhoneKey else {
            throw StartFailure(
                .failed,
                "the copy's caller keys were made with key \(others.joined(separator: ", ")), in "
                    + "force is \(present); put the old key into RINGBACK_PHONE_KEY or "
                    + "\(session.settings.phoneKeyFile.path), or say --other-phone-key"
            )
        }
    }

    /// A worker that lives would go on writing into a file that nobody reads any more.
    private func checkWorkers(_ session: Session) async throws {
        var living: [String] = []
        do {
            try await session.withQueues { queues in
                for kind in JobKind.allCases {
                    living += try await queues[kind].workers().map(\.presence.worker.text)
                }
            }
        } catch let failure as StartFailure where failure.code == .unreachable && withoutRedis {
            return
        } catch let failure as StartFailure where failure.code == .unreachable {
            throw StartFailure(
                failure.code,
                failure.line + "; whether workers live is not known, so stop them and say "
                    + "--without-redis"
            )
        }
        guard living.isEmpty else {
            throw StartFailure(
                .failed,
                "workers live: \(living.joined(separator: ", ")); stop them, the scheduler and the "
                    + "server first (one that died counts as living for 30 s)"
            )
        }
    }
}

/// What both commands say of a copy.
enum BackupFile {
    static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }

    static func words(_ facts: StoreCopyFacts) -> String {
        let last = facts.lastJobMilliseconds.map { ", last job \(TimeText.iso(milliseconds: $0))" }
        return "\(facts.calls) calls, \(facts.bytes / 1024) KiB, schema \(facts.schemaVersion)"
            + (last ?? "")
    }

    static func json(_ facts: StoreCopyFacts, file: String) -> JSONValue {
        .fields(
            ("file", .text(file)),
            ("bytes", .integer(facts.bytes)),
            ("schema", .count(facts.schemaVersion)),
            ("calls", .count(facts.calls)),
            ("lastJob", .optional(facts.lastJobMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("phoneKeys", .list(facts.phoneKeyIDs.map { .text($0) }))
        )
    }
}
