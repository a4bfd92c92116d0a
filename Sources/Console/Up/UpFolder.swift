import Foundation
package import Hosting

/// The folder that `ringback up` keeps everything in, held by one `up` at a time.
package struct UpFolder: Sendable {
    package let path: String

    /// The descriptor whose lock says that an `up` lives; closed by the kernel when it dies.
    private let lock: Int32

    package var logs: String { path + "/logs" }
    package var redis: String { path + "/redis" }
    package var recipients: String { path + "/simulator-recipients.csv" }
    private var stateFile: String { path + "/up.json" }

    /// Makes the folder if need be and locks it.
    ///
    /// - Throws: `StartFailure` when it cannot be written or another living `up` holds it.
    package static func open(_ path: String) throws(StartFailure) -> UpFolder {
        do {
            for folder in [path, path + "/logs", path + "/redis"] {
                try FileManager.default.createDirectory(
                    atPath: folder,
                    withIntermediateDirectories: true
                )
            }
        } catch {
            throw unwritable(path, error.localizedDescription)
        }
        let lockPath = path + "/up.lock"
        let file = Foundation.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(path, String(cString: strerror(errno))) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw StartFailure(.failed, heldLine(path, lockPath))
        }
        let folder = UpFolder(path: path, lock: file)
        try folder.noteProcess()
        return folder
    }

    private static func unwritable(_ path: String, _ reason: String) -> StartFailure {
        StartFailure(
            .failed,
            "\(path) cannot be written (\(reason)); make it writable for this user, or set "
                + "RINGBACK_DB to a file in another folder"
        )
    }

    private static func heldLine(_ path: String, _ lockPath: String) -> String {
        let holder = FileManager.default.contents(atPath: lockPath)
            .map { String(decoding: $0, as: UTF8.self) }?
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let who = holder.flatMap { $0.isEmpty ? nil : " (process \($0))" } ?? ""
        return "another `ringback up`\(who) runs on \(path); end it first, or set RINGBACK_DB to a "
            + "file in another folder"
    }

    /// Writes our process id for the line above; the lock itself is what counts.
    private func noteProcess() throws(StartFailure) {
        let text = Array("\(getpid())\n".utf8)
        let isWritten =
            ftruncate(lock, 0) == 0
            && text.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) } == text.count
        guard isWritten else {
            throw Self.unwritable(path, String(cString: strerror(errno)))
        }
    }

    /// What an earlier `up` kept here; nil on a new folder.
    package func state() throws(StartFailure) -> UpState? {
        guard let data = FileManager.default.contents(atPath: stateFile) else { return nil }
        do {
            return try JSONDecoder().decode(UpState.self, from: data)
        } catch {
            throw StartFailure(
                .failed,
                "\(stateFile) is damaged; bring it back from a backup, or remove it: then the "
                    + "simulator makes new calls, which come beside those in the store"
            )
        }
    }

    /// Replaces the state as a whole; readable by its owner only, as it holds a secret.
    package func keep(_ state: UpState) throws(StartFailure) {
        let draft = stateFile + ".draft"
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            let data = try encoder.encode(state)
            let isMade = FileManager.default.createFile(
                atPath: draft,
                contents: data,
                attributes: [.posixPermissions: 0o600]
            )
            guard isMade, rename(draft, stateFile) == 0 else {
                throw StartFailure(.failed, String(cString: strerror(errno)))
            }
        } catch {
            throw Self.unwritable(path, "\(error)")
        }
    }
}

/// What the next `ringback up` on the same folder must know.
package struct UpState: Codable, Sendable, Equatable {
    /// The simulator's data, so that it serves the same conversations again; nil without one.
    package var simulation: Simulation?

    /// Whether the simulator's recipients are in the store.
    package var hasRecipients = false

    /// Whether the ledger has seen the first backfill, and the first export.
    package var hasBackfill = false
    package var hasExport = false

    package struct Simulation: Codable, Sendable, Equatable {
        package var calls: Int
        package var seed: UInt64
        package var days: Int
        package var unfinished: Int
        package var liveSeconds: Int?

        /// When its history ends, Unix seconds.
        package var anchor: Int64
        package var port: Int
        package var apiKey: String
        package var webhookSecret: String
    }
}
