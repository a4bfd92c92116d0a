package import Ambient
package import JobQueue
package import Logging
import NIOCore
package import RedisClient

/// A queue on Redis lists.
///
/// Producers, administration and turns share one connection, which may also be shared by several
/// queues of a process. Waiting for the bell and beating have connections of their own, made when
/// they are first used.
package final class RedisQueue: Sendable {
    package let name: QueueName
    package let keys: QueueKeys
    let tuning: QueueTuning
    let scripts: QueueScripts
    let ambient: Ambient
    let logger: Logger
    let commands: RedisClient
    let bell: RedisClient
    let heart: RedisClient

    /// Attempts of a call that is safe to repeat, before its caller hears of a failure.
    static let attemptsMax = 3

    /// The wait before the second attempt; it doubles and is jittered.
    static let attemptBase = Duration.milliseconds(50)

    /// A queue that does nothing until its first call.
    ///
    /// - Parameters:
    ///   - name: Its name, the hash tag of its keys.
    ///   - commands: The connection for everything that neither waits nor beats; the caller's to
    ///     close.
    ///   - tuning: Limits; all processes of a queue must use the same.
    ///   - scripts: The scripts; other than the shipped ones only in tests.
    ///   - ambient: Chance for jitter, and sleeps.
    ///   - logger: Told of beats that failed.
    /// - Throws: `RedisTLSError` when the file of the authorities cannot be read.
    package init(
        _ name: QueueName,
        commands: RedisClient,
        tuning: QueueTuning = QueueTuning(),
        scripts: QueueScripts = .shipped,
        ambient: Ambient,
        logger: Logger
    ) throws(RedisTLSError) {
        self.name = name
        self.commands = commands
        self.tuning = tuning
        self.scripts = scripts
        self.ambient = ambient
        self.logger = logger
        keys = QueueKeys(queue: name)
        bell = try RedisClient(
            commands.configuration,
            on: commands.eventLoop,
            ambient: ambient,
            logger: logger
        )
        heart = try RedisClient(
            commands.configuration,
            on: commands.eventLoop.next(),
            ambient: ambient,
            logger: logger
        )
    }

    /// Closes the connections of its own; `commands` stays open.
    package func close() async {
        await bell.close()
        await heart.close()
    }

    /// Marks the keys with this program's layout.
    ///
    /// - Throws: `QueueError.layoutTooNew` when a newer program wrote them.
    package func prepare() async throws(QueueError) {
        _ = try await repeated(scripts.prepare, [keys.control], [])
    }

    /// Runs a script once.
    func once(
        _ script: RedisScript,
        _ keys: [String],
        _ arguments: [[UInt8]]
    ) async throws(QueueError) -> RedisValue {
        do {
            return try await commands.evaluate(script, keys: keys, arguments: arguments)
        } catch {
            throw QueueError(error)
        }
    }

    /// Runs a script whose repeat does no harm, again when there was no answer.
    func repeated(
        _ script: RedisScript,
        _ keys: [String],
        _ arguments: [[UInt8]]
    ) async throws(QueueError) -> RedisValue {
        var wait = Self.attemptBase
        for _ in 1..<Self.attemptsMax {
            do throws(QueueError) {
                return try await once(script, keys, arguments)
            } catch {
                guard case .unavailable = error else { throw error }
            }
            do {
                try await ambient.sleep(for: wait * (0.5 + ambient.chance() / 2))
            } catch {
                throw .cancelled
            }
            wait *= 2
        }
        return try await once(script, keys, arguments)
    }

    /// A failure that the protocol rules out: the arguments came from our own types.
    func impossible(_ error: EnvelopeError) -> QueueError {
        .refused(reason: "a job does not fit an envelope: \(error)")
    }
}
