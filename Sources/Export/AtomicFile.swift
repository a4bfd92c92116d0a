import Crypto
import Foundation

/// A file that appears under its name only when all of it is on the disk.
///
/// Written beside its place under a name of its own, brought to the disk, then renamed. Whatever
/// dies in between leaves a file that ends in `temporarySuffix`, which upkeep removes.
package final class AtomicFile {
    package static let temporarySuffix = ".part"

    /// When buffered bytes are written: large enough that the system calls do not matter.
    static let bufferBytes = 256 * 1024

    let finalPath: String
    let temporaryPath: String
    private var descriptor: Int32
    private var hash = SHA256()

    /// Whether what is there stays when it is not finished: somebody may go on with it.
    var staysUnfinished = false

    /// Bytes written so far.
    private(set) var bytes: Int64 = 0

    /// Makes the temporary file, readable for its owner alone.
    ///
    /// - Parameters:
    ///   - finalPath: Where the file is to be.
    ///   - temporaryPath: Where it is until then, in the same file system; beside it for nil.
    /// - Throws: `ExportError`.
    package init(finalPath: String, temporaryPath: String? = nil) throws(ExportError) {
        self.finalPath = finalPath
        self.temporaryPath = temporaryPath ?? finalPath + Self.temporarySuffix
        descriptor = open(self.temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(self.temporaryPath) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        // It was not finished: what is there of it is of no use to anybody.
        if !staysUnfinished { unlink(temporaryPath) }
    }

    package func write(_ data: [UInt8]) throws(ExportError) {
        hash.update(data: data)
        bytes += Int64(data.count)
        var offset = 0
        while offset < data.count {
            let written = data[offset...].withUnsafeBytes { rest in
                Foundation.write(descriptor, rest.baseAddress, rest.count)
            }
            if written >= 0 {
                offset += written
            } else if errno != EINTR {
                throw Self.failure(temporaryPath)
            }
        }
    }

    /// Brings all of it to the disk and gives it its name; returns the SHA-256 in hex.
    package func finish() throws(ExportError) -> String {
        guard fsync(descriptor) == 0 else { throw Self.failure(temporaryPath) }
        guard rename(temporaryPath, finalPath) == 0 else { throw Self.failure(finalPath) }
        close(descriptor)
        descriptor = -1
        return Self.hex(hash.finalize())
    }

    static func hex(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    /// Brings the names in a folder to the disk.
    static func synchronize(folder: String) throws(ExportError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    package static func makeFolder(_ folder: String) throws(ExportError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .cannotWrite(path: folder, reason: error.localizedDescription)
        }
    }

    static func failure(_ path: String) -> ExportError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return .noRoom }
        return .cannotWrite(path: path, reason: String(cString: strerror(code)))
    }
}
