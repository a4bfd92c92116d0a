package import CallStore
import Crypto
import Foundation
import Logging
package import Settings
import Synchronization

extension Host {
    /// The key of caller keys that is in force, made now if there is none.
    package func phoneKey() throws(StartFailure) -> PhoneKey {
        try phoneKeys().present.current
    }

    /// The keys of caller keys; those of the file are read anew whenever it has changed.
    package func phoneKeys() throws(StartFailure) -> PhoneKeys {
        if let given = settings.phoneKey {
            let previous = [settings.phoneKeyPrevious].compactMap(\.self)
            return PhoneKeys(fixed: try Self.ring([given] + previous))
        }
        do {
            _ = try settings.phoneKeyFile.key(in: ambient)
        } catch {
            throw StartFailure(.unreachable, error.description)
        }
        return try PhoneKeys(file: settings.phoneKeyFile, logger: logger)
    }

    /// The ring of some secrets, the one in force first.
    static func ring(_ secrets: [Secret]) throws(StartFailure) -> PhoneKeyRing {
        var keys: [PhoneKey] = []
        for secret in secrets {
            do {
                keys.append(
                    try PhoneKey(id: phoneKeyID(of: secret), secret: Data(secret.reveal().utf8))
                )
            } catch {
                throw StartFailure(
                    .wrongUse,
                    "RINGBACK_PHONE_KEY is too short; for example RINGBACK_PHONE_KEY="
                        + SettingName.phoneKey.facts.example
                )
            }
        }
        guard let current = keys.first else {
            preconditionFailure("A ring is made of at least one key.")
        }
        return PhoneKeyRing(current, previous: Array(keys.dropFirst()))
    }

    /// A key's id is the beginning of its digest, which does not reveal it.
    package static func phoneKeyID(of secret: Secret) -> String {
        let digest = SHA256.hash(data: Data("phone-key|".utf8) + Data(secret.reveal().utf8))
        return digest.prefix(4).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        .joined()
    }
}

/// The keys in force, as every transaction asks for them.
///
/// A rotation replaces the key file; each process takes the new key up with its next transaction.
package final class PhoneKeys: Sendable {
    private struct State {
        var ring: PhoneKeyRing

        /// What tells one file at the same place from another.
        var stamp: [Int]
    }

    private let file: PhoneKeyFile?
    private let logger: Logger?
    private let state: Mutex<State>

    fileprivate init(fixed ring: PhoneKeyRing) {
        file = nil
        logger = nil
        state = Mutex(State(ring: ring, stamp: []))
    }

    fileprivate init(file: PhoneKeyFile, logger: Logger) throws(StartFailure) {
        self.file = file
        self.logger = logger
        let stamp = Self.stamp(file.path)
        state = Mutex(State(ring: try Self.read(file), stamp: stamp))
    }

    /// The keys as the file holds them now; those known before when it cannot be read.
    package var present: PhoneKeyRing {
        state.withLock { state in
            guard let file else { return state.ring }
            let stamp = Self.stamp(file.path)
            guard stamp != state.stamp else { return state.ring }
            do {
                state.ring = try Self.read(file)
                state.stamp = stamp
            } catch {
                logger?.error(
                    "The file of the phone key cannot be read anew",
                    metadata: ["error": "\(error)"]
                )
            }
            return state.ring
        }
    }

    private static func read(_ file: PhoneKeyFile) throws(StartFailure) -> PhoneKeyRing {
        let secrets: [Secret]?
        do throws(PhoneKeyError) {
            secrets = try file.keys()
        } catch {
            throw StartFailure(.unreachable, error.description)
        }
        guard let secrets else {
            throw StartFailure(.unreachable, "\(file.path) is gone; bring it back")
        }
        return try Host.ring(secrets)
    }

    private static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        return [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}
