import Ambient
import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

/// A logger that keeps quiet: these tests break connections all the time.
let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs a body with a client that is closed afterwards.
func withClient<Result>(
    _ configuration: RedisConfiguration,
    seed: UInt64 = 1,
    _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    let client = try RedisClient(
        configuration,
        on: MultiThreadedEventLoopGroup.singleton.any(),
        ambient: .live(seed: seed),
        logger: quietLogger
    )
    do {
        let result = try await body(client)
        await client.close()
        return result
    } catch {
        await client.close()
        throw error
    }
}

/// Runs a body with a client of the server that all tests share.
func withSharedClient<Result>(
    _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    let server = try await PrivateRedis.shared()
    return try await withClient(RedisConfiguration(url: server.url), body)
}

/// Runs a body with a server of its own.
func withServer<Result>(
    _ options: PrivateRedisOptions = PrivateRedisOptions(),
    _ body: (PrivateRedis) async throws -> Result
) async throws -> Result {
    let server = try await PrivateRedis.start(options)
    do {
        let result = try await body(server)
        await server.kill()
        return result
    } catch {
        await server.kill()
        throw error
    }
}

extension [UInt8] {
    init(_ text: String) {
        self = Array(text.utf8)
    }
}

extension RedisValue {
    /// The text of a reply; nil when it is no text.
    var text: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }
}

extension RedisClient {
    /// Sends a command of words.
    func reply(_ words: String...) async throws -> RedisValue {
        try await send(RedisCommand(words.map { Array($0.utf8) }))
    }

    /// Sends a command of words; nil when the server is still loading its data.
    func replyUnlessLoading(_ words: String...) async throws -> RedisValue? {
        do throws(RedisError) {
            return try await send(RedisCommand(words.map { Array($0.utf8) }))
        } catch {
            guard error == .server(.loading) else { throw error }
            return nil
        }
    }

    /// Sends a command of words and returns the error it met.
    func failure(_ words: String..., timeout: Duration? = nil) async throws -> RedisError? {
        do {
            _ = try await send(RedisCommand(words.map { Array($0.utf8) }), timeout: timeout)
            return nil
        } catch {
            return error
        }
    }
}
