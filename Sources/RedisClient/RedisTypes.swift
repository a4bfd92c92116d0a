import Crypto

/// One reply of Redis.
package enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case bytes([UInt8])
    case status(String)
    case array([RedisValue])

    /// An error inside an array or a pipeline; an error that is a whole reply is thrown.
    case error(RedisServerError)
}

/// An error reply, sorted by what a caller does about it.
package enum RedisServerError: Error, Sendable, Equatable {
    case loading
    case readOnly
    case outOfMemory

    /// Redis cannot write its data to disk and takes no writes until it can (MISCONF).
    case cannotPersist(message: String)
    case noAuthentication(message: String)
    case noPermission(message: String)
    case noScript
    case moved(slot: Int, address: String)
    case busy
    case other(message: String)
}

/// What can go wrong with a command.
package enum RedisError: Error, Sendable, Equatable {
    /// The server answered with an error.
    case server(RedisServerError)

    /// No connection could be made within the time limit, or too many commands wait for one.
    ///
    /// The command was not sent.
    case cannotConnect(reason: String)

    /// No answer within the command's time limit; it may have been carried out.
    case timeout

    /// The connection ended before the answer; the command may have been carried out.
    case closed

    /// What came back is not the Redis protocol.
    case protocolError(reason: String)

    /// The caller's task was cancelled; the command may have been carried out.
    case cancelled
}

/// One command: its name and arguments as bytes.
package struct RedisCommand: Sendable, Equatable {
    package var arguments: [[UInt8]]

    package init(_ arguments: [[UInt8]]) {
        self.arguments = arguments
    }

    package init(_ arguments: String...) {
        self.arguments = arguments.map { Array($0.utf8) }
    }
}

/// A script, called by its digest and loaded again when the server forgot it.
package struct RedisScript: Sendable, Equatable {
    /// The name, for messages.
    package let name: String
    package let source: String

    /// SHA-1 of the source in lower-case hex, as EVALSHA wants it.
    package let digest: String

    package init(name: String, source: String) {
        self.name = name
        self.source = source
        let sum = Insecure.SHA1.hash(data: Array(source.utf8))
        digest = sum.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
        }
        .joined()
    }
}

/// What the rest of the engine needs of a Redis connection.
package protocol RedisExecutor: Sendable {
    /// Sends one command and waits for its reply.
    ///
    /// - Throws: `RedisError.server` for an error reply; the others as they say. A command that
    ///   was cancelled or timed out never shifts the replies of the next.
    func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue

    /// Sends commands together; error replies stand in the result.
    func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue]

    /// EVALSHA, and once EVAL when the server does not have the script.
    func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue

    /// Like `evaluate`, but a cancelled task sends it too and waits for the reply.
    ///
    /// For what must be given back however its holder ends; the command's time limit holds.
    func evaluateThroughCancellation(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue
}
