import Ambient
import HTTPClient
import TestSupport
import Testing

@Suite struct StreamTests {
    @Test("gives the head before the body has ended, then every byte in order")
    func wholeStream() async throws {
        try await LocalServer.serve(Replies { _ in .pieces(count: 256, size: 10_000) }) { server in
            try await withClient { client in
                let stream = try await client.stream(HTTPRequest(url: server.url))
                #expect(stream.status == 200)
                var bytes: [UInt8] = []
                for try await piece in stream.body {
                    #expect(!piece.isEmpty)
                    bytes += piece
                }
                let expected = (0..<256).flatMap { [UInt8](repeating: UInt8($0), count: 10_000) }
                #expect(bytes == expected)
            }
        }
    }

    @Test("a slow reader pauses the transfer, and nothing is lost")
    func backPressure() async throws {
        let size = 8 * HTTPLimits.streamBufferBytesMax
        try await LocalServer.serve(
            Replies { _ in
                .whole(200, body: [UInt8](repeating: 5, count: size))
            }
        ) { server in
            try await withClient { client in
                let stream = try await client.stream(HTTPRequest(url: server.url))
                // Other work of the client shows that its thread goes on while this one waits.
                for _ in 0..<3 {
                    _ = try await client.send(HTTPRequest(method: .head, url: server.url))
                }
                var count = 0
                var largest = 0
                for try await piece in stream.body {
                    count += piece.count
                    largest = max(largest, piece.count)
                    _ = try await client.send(HTTPRequest(method: .head, url: server.url))
                }
                #expect(count == size)
                // One read of libcurl may come on top of a buffer that is nearly full.
                #expect(largest <= HTTPLimits.streamBufferBytesMax + 1_024 * 1_024)
                #expect(client.figures.pauses == 1)
            }
        }
    }

    @Test("the time for which a reader pauses a stream is not the server's silence")
    func pausedIdle() async throws {
        let size = 4 * HTTPLimits.streamBufferBytesMax
        try await LocalServer.serve(
            Replies { request in
                request.uri == "/slow"
                    ? .silence : .whole(200, body: [UInt8](repeating: 5, count: size))
            }
        ) { server in
            try await withClient { client in
                let stream = try await client.stream(
                    HTTPRequest(url: server.url, timeouts: limits(idle: .milliseconds(40)))
                )
                // A limit that is longer than the stream's own passes meanwhile.
                await #expect(throws: HTTPError.timeout(.firstByte)) {
                    try await client.send(
                        HTTPRequest(
                            url: server.url + "/slow",
                            timeouts: limits(firstByte: .milliseconds(200))
                        )
                    )
                }
                var count = 0
                for try await piece in stream.body { count += piece.count }
                #expect(count == size)
            }
        }
    }

    @Test("a stream says how it ended", arguments: [true, false])
    func badEnds(isCut: Bool) async throws {
        try await LocalServer.serve(
            Replies { _ in
                isCut ? .cut(after: [1, 2], promised: 9) : .stall(after: [1, 2])
            }
        ) { server in
            try await withClient { client in
                let request = HTTPRequest(
                    url: server.url,
                    timeouts: limits(idle: isCut ? .seconds(60) : .milliseconds(50))
                )
                let stream = try await client.stream(request)
                var bytes: [UInt8] = []
                let error = await #expect(throws: HTTPError.self) {
                    for try await piece in stream.body { bytes += piece }
                }
                #expect(bytes == [1, 2])
                #expect(error == (isCut ? .partial(received: 2) : .timeout(.idle)))
            }
        }
    }

    @Test("what goes wrong before the head is thrown by the call")
    func failedHead() async throws {
        try await LocalServer.serve(Replies { _ in .hangUp }) { server in
            try await withClient { client in
                await #expect(throws: HTTPError.closed) {
                    _ = try await client.stream(HTTPRequest(url: server.url))
                }
            }
        }
    }

    @Test("a stream that is dropped ends its transfer")
    func dropped() async throws {
        try await LocalServer.serve(Replies { _ in .stall(after: [1]) }) { server in
            try await withClient { client in
                do {
                    let stream = try await client.stream(
                        HTTPRequest(url: server.url, timeouts: limits(total: nil))
                    )
                    #expect(stream.status == 200)
                }
                await server.wait(for: .closed)
            }
        }
    }

    @Test("cancelling a reader ends the transfer and the wait")
    func cancelledReader() async throws {
        try await LocalServer.serve(Replies { _ in .stall(after: [1]) }) { server in
            try await withClient { client in
                let (pieces, continuation) = AsyncStream<[UInt8]>.makeStream()
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let stream = try await client.stream(
                            HTTPRequest(url: server.url, timeouts: limits(total: nil))
                        )
                        for try await piece in stream.body { continuation.yield(piece) }
                    }
                    for await piece in pieces {
                        #expect(piece == [1])
                        break
                    }
                    group.cancelAll()
                    await #expect(throws: HTTPError.cancelled) { try await group.next() }
                }
                await server.wait(for: .closed)
            }
        }
    }
}
