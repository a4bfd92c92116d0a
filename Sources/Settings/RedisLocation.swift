import Foundation

/// Where the queues are.
package enum RedisLocation: Sendable, Equatable {
    /// The address in `REDIS_URL`; secret because it may hold a password.
    case url(Secret)

    /// The private Redis that `ringback up` runs on the folder of the results.
    case privateSocket(PrivateRedis)
}

/// The files of the private Redis.
package struct PrivateRedis: Sendable, Equatable {
    /// A Unix socket's path has room for 107 bytes on Linux; this leaves some for temporary names.
    package static let socketPathBytesMax = 100

    /// The folder of the results, absolute.
    package let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// Where the socket is if its path fits.
    package var socketInFolder: String { folder + "/redis.sock" }

    /// Whether the socket's path fits into an address.
    package var fitsInFolder: Bool { socketInFolder.utf8.count <= Self.socketPathBytesMax }

    /// Holds the address when the socket had to be put elsewhere.
    package var addressFile: String { folder + "/redis.url" }

    /// The address of the running private Redis; nil when none has been started here.
    ///
    /// - Throws: `SettingsError` when the file with the address is there and cannot be read.
    package func url() throws(SettingsError) -> String? {
        if fitsInFolder {
            return FileManager.default.fileExists(atPath: socketInFolder)
                ? "unix://" + socketInFolder : nil
        }
        guard FileManager.default.fileExists(atPath: addressFile) else { return nil }
        do {
            let text = try SettingsFile.text(atPath: addressFile, bytesMax: 1024)
            let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return url.hasPrefix("unix:///") ? url : nil
        } catch {
            let problem = SettingProblem.unreadableFile(name: addressFile, reason: error.reason)
            throw SettingsError(problems: [problem])
        }
    }
}
