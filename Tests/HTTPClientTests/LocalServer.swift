import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// What the local server got.
struct Received: Sendable {
    var method: String
    var uri: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// How the local server answers one request.
enum Reply: Sendable {
    case whole(Int, headers: [(String, String)] = [], body: [UInt8] = [])

    /// Reads the request and never says anything.
    case silence

    /// A head that promises a long body, a few bytes, then nothing.
    case stall(after: [UInt8])

    /// A head that promises more than comes before the connection is closed.
    case cut(after: [UInt8], promised: Int)

    /// The connection is closed instead of an answer.
    case hangUp

    /// A chunked body: as many pieces of as many bytes.
    case pieces(count: Int, size: Int)

    /// These very bytes, then the end of the connection.
    case raw(String)
}

/// What the local server answers to each request.
struct Replies: Sendable {
    let reply: @Sendable (Received) -> Reply

    init(_ reply: @escaping @Sendable (Received) -> Reply) {
        self.reply = reply
    }
}

/// A server on an ephemeral port of the loopback that does what a test says.
final class LocalServer: Sendable {
    fileprivate struct Counts {
        var connections = 0
        var requests: [Received] = []
    }

    /// Something that a test may wait for.
    enum Event: Sendable {
        case request
        case closed
    }

    let port: Int
    let events: AsyncStream<Event>
    private let channel: any Channel
    private let counts: Counting

    fileprivate final class Counting: Sendable {
        fileprivate let state = Mutex(Counts())
        let events: AsyncStream<Event>.Continuation

        init(events: AsyncStream<Event>.Continuation) {
            self.events = events
        }
    }

    var connections: Int { counts.state.withLock { $0.connections } }
    var requests: [Received] { counts.state.withLock { $0.requests } }
    var url: String { "http://127.0.0.1:\(port)" }

    private init(
        channel: any Channel,
        port: Int,
        events: AsyncStream<Event>,
        counts: Counting
    ) {
        self.channel = channel
        self.port = port
        self.events = events
        self.counts = counts
    }

    static func start(
        tls: NIOSSLContext? = nil,
        _ reply: @escaping @Sendable (Received) -> Reply
    ) async throws -> LocalServer {
        let (events, continuation) = AsyncStream<Event>.makeStream()
        let counts = Counting(events: continuation)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    counts.state.withLock { $0.connections += 1 }
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(ReplyHandler(counts: counts, reply: reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LocalServer(
            channel: channel,
            port: channel.localAddress?.port ?? 0,
            events: events,
            counts: counts
        )
    }

    func stop() async throws {
        counts.events.finish()
        try await channel.close()
    }

    /// Runs a body with a server, and ends the server whatever happens.
    @discardableResult
    static func serve<Value: Sendable>(
        tls: NIOSSLContext? = nil,
        _ replies: Replies,
        _ body: (LocalServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(tls: tls, replies.reply)
        do {
            let value = try await body(server)
            try await server.stop()
            return value
        } catch {
            try await server.stop()
            throw error
        }
    }

    /// Waits until the server has seen something happen.
    func wait(for event: Event) async {
        for await seen in events where seen == event { return }
    }
}

/// Collects a request and writes its reply.
private final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let counts: LocalServer.Counting
    private let reply: @Sendable (Received) -> Reply
    private var received: Received?

    init(counts: LocalServer.Counting, reply: @escaping @Sendable (Received) -> Reply) {
        self.counts = counts
        self.reply = reply
    }

    func channelInactive(context: ChannelHandlerContext) {
        counts.events.yield(.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that goes away or refuses our certificate is what some tests are about.
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            received = Received(
                method: head.method.rawValue,
                uri: head.uri,
                headers: head.headers.map { ($0.name, $0.value) },
                body: []
            )
        case .body(let bytes):
            received?.body += bytes.readableBytesView
        case .end:
            guard let request = received else { return }
            received = nil
            counts.state.withLock { $0.requests.append(request) }
            counts.events.yield(.request)
            write(reply(request), to: request, context)
        }
    }

    private func write(_ reply: Reply, to request: Received, _ context: ChannelHandlerContext) {
        switch reply {
        case .whole(let status, let headers, let body):
            let isHead = request.method == "HEAD"
            head(status, headers + [("content-length", String(body.count))], context)
            if !isHead { piece(body, context) }
            end(context)
        case .silence:
            return
        case .stall(let bytes):
            head(200, [("content-length", "1000000")], context)
            piece(bytes, context)
            context.flush()
        case .cut(let bytes, let promised):
            head(200, [("content-length", String(promised))], context)
            piece(bytes, context)
            context.flush()
            context.close(promise: nil)
        case .hangUp:
            context.close(promise: nil)
        case .pieces(let count, let size):
            head(200, [("transfer-encoding", "chunked")], context)
            for index in 0..<count {
                piece([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size), context)
            }
            end(context)
        case .raw(let text):
            raw(text, context)
        }
    }

    private func head(
        _ status: Int,
        _ headers: [(String, String)],
        _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: HTTPHeaders(headers)
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func piece(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        guard !bytes.isEmpty else { return }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Writes past the encoder, from the head of the pipeline.
    private func raw(_ text: String, _ context: ChannelHandlerContext) {
        let bytes = ByteBuffer(string: text)
        do {
            let encoder = try context.pipeline.syncOperations.context(
                handlerType: HTTPResponseEncoder.self
            )
            encoder.writeAndFlush(NIOAny(bytes), promise: nil)
        } catch {
            preconditionFailure("An HTTP pipeline has an encoder.")
        }
        context.close(promise: nil)
    }
}
