package import JobQueue
import Logging
import NIOCore
import RedisClient

extension RedisQueue {
    /// What the wait may take longer than asked for before the connection counts as dead.
    private static let bellGrace = Duration.seconds(3)

    package func waitForBell(atMost timeout: Duration) async throws(QueueError) -> Bool {
        let seconds = max(0.001, timeout / .seconds(1))
        let command = RedisCommand("BLPOP", keys.bell, "\(seconds)")
        do {
            // Dropping the connection ends the wait on the server too, so that no token goes to
            // somebody who has left.
            let reply = try await bell.send(
                command,
                timeout: timeout + Self.bellGrace,
                abandonment: .dropsConnection
            )
            guard Task.isCancelled else { return reply != .null }
            if reply != .null { await putBack() }
            throw RedisError.cancelled
        } catch let error as RedisError {
            throw QueueError(error)
        } catch {
            throw .protocolViolation(reason: "the bell failed in an unknown way")
        }
    }

    /// Returns a token that was taken while the task was cancelled.
    ///
    /// A token that is lost all the same costs one wait at most, `QueueLimits.bellWaitMax`.
    private func putBack() async {
        commands.evaluateFuture(
            scripts.ring,
            keys: [keys.control, keys.leases, keys.bell],
            arguments: []
        ).whenFailure { [logger] error in
            logger.debug("cannot put the bell's token back", metadata: ["error": "\(error)"])
        }
    }
}
