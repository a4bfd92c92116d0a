package import Ambient
import Foundation

/// Why the key of caller keys cannot be had.
package enum PhoneKeyError: Error, Equatable, Sendable {
    /// The file or its folder cannot be made.
    case unwritable(path: String, reason: String)

    /// The file is there and cannot be read.
    case unreadable(path: String, reason: String)

    /// What the file holds is no key: never replaced by us, since all caller keys depend on it.
    case malformed(path: String)

    /// It holds as many keys as it may.
    case full(path: String)

    /// Somebody else is changing it.
    case busy(path: String)
}

extension PhoneKeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unwritable(let path, let reason):
            "\(path) cannot be made (\(reason)); make its folder writable or set RINGBACK_PHONE_KEY"
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)); it belongs to the user that runs Ringback, mode 600"
        case .malformed(let path):
            "\(path) does not hold a key (64 hexadecimal digits); bring it back from a backup, or "
                + "remove it if no call has been stored yet"
        case .full(let path):
            "\(path) holds \(PhoneKeyFile.keysMax) keys; let `ringback keys forget` remove those that "
                + "nothing needs any more"
        case .busy(let path):
            "\(path) is being changed by another command; try again"
        }
    }
}

/// The file that keeps the key of caller keys when no setting gives it.
///
/// The first process that needs the key makes it. It is written to a file of its own name, made
/// with `O_EXCL` and mode 0600, and then linked to its place, which fails when another process was
/// first. So the file at that place is always whole, and a crash leaves nothing half-written that
/// others would wait for.
///
/// One key stands on each line, the one in force first. Those behind it are earlier ones that rows
/// of the store still carry. A change replaces the whole file.
package struct PhoneKeyFile: Sendable, Equatable {
    /// Most keys of a file: rotations that are not through yet.
    package static let keysMax = 8

    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The key, made now if there is none.
    ///
    /// - Returns: 64 hexadecimal digits.
    package func key(in ambient: Ambient) throws(PhoneKeyError) -> Secret {
        if let key = try existing() { return key }
        try make(in: ambient)
        guard let key = try existing() else {
            throw .unreadable(path: path, reason: "it has just been made and is gone")
        }
        return key
    }

    /// The key in force; nil when there is no file.
    package func existing() throws(PhoneKeyError) -> Secret? {
        try keys()?.first
    }

    /// All keys of the file, the one in force first; nil when there is no file.
    package func keys() throws(PhoneKeyError) -> [Secret]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text: String
        do {
            text = try SettingsFile.text(atPath: path, bytesMax: 1024)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        let keys = text.split(whereSeparator: \.isWhitespace)
        guard (1...Self.keysMax).contains(keys.count),
            keys.allSatisfy({ $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
        else { throw .malformed(path: path) }
        return keys.map { Secret(String($0)) }
    }

    /// Puts a new key in force and keeps the others behind it.
    ///
    /// - Returns: All keys as they stand now, the new one first.
    /// - Throws: `PhoneKeyError`; the file is as it was then.
    package func rotate(in ambient: Ambient) throws(PhoneKeyError) -> [Secret] {
        _ = try key(in: ambient)
        return try change(in: ambient) { (keys) throws(PhoneKeyError) in
            guard keys.count < Self.keysMax else { throw .full(path: path) }
            return [Secret(Self.newKey(in: ambient))] + keys
        }
    }

    /// Removes earlier keys; the one in force always stays.
    ///
    /// - Returns: The keys that are left.
    /// - Throws: `PhoneKeyError`; the file is as it was then.
    package func forget(_ gone: [Secret], in ambient: Ambient) throws(PhoneKeyError) -> [Secret] {
        try change(in: ambient) { (keys) throws(PhoneKeyError) in
            keys.prefix(1) + keys.dropFirst().filter { !gone.contains($0) }
        }
    }

    /// Replaces the file under a lock, so that two commands do not lose each other's key.
    private func change(
        in ambient: Ambient,
        _ body: ([Secret]) throws(PhoneKeyError) -> [Secret]
    ) throws(PhoneKeyError) -> [Secret] {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .busy(path: path) }
        guard let before = try keys() else {
            throw .unreadable(path: path, reason: "it is gone")
        }
        let after = try body(before)
        let draft = "\(path).\(ambient.newID().uuidString)"
        try write(after.map { $0.reveal() + "\n" }.joined(), to: draft)
        guard rename(draft, path) == 0 else {
            let reason = Self.reason()
            unlink(draft)
            throw .unwritable(path: path, reason: reason)
        }
        return after
    }

    private func make(in ambient: Ambient) throws(PhoneKeyError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
        let draft = "\(path).\(ambient.newID().uuidString)"
        try write(Self.newKey(in: ambient) + "\n", to: draft)
        defer { unlink(draft) }
        if link(draft, path) != 0, errno != EEXIST {
            throw .unwritable(path: path, reason: Self.reason())
        }
    }

    private func write(_ text: String, to draft: String) throws(PhoneKeyError) {
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(file) == 0 else {
            let reason = Self.reason()
            unlink(draft)
            throw .unwritable(path: path, reason: reason)
        }
    }

    /// 64 hexadecimal digits from three identities, each with 122 random bits.
    private static func newKey(in ambient: Ambient) -> String {
        let digits = (0..<3).map { _ in
            ambient.newID().uuidString.lowercased().filter { $0 != "-" }
        }
        // The fixed digits of an identity (version and variant, 13th and 17th) are left out.
        let random = digits.joined().enumerated().filter { ![12, 16].contains($0.offset % 32) }
        return String(random.map(\.element).prefix(64))
    }

    private static func reason() -> String {
        String(cString: strerror(errno))
    }
}
