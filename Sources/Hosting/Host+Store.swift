package import CallStore
import Crypto
import Foundation
import Settings

extension Host {
    /// Opens the result store with the key of caller keys, making the folder and both if need be.
    ///
    /// - Throws: `StartFailure` with one line that says what to do.
    package func openStore() async throws(StartFailure) -> CallStore {
        try makeDataFolder()
        let ring = try phoneKeys()
        let privacy = StorePrivacy(
            redaction: Redaction(
                Set(settings.privacy.redact.compactMap(Redaction.Category.init(rawValue:)))
            ),
            suppressedCalls: StorePrivacy.SuppressedCalls(rawValue: settings.privacy.suppressed)
                ?? .counted,
            ring: { ring.present }
        )
        do {
            return try await CallStore.open(
                path: settings.database,
                ambient: ambient,
                privacy: privacy
            )
        } catch {
            throw Self.failure(error, database: settings.database)
        }
    }

    private func makeDataFolder() throws(StartFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: settings.dataFolder,
                withIntermediateDirectories: true
            )
        } catch {
            throw StartFailure(
                .unreachable,
                "\(settings.dataFolder) cannot be made (\(error.localizedDescription)); make it "
                    + "writable for this user, or set RINGBACK_DB to a file in another folder"
            )
        }
    }

    /// The line and the code for a store that cannot be opened or used.
    package static func failure(_ error: StoreError, database: String) -> StartFailure {
        switch error {
        case .unavailable(let reason):
            StartFailure(
                .unreachable,
                "the result store \(database) cannot be used (\(reason)); make its folder "
                    + "writable for this user and see that the disk has room, or set RINGBACK_DB"
            )
        case .newerSchema(let found, let known):
            StartFailure(
                .unreachable,
                "the result store \(database) was written by a newer Ringback (schema \(found), "
                    + "this one knows \(known)); run the newer program"
            )
        case .damaged(let reason):
            StartFailure(
                .unreachable,
                "the result store \(database) is damaged or none of ours (\(reason)); bring it "
                    + "back from a backup, or set RINGBACK_DB to another file"
            )
        case .rejected(let reason), .stale(let reason):
            StartFailure(.failed, "the result store refused the change: \(reason)")
        case .notFound(let what):
            StartFailure(.failed, "\(what) does not exist")
        case .cancelled:
            StartFailure(.failed, "ended before the store answered")
        }
    }
}
