import Ambient
import Foundation

/// Holds other processes back while one creates the store or brings it up to date.
///
/// SQLite's switch to WAL and a migration cannot wait for each other by SQLite's own locks alone:
/// the switch fails at once when it meets another connection.
struct OpeningLock: ~Copyable {
    /// Longest wait for a process that opens the same store: a migration may take a while.
    static let attemptsMax = 2_400
    static let delay = Duration.milliseconds(50)

    private let descriptor: Int32

    /// Takes the lock, waiting for those who have it.
    ///
    /// - Throws: `StoreError.unavailable` when the file cannot be made or the wait is over.
    init(besides path: String, ambient: Ambient) async throws(StoreError) {
        let descriptor = Foundation.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable(reason: "cannot open \(path).lock: \(Self.lastError())")
        }
        for _ in 0..<Self.attemptsMax {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                self.descriptor = descriptor
                return
            }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                let reason = Self.lastError()
                close(descriptor)
                throw .unavailable(reason: "cannot lock \(path).lock: \(reason)")
            }
            do {
                try await ambient.sleep(for: Self.delay)
            } catch {
                close(descriptor)
                throw .cancelled
            }
        }
        close(descriptor)
        throw .unavailable(reason: "another process has been opening \(path) for too long")
    }

    deinit {
        // Closing the descriptor gives the lock back; so does the end of the process.
        close(descriptor)
    }

    static func lastError() -> String { String(cString: strerror(errno)) }
}
