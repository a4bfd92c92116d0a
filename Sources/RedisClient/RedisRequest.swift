import NIOCore

/// What a command does with its connection when its caller no longer waits.
package enum RedisAbandonment: Sendable {
    /// The reply is awaited and thrown away: for commands that end by themselves.
    case keepsConnection

    /// The connection is dropped, so that a blocked command takes nothing that nobody reads.
    case dropsConnection
}

/// One command, or several that are sent together, on the way to its replies.
struct RedisRequest: Sendable {
    /// Who waits for the outcome.
    enum Waiter: Sendable {
        case task(CheckedContinuation<Result<RedisValue, RedisError>, Never>)
        case future(EventLoopPromise<RedisValue>)

        func finish(_ result: Result<RedisValue, RedisError>) {
            switch self {
            case .task(let continuation):
                continuation.resume(returning: result)
            case .future(let promise):
                switch result {
                case .success(.error(let error)): promise.fail(RedisError.server(error))
                case .success(let value): promise.succeed(value)
                case .failure(let error): promise.fail(error)
                }
            }
        }
    }

    /// Names the request within its client.
    let id: UInt64

    /// The bytes to send.
    let bytes: ByteBuffer

    /// Replies that the request has coming.
    var missing: Int

    /// Whether the outcome is the list of replies rather than the one.
    let isPipeline: Bool

    /// Replies so far, of a pipeline.
    var replies: [RedisValue] = []

    /// Nil when nobody waits any more; the request then only holds its place in the line.
    var waiter: Waiter?

    /// When the caller is told that there was no answer.
    let deadline: NIODeadline

    /// When a failed attempt to connect is final for it.
    let connectDeadline: NIODeadline

    /// How long a connection may be silent that owes the reply.
    let silenceMax: TimeAmount

    /// When a connection that has not answered it is given up, at the earliest.
    let connectionDeadline: NIODeadline

    let abandonment: RedisAbandonment
}

/// Waiters to be told, gathered under the lock and told outside of it.
struct RedisNotices {
    private var notices: [(RedisRequest.Waiter, Result<RedisValue, RedisError>)] = []

    mutating func add(_ waiter: RedisRequest.Waiter?, _ result: Result<RedisValue, RedisError>) {
        if let waiter { notices.append((waiter, result)) }
    }

    func send() {
        for (waiter, result) in notices { waiter.finish(result) }
    }
}
