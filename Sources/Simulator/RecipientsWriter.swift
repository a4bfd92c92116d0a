import Foundation
import NIOCore

/// Writes the recipients file: whole or not at all.
package enum RecipientsWriter {
    package struct Problem: Error {
        /// What went wrong, in the system's words.
        package let reason: String
    }

    /// Bytes collected before they are written.
    private static let chunk = 65_536

    /// Writes beside the file and renames, so that a reader never sees half of it.
    package static func write(_ file: RecipientsFile, to path: String) throws(Problem) {
        let temporary = path + ".new-\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Problem(reason: systemReason()) }
        do {
            try fill(descriptor, file)
            guard close(descriptor) == 0 else { throw Problem(reason: systemReason()) }
            guard rename(temporary, path) == 0 else { throw Problem(reason: systemReason()) }
        } catch {
            unlink(temporary)
            throw (error as? Problem) ?? Problem(reason: "\(error)")
        }
    }

    private static func fill(_ descriptor: Int32, _ file: RecipientsFile) throws {
        var buffer = ByteBuffer()
        buffer.writeString(RecipientsFile.header + "\r\n")
        try file.forEachRow { row in
            row.writeCSV(into: &buffer)
            if buffer.readableBytes >= chunk { try drain(&buffer, to: descriptor) }
        }
        try drain(&buffer, to: descriptor)
    }

    private static func drain(_ buffer: inout ByteBuffer, to descriptor: Int32) throws {
        while buffer.readableBytes > 0 {
            let written = buffer.withUnsafeReadableBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw Problem(reason: systemReason())
            }
            buffer.moveReaderIndex(forwardBy: written)
        }
        buffer.clear()
    }

    private static func systemReason() -> String {
        String(cString: strerror(errno))
    }
}
