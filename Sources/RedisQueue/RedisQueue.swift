package import Ambient
package import JobQueue
package import Logging
import NIOCore
package import RedisClient

/// One queue on Redis lists.
///
/// Every call is one script, so one atomic step. What may be repeated is repeated here, with the
/// same ids, while the server cannot be reached. Any task may use it at any time. Producers, turns
/// and administration share one connection, which several queues of a process may share, too; the
/// bell blocks and beats must not stand in line behind large batches, so these have their own,
/// made when they are first used.
package final class RedisQueue: Sendable {
    /// Tries of one call that may be repeated: with the client's own limits about a quarter minute.
    static let triesMax = 3

    /// The wait before a repeat, doubled with each, jittered down to half.
    static let repeatBase = Duration.milliseconds(100)

    package let name: QueueName
    package let keys: QueueKeys
    let calls: ScriptCalls
    let commands: RedisClient
    let bellClient: RedisClient
    let beats: RedisClient
    let ambient: Ambient
    let logger: Logger
    let tuning: QueueTuning

    /// The limit key of jobs that bring none of their own.
    let usualLimit: LimitKey?
    let bell: Bell
    let coalescer = EnqueueCoalescer()
    package let executor: (any TaskExecutor)?

    /// A queue that sends nothing until its first call.
    ///
    /// - Parameters:
    ///   - name: Its name, the hash tag of its keys.
    ///   - commands: The connection for everything that neither waits nor beats; the caller's to
    ///     close.
    ///   - tuning: Limits; all processes of a queue must use the same.
    ///   - scripts: The scripts; other than the shipped ones only in tests.
    ///   - usualLimit: The limit key of jobs that bring none of their own.
    ///   - ambient: Chance for jitter, and sleeps.
    ///   - logger: Told of beats that failed.
    /// - Throws: `RedisTLSError` when the file of the authorities cannot be read.
    package init(
        _ name: QueueName,
        commands: RedisClient,
        tuning: QueueTuning = QueueTuning(),
        scripts: QueueScripts? = nil,
        usualLimit: LimitKey? = nil,
        ambient: Ambient,
        logger: Logger
    ) throws(RedisTLSError) {
        var logger = logger
        logger[metadataKey: "queue"] = "\(name)"
        self.name = name
        self.commands = commands
        self.tuning = tuning
        self.usualLimit = usualLimit
        self.ambient = ambient
        self.logger = logger
        keys = QueueKeys(queue: name)
        // Digests are made once for all queues of a process.
        let usual = tuning == QueueTuning() ? QueueScripts.shipped : QueueScripts(tuning: tuning)
        calls = ScriptCalls(keys: keys, scripts: scripts ?? usual)
        bellClient = try RedisClient(
            commands.configuration,
            on: commands.eventLoop,
            executor: commands.executor,
            ambient: ambient,
            logger: logger
        )
        beats = try RedisClient(
            commands.configuration,
            on: commands.eventLoop.next(),
            ambient: ambient,
            logger: logger
        )
        executor = commands.executor
        bell = Bell(client: bellClient, key: keys.bell, ringing: calls.ring())
    }

    /// Closes the connections of its own; `commands` stays open.
    package func close() async {
        await bellClient.close()
        await beats.close()
    }

    /// Marks the keys with this program's layout.
    ///
    /// - Throws: `QueueError.layoutTooNew` when a newer program wrote them.
    package func prepare() async throws(QueueError) {
        _ = try await repeatable(calls.prepare())
    }

    /// Carries out a call that is safe to repeat, and repeats it while that may help.
    func repeatable(_ call: ScriptCall) async throws(QueueError) -> RedisValue {
        var tries = 1
        while true {
            do throws(RedisError) {
                return try await evaluate(call)
            } catch {
                guard error.isWorthRepeating, tries < Self.triesMax else { throw QueueError(error) }
                logger.debug(
                    "repeating a call of the queue",
                    metadata: ["script": "\(call.script.name)", "error": "\(error)"]
                )
            }
            let wait = Self.repeatBase * (1 << (tries - 1)) * (0.5 + ambient.chance() / 2)
            tries += 1
            do {
                try await ambient.sleep(for: wait)
            } catch {
                throw .cancelled
            }
        }
    }

    /// Carries out a call whose repeat would answer something else.
    func once(_ call: ScriptCall) async throws(QueueError) -> RedisValue {
        do throws(RedisError) {
            return try await evaluate(call)
        } catch {
            throw QueueError(error)
        }
    }

    private func evaluate(_ call: ScriptCall) async throws(RedisError) -> RedisValue {
        try await commands.evaluate(call.script, keys: call.keys, arguments: call.arguments)
    }
}
