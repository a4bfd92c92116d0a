/// A response whose body is still arriving.
package struct HTTPStream: Sendable {
    package let head: HTTPResponseHead

    /// The body's pieces, to be read once and by one task at a time.
    package let body: Body

    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }

    /// The pieces of a body as they arrive, decompressed, none of them empty.
    package struct Body: AsyncSequence, Sendable {
        package typealias Element = [UInt8]
        package typealias Failure = HTTPError

        let transfer: StreamedTransfer

        package func makeAsyncIterator() -> Iterator {
            Iterator(transfer: transfer)
        }
    }

    package struct Iterator: AsyncIteratorProtocol {
        let transfer: StreamedTransfer

        package mutating func next() async throws(HTTPError) -> [UInt8]? {
            try await transfer.next()
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPError) -> [UInt8]? {
            try await transfer.next()
        }
    }
}

/// The reader's end of a transfer; its last reference ends the transfer.
final class StreamedTransfer: Sendable {
    private let loop: CurlLoop
    private let ticket: Ticket
    private let channel: BodyChannel

    init(loop: CurlLoop, ticket: Ticket, channel: BodyChannel) {
        self.loop = loop
        self.ticket = ticket
        self.channel = channel
    }

    deinit {
        loop.cancel(ticket)
    }

    func next() async throws(HTTPError) -> [UInt8]? {
        let taken: BodyChannel.Taken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.take(continuation)
            }
        } onCancel: {
            loop.cancel(ticket)
        }
        if taken.canResume {
            loop.resume(ticket)
        }
        return try taken.result.get()
    }
}
