import Ambient
import JobQueue
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport

/// A client of a private server, closed at the end.
func withRedisClient<Value: Sendable>(
    _ server: PrivateRedis,
    _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    try await withRedisClient(
        RedisConfiguration(address: .unix(path: server.socketPath)),
        body
    )
}

/// A client, closed at the end.
func withRedisClient<Value: Sendable>(
    _ configuration: RedisConfiguration,
    logger: Logger = Logger(label: "test"),
    _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    let client = try RedisClient(
        configuration,
        on: MultiThreadedEventLoopGroup.singleton.next(),
        ambient: .live(seed: 1),
        logger: logger
    )
    do {
        let value = try await body(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

/// A queue on a client, closed at the end.
///
/// Other scripts than the shipped ones must be made with the same tuning.
func withRedisQueue<Value: Sendable>(
    _ name: String,
    on client: RedisClient,
    tuning: QueueTuning = QueueTuning(),
    scripts: QueueScripts? = nil,
    logger: Logger = Logger(label: "test"),
    _ body: (RedisQueue) async throws -> Value
) async throws -> Value {
    let queue = try RedisQueue(
        try QueueName(name),
        commands: client,
        tuning: tuning,
        scripts: scripts,
        ambient: .live(seed: 1),
        logger: logger
    )
    do {
        let value = try await body(queue)
        await queue.close()
        return value
    } catch {
        await queue.close()
        throw error
    }
}
