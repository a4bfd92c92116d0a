package import Ambient
package import Logging
package import NIOCore
import NIOSSL
import Synchronization

/// One connection to Redis, made when it is needed and made again when it is lost.
///
/// Any number of tasks may use it at once: their commands are pipelined, and all that come up
/// within one turn of the event loop go out in one write. One that nothing stands before is written
/// by its caller, without waking the loop. A command that was cancelled or timed out keeps its place
/// in the line of replies, so it never shifts those of others. Commands that block (`BLPOP`) belong
/// on a client of their own. Must be closed.
package final class RedisClient: RedisExecutor, Sendable {
    /// Bytes after which a write is passed on: about what a socket's buffer takes.
    static let writeBytes = 64 * 1024

    package let configuration: RedisConfiguration

    /// Where the connection lives, its timers fire and its futures complete.
    package let eventLoop: any EventLoop

    /// Runs tasks where the connection lives.
    package let executor: EventLoopExecutor

    let ambient: Ambient
    let logger: Logger
    let tlsContext: NIOSSLContext?
    let line = Mutex(RedisLine())
    private let nextID = Atomic<UInt64>(1)

    /// A client that does nothing until its first command.
    ///
    /// - Parameters:
    ///   - configuration: Where the server is, and the limits.
    ///   - eventLoop: Where the connection lives.
    ///   - executor: That of another client on the same event loop, whose tasks wait for this one's
    ///     replies, too.
    ///   - ambient: Chance, for the jitter of the backoff.
    ///   - logger: Told of connections made and lost.
    /// - Throws: `RedisTLSError` when the file of the authorities cannot be read.
    package init(
        _ configuration: RedisConfiguration,
        on eventLoop: any EventLoop,
        executor: EventLoopExecutor? = nil,
        ambient: Ambient,
        logger: Logger
    ) throws(RedisTLSError) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.executor = executor ?? EventLoopExecutor(eventLoop)
        self.ambient = ambient
        self.logger = logger
        tlsContext = try configuration.tls.map { tls throws(RedisTLSError) in
            try RedisTLSError.context(tls)
        }
    }

    /// Ends the connection for good; what waits fails with `RedisError.closed`.
    package func close() async {
        var notices = RedisNotices()
        let channel = line.withLock { line in
            line.isShutDown = true
            line.generation += 1
            let channel = line.disconnected(telling: .closed, &notices)
            line.refuseWaiting(.closed, &notices)
            return channel
        }
        notices.send()
        guard let channel else { return }
        channel.close(promise: nil)
        await withCheckedContinuation { continuation in
            channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }

    // MARK: Commands

    package func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await send(command, timeout: nil)
    }

    /// Sends one command with limits of its own.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - timeout: Time limit instead of the configured one; a blocking command needs one that is
    ///     longer than its own.
    ///   - abandonment: What happens when the task is cancelled or the time is up.
    /// - Returns: The reply.
    /// - Throws: `RedisError`, as `RedisExecutor` says.
    package func send(
        _ command: RedisCommand,
        timeout: Duration?,
        abandonment: RedisAbandonment = .keepsConnection
    ) async throws(RedisError) -> RedisValue {
        let value = try await reply(
            to: RedisFormatter.formatted(command),
            timeout: timeout,
            abandonment: abandonment
        )
        if case .error(let error) = value { throw .server(error) }
        return value
    }

    package func pipeline(
        _ commands: [RedisCommand]
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        var bytes = ByteBuffer()
        for command in commands { bytes.writeImmutableBuffer(RedisFormatter.formatted(command)) }
        let value = try await reply(to: bytes, pipelined: commands.count)
        guard case .array(let replies) = value else {
            preconditionFailure("A pipeline ends with the list of its replies.")
        }
        return replies
    }

    package func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue {
        let bytes = RedisFormatter.formatted(
            evaluating: script,
            byDigest: true,
            keys: keys,
            arguments: arguments
        )
        var value = try await reply(to: bytes)
        if value == .error(.noScript) {
            value = try await reply(
                to: RedisFormatter.formatted(
                    evaluating: script,
                    byDigest: false,
                    keys: keys,
                    arguments: arguments
                )
            )
        }
        if case .error(let error) = value { throw .server(error) }
        return value
    }

    package func evaluateThroughCancellation(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue {
        let future = evaluateFuture(script, keys: keys, arguments: arguments)
        let result: Result<RedisValue, RedisError> = await withCheckedContinuation { waiter in
            future.whenComplete { result in
                waiter.resume(returning: result.mapError { $0 as? RedisError ?? .closed })
            }
        }
        return try result.get()
    }

    /// Sends a command from an event loop; fails with `RedisError`.
    package func sendFuture(
        _ command: RedisCommand,
        timeout: Duration? = nil
    ) -> EventLoopFuture<RedisValue> {
        future(RedisFormatter.formatted(command), timeout: timeout)
    }

    /// Runs a script from an event loop, like `evaluate`; fails with `RedisError`.
    package func evaluateFuture(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]],
        timeout: Duration? = nil
    ) -> EventLoopFuture<RedisValue> {
        let bytes = RedisFormatter.formatted(
            evaluating: script,
            byDigest: true,
            keys: keys,
            arguments: arguments
        )
        return future(bytes, timeout: timeout).flatMapError { error in
            guard error as? RedisError == .server(.noScript) else {
                return self.eventLoop.makeFailedFuture(error)
            }
            let whole = RedisFormatter.formatted(
                evaluating: script,
                byDigest: false,
                keys: keys,
                arguments: arguments
            )
            return self.future(whole, timeout: timeout)
        }
    }

    /// Calls a body on the event loop again and again, each time after the last one's future.
    ///
    /// Needs no thread of the cooperative pool, so it goes on however busy tasks are.
    ///
    /// - Parameters:
    ///   - initialDelay: Time before the first call.
    ///   - interval: Time from one call's end to the next call.
    ///   - body: Must not block.
    /// - Returns: What cancels it.
    package func scheduleRepeated(
        after initialDelay: Duration = .zero,
        every interval: Duration,
        _ body: @escaping @Sendable () -> EventLoopFuture<Void>
    ) -> RepeatedTask {
        eventLoop.scheduleRepeatedAsyncTask(
            initialDelay: TimeAmount(initialDelay),
            delay: TimeAmount(interval)
        ) { _ in body() }
    }

    // MARK: Requests

    private func reply(
        to bytes: ByteBuffer,
        pipelined count: Int? = nil,
        timeout: Duration? = nil,
        abandonment: RedisAbandonment = .keepsConnection
    ) async throws(RedisError) -> RedisValue {
        // The reply could otherwise be faster than the cancellation that comes after the request.
        guard !Task.isCancelled else { throw .cancelled }
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let result: Result<RedisValue, RedisError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(
                    request(
                        id,
                        bytes,
                        pipelined: count,
                        waiter: .task(continuation),
                        timeout: timeout,
                        abandonment: abandonment
                    )
                )
                // A cancellation from before the request stood in the line did not find it.
                if Task.isCancelled { abandon(id) }
            }
        } onCancel: {
            abandon(id)
        }
        return try result.get()
    }

    private func future(_ bytes: ByteBuffer, timeout: Duration?) -> EventLoopFuture<RedisValue> {
        let promise = eventLoop.makePromise(of: RedisValue.self)
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        submit(request(id, bytes, waiter: .future(promise), timeout: timeout))
        return promise.futureResult
    }

    private func request(
        _ id: UInt64,
        _ bytes: ByteBuffer,
        pipelined count: Int? = nil,
        waiter: RedisRequest.Waiter,
        timeout: Duration?,
        abandonment: RedisAbandonment = .keepsConnection
    ) -> RedisRequest {
        let limits = configuration.limits
        let now = NIODeadline.now()
        let silenceMax = TimeAmount(max(timeout ?? .zero, limits.commandTimeout))
        return RedisRequest(
            id: id,
            bytes: bytes,
            missing: count ?? 1,
            isPipeline: count != nil,
            waiter: waiter,
            deadline: now + TimeAmount(timeout ?? limits.commandTimeout),
            connectDeadline: now + TimeAmount(limits.connectPatience),
            silenceMax: silenceMax,
            connectionDeadline: now + silenceMax,
            abandonment: abandonment
        )
    }

    private func submit(_ request: RedisRequest) {
        enum Next {
            case write(RedisWire)
            case tick
            case nothing
            case refuse(RedisError)
        }
        let isElsewhere = !eventLoop.inEventLoop
        let next: Next = line.withLock { line in
            guard !line.isShutDown else { return .refuse(.closed) }
            guard line.waiting.count + line.inFlight.count < configuration.limits.commandsMax else {
                return .refuse(.cannotConnect(reason: "too many commands wait"))
            }
            if isElsewhere, let wire = line.wire(request) { return .write(wire) }
            line.append(request)
            guard !line.isTickScheduled else { return .nothing }
            line.isTickScheduled = true
            return .tick
        }
        switch next {
        case .write(let wire): write(request.bytes, to: wire)
        case .tick: eventLoop.execute { self.tick() }
        case .nothing: return
        case .refuse(let error): request.waiter?.finish(.failure(error))
        }
    }

    /// Writes a request without the event loop, which is woken only where it has something to do.
    private func write(_ bytes: ByteBuffer, to wire: RedisWire) {
        var rest = bytes
        rest.moveReaderIndex(forwardBy: wire.write(bytes))
        let needsLoop = line.withLock { line in
            let left = rest.readableBytes > 0 ? rest : nil
            guard let goesOn = line.wired(wire, rest: left) else { return false }
            let isTimed = line.timer.map { timer in line.due.map { timer <= $0 } ?? true } ?? false
            guard goesOn || !isTimed, !line.isTickScheduled else { return false }
            line.isTickScheduled = true
            return true
        }
        if needsLoop { eventLoop.execute { self.tick() } }
    }

    private func abandon(_ id: UInt64) {
        var notices = RedisNotices()
        let channel: (any Channel)? = line.withLock { line in
            guard line.abandoned(id, &notices) else { return nil }
            line.generation += 1
            return line.disconnected(telling: .closed, &notices)
        }
        notices.send()
        guard let channel else { return }
        channel.close(promise: nil)
        // What waits needs a new connection, and nobody else tells.
        eventLoop.execute { self.tick() }
    }
}
