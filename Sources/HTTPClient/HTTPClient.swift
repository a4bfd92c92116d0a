package import Ambient
import Synchronization

/// Makes HTTP requests with libcurl: many at once, on one thread, over shared connections.
///
/// Connections are kept and used again, with HTTP/2 where the other side offers it on TLS. Servers
/// must show a certificate that a known authority signed. Any task may call any method at any
/// time. One client is enough for a program.
package final class HTTPClient: Sendable {
    private let loop: CurlLoop
    private let ids = Atomic<UInt64>(0)

    /// A client with a thread of its own, which ends with `shutDown` or with the client.
    ///
    /// - Throws: `HTTPError.failed` when libcurl cannot start.
    package init(
        _ settings: HTTPClientSettings = HTTPClientSettings(),
        ambient: Ambient
    ) throws(HTTPError) {
        loop = try CurlLoop(settings: settings, elapsed: ambient.elapsed)
        loop.start()
    }

    deinit {
        loop.stop()
    }

    /// Makes a request and waits for the whole response.
    ///
    /// Cancelling the task ends the transfer at once.
    ///
    /// - Returns: The response, whatever its status.
    /// - Throws: `HTTPError` as its cases say.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try request.check()
        let ticket = Ticket(id: newID())
        let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(
                    Submission(ticket: ticket, request: request, sink: .whole(continuation))
                )
            }
        } onCancel: {
            loop.cancel(ticket)
        }
        return try result.get()
    }

    /// Makes a request and returns with the response's head; the body is read from the stream.
    ///
    /// A reader that is slower than the server pauses the transfer. A stream that is dropped
    /// before its end ends the transfer.
    ///
    /// - Throws: `HTTPError` for what happens before the head; the stream throws the rest.
    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        try request.check()
        let ticket = Ticket(id: newID())
        let channel = BodyChannel()
        let result: Result<HTTPResponseHead, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(
                    Submission(
                        ticket: ticket,
                        request: request,
                        sink: .stream(head: continuation, channel: channel)
                    )
                )
            }
        } onCancel: {
            loop.cancel(ticket)
        }
        let transfer = StreamedTransfer(loop: loop, ticket: ticket, channel: channel)
        return HTTPStream(head: try result.get(), body: HTTPStream.Body(transfer: transfer))
    }

    /// Ends all transfers with `HTTPError.shutDown`, closes the connections and ends the thread.
    ///
    /// Returns when the thread has let go of everything; may be called again.
    package func shutDown() async {
        await loop.shutDown()
    }

    /// What the client has done since it was made.
    package var figures: HTTPClientFigures { loop.figures() }

    private func newID() -> UInt64 {
        ids.add(1, ordering: .relaxed).newValue
    }
}

/// What holds for all requests of a client.
package struct HTTPClientSettings: Sendable, Equatable {
    package var proxy: HTTPProxy

    /// A file of certificates (PEM) to trust instead of the system's.
    package var authorityFile: String?

    /// Connections to one host at a time; more requests wait, in order.
    package var connectionsPerHostMax: Int

    /// Connections at a time, and how many are kept when idle.
    package var connectionsMax: Int

    /// Sent with every request that has no `User-Agent` of its own.
    package var userAgent: String

    package init(
        proxy: HTTPProxy = .direct,
        authorityFile: String? = nil,
        connectionsPerHostMax: Int = 32,
        connectionsMax: Int = 128,
        userAgent: String = "ringback"
    ) {
        precondition(connectionsPerHostMax >= 1, "A host needs at least one connection.")
        precondition(connectionsMax >= connectionsPerHostMax, "All is no less than one host's.")
        self.proxy = proxy
        self.authorityFile = authorityFile
        self.connectionsPerHostMax = connectionsPerHostMax
        self.connectionsMax = connectionsMax
        self.userAgent = userAgent
    }
}

/// Counts of a client; each only rises.
package struct HTTPClientFigures: Sendable, Equatable {
    package var requests = 0
    package var connectionsOpened = 0

    /// Times a stream's transfer was paused because its reader was slow.
    package var pauses = 0
}
