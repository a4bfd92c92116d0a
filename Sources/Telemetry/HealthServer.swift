import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Why the health endpoint does not answer.
package enum HealthServerError: Error, Sendable, Equatable {
    /// The address cannot be listened on: taken, or not of this machine.
    case cannotListen(address: String, reason: String)
}

/// Answers `GET /healthz` (200 or 503) and `GET /metrics` of one process.
package struct HealthServer: Sendable {
    /// Connections at once.
    ///
    /// One more is closed without an answer; a scraper and a probe need two.
    package static let connectionsMax = 16

    /// How long a connection may stay silent.
    private static let idle = TimeAmount.seconds(10)

    private let host: String
    private let port: Int
    private let metrics: @Sendable () async -> String
    private let health: @Sendable () async -> HealthReport

    /// A server for one address; port 0 lets the system choose.
    package init(
        host: String,
        port: Int,
        metrics: @escaping @Sendable () async -> String,
        health: @escaping @Sendable () async -> HealthReport
    ) {
        self.host = host
        self.port = port
        self.metrics = metrics
        self.health = health
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Serves until the task is cancelled.
    ///
    /// - Parameter listening: Told the port once connections are taken.
    /// - Throws: `HealthServerError.cannotListen`; `CancellationError` is not thrown.
    package func run(listening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let server: NIOAsyncChannel<Connection, Never>
        do {
            server = try await bind()
        } catch {
            throw HealthServerError.cannotListen(address: "\(host):\(port)", reason: "\(error)")
        }
        listening(server.channel.localAddress?.port ?? port)
        do {
            try await serve(server)
        } catch {
            // The end that was asked for, however the channel words it.
            guard Task.isCancelled else { throw error }
        }
    }

    private func serve(_ server: NIOAsyncChannel<Connection, Never>) async throws {
        let open = OpenConnections()
        try await withTaskCancellationHandler {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        let isFull = open.enter() > Self.connectionsMax
                        group.addTask {
                            await serve(connection, isFull: isFull)
                            open.leave()
                        }
                    }
                    group.cancelAll()
                }
            }
        } onCancel: {
            server.channel.close(promise: nil)
        }
    }

    private func bind() async throws -> NIOAsyncChannel<Connection, Never> {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false
                    )
                    try channel.pipeline.syncOperations.addHandlers(
                        IdleStateHandler(allTimeout: Self.idle),
                        CloseWhenIdle()
                    )
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Answers one request and closes: a probe asks once, a scraper every few seconds.
    private func serve(_ connection: Connection, isFull: Bool) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                guard !isFull else { return }
                for try await part in inbound {
                    guard case .head(let head) = part else { continue }
                    try await answer(head, to: outbound)
                    return
                }
            }
        } catch {
            // The other side went away or sent no HTTP: nobody is left to be told.
            return
        }
    }

    private func answer(
        _ request: HTTPRequestHead,
        to outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        let (status, type, body) = await reply(to: request)
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: type)
        headers.add(name: "content-length", value: String(body.utf8.count))
        headers.add(name: "cache-control", value: "no-store")
        headers.add(name: "connection", value: "close")
        if status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        try await outbound.write(.head(head))
        if request.method != .HEAD {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: body))))
        }
        try await outbound.write(.end(nil))
    }

    private func reply(
        to request: HTTPRequestHead
    ) async -> (status: HTTPResponseStatus, type: String, body: String) {
        let plain = "text/plain; charset=utf-8"
        guard request.method == .GET || request.method == .HEAD else {
            return (.methodNotAllowed, plain, "Only GET and HEAD are answered here.\n")
        }
        switch request.uri.prefix(while: { $0 != "?" }) {
        case "/healthz":
            let report = await health()
            return (
                report.isHealthy ? .ok : .serviceUnavailable, "application/json", report.json
            )
        case "/metrics":
            return (.ok, PrometheusText.contentType, await metrics())
        default:
            return (.notFound, plain, "There is /healthz and /metrics.\n")
        }
    }
}

/// How many connections are open.
private final class OpenConnections: Sendable {
    private let count = Atomic<Int>(0)

    /// Counts one more and returns how many there are with it.
    func enter() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }

    func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
}

/// Closes a connection on which nothing has moved for too long.
private final class CloseWhenIdle: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
