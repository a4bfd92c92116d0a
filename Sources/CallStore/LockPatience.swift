import Ambient
import Foundation

/// How a connection waits for a lock that another process holds.
///
/// Only one connection writes at a time, so several worker processes queue here. SQLite's own
/// waiting has fixed steps, which makes processes that started together collide again.
struct LockPatience: Sendable {
    /// Waits until a lock counts as not to be had: about 30 s together.
    static let attemptsMax = 1_500

    /// A commit with its fsync takes some milliseconds: asking much later leaves the disk idle.
    static let delayMaxMilliseconds = 20.0

    let ambient: Ambient

    /// Waits before the next attempt, after so many from 0; false when there have been enough.
    func wait(attempts: Int) -> Bool {
        guard attempts < Self.attemptsMax else { return false }
        // 10 doublings are beyond the longest delay.
        let grown = 0.5 * Double(1 << min(attempts, 10))
        let milliseconds = min(grown, Self.delayMaxMilliseconds) * (0.5 + ambient.chance())
        // SQLite calls this on the connection's own dispatch queue and wants an answer at once,
        // so this is the one place where a thread sleeps.
        usleep(UInt32(milliseconds * 1000))
        return true
    }
}
