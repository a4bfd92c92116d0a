import Ambient
import Foundation
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// Serves a simulation over HTTP.
package struct SimulatorServer: Service {
    private let simulation: SimulatedUpstream
    private let host: String
    private let port: Int
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// Request bodies beyond this are refused.
    private static let bodyBytesMax = 1_048_576

    /// A server that listens on a host and a port, or on any free port when that is 0.
    ///
    /// Calls `onListening` once, with the port, when it accepts requests.
    package init(
        _ simulation: SimulatedUpstream,
        host: String = "127.0.0.1",
        port: Int,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.simulation = simulation
        self.host = host
        self.port = port
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        let onListening = onListening
        let app = Application(
            responder: Self.responder(simulation),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: "uvicorn"
            ),
            onServerRunning: { channel in
                await onListening(channel.localAddress?.port ?? 0)
            },
            logger: logger
        )
        do {
            try await app.run()
        } catch let error as IOError {
            let reason = error.errnoCode == EADDRINUSE ? "it is in use" : error.description
            throw ServerProblem(line: "cannot listen on \(host):\(port): \(reason)")
        }
    }

    private static func responder(
        _ simulation: SimulatedUpstream
    ) -> CallbackResponder<BasicRequestContext> {
        CallbackResponder { request, _ in
            var request = request
            let body: ByteBuffer
            do {
                body = try await request.collectBody(upTo: Self.bodyBytesMax)
            } catch is NIOTooManyBytesError {
                return response(APIReply(413, ["detail": "Request body too large"]), simulation)
            }
            var received = APIRequest(request.method.rawValue, request.uri.string, body: body)
            received.apiKey = HTTPField.Name("xi-api-key").flatMap { request.headers[$0] }
            let reply = simulation.reply(to: received)
            if reply.delay > .zero { try await simulation.ambient.sleep(for: reply.delay) }
            return response(reply, simulation)
        }
    }

    private static func response(_ reply: APIReply, _ simulation: SimulatedUpstream) -> Response {
        var headers: HTTPFields = [.contentType: reply.contentType]
        let identifier = simulation.requestID()
        let extra = [
            ("request-id", identifier), ("x-trace-id", identifier), ("x-region", "us-central1"),
        ]
        for (name, value) in reply.headers + extra {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: .init(code: reply.status),
            headers: headers,
            body: body(of: reply, simulation.ambient)
        )
    }

    /// Pieces of a body that drips.
    private static let drops = 20

    private static func dripping(
        _ buffer: ByteBuffer,
        _ time: Duration,
        _ ambient: Ambient
    ) -> ResponseBody {
        let size = max(1, (buffer.readableBytes + drops - 1) / drops)
        return ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while let drop = rest.readSlice(length: min(size, rest.readableBytes)),
                drop.readableBytes > 0
            {
                try await writer.write(drop)
                try await ambient.sleep(for: time / drops)
            }
            try await writer.finish(nil)
        }
    }

    private static func body(of reply: APIReply, _ ambient: Ambient) -> ResponseBody {
        switch reply.body {
        case .whole(let buffer):
            if reply.drip > .zero { return dripping(buffer, reply.drip, ambient) }
            guard let share = reply.cutAfter else { return ResponseBody(byteBuffer: buffer) }
            let kept = min(buffer.readableBytes - 1, Int(share * Double(buffer.readableBytes)))
            // The announced length is the whole one; ending early breaks the connection.
            return ResponseBody(contentLength: buffer.readableBytes) { writer in
                if let piece = buffer.getSlice(at: buffer.readerIndex, length: max(0, kept)) {
                    try await writer.write(piece)
                }
                throw CutShort()
            }
        case .pieces(let count, let piece):
            return ResponseBody { writer in
                for number in 0..<count {
                    try await writer.write(piece(number))
                    // A long body leaves room for other requests.
                    await Task.yield()
                }
                try await writer.finish(nil)
            }
        }
    }

    /// Thrown on purpose, so that the connection breaks within a body.
    private struct CutShort: Error {}
}

/// Why the server cannot run, in one line.
package struct ServerProblem: Error, Equatable {
    package let line: String
}
