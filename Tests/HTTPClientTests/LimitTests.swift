import Ambient
import HTTPClient
import TestSupport
import Testing

@Suite struct LimitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reply: Reply
        var timeouts: HTTPTimeouts = limits()
        var bytesMax = 1_000_000
        var error: HTTPError
    }

    static let cases = [
        Case(
            testDescription: "slow first byte",
            reply: .silence,
            timeouts: limits(firstByte: .milliseconds(60)),
            error: .timeout(.firstByte)
        ),
        Case(
            testDescription: "stalled body",
            reply: .stall(after: [1, 2, 3]),
            timeouts: limits(idle: .milliseconds(60)),
            error: .timeout(.idle)
        ),
        Case(
            testDescription: "total before the first byte",
            reply: .silence,
            timeouts: limits(total: .milliseconds(60)),
            error: .timeout(.total)
        ),
        Case(
            testDescription: "total within the body",
            reply: .stall(after: [1, 2, 3]),
            timeouts: limits(total: .milliseconds(60)),
            error: .timeout(.total)
        ),
        Case(testDescription: "hang-up", reply: .hangUp, error: .closed),
        Case(
            testDescription: "cut body",
            reply: .cut(after: [1, 2, 3], promised: 10),
            error: .partial(received: 3)
        ),
        Case(
            testDescription: "cut in a chunked body",
            reply: .raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
            error: .partial(received: 2)
        ),
        Case(
            testDescription: "cut within the head",
            reply: .raw("HTTP/1.1 200 OK\r\nx: y"),
            error: .closed
        ),
        Case(
            testDescription: "announced too large",
            reply: .whole(200, body: [UInt8](repeating: 0, count: 1_001)),
            bytesMax: 1_000,
            error: .tooLarge(limit: 1_000)
        ),
        Case(
            testDescription: "too large on the way",
            reply: .pieces(count: 11, size: 100),
            bytesMax: 1_000,
            error: .tooLarge(limit: 1_000)
        ),
        Case(
            testDescription: "endless head",
            reply: .whole(
                200,
                headers: (0..<3_000).map { ("x-\($0)", String(repeating: "y", count: 100)) }
            ),
            error: .tooLarge(limit: HTTPLimits.headBytesMax)
        ),
    ]

    @Test("names the limit or the fault that ended a request", arguments: cases)
    func faults(fault: Case) async throws {
        try await LocalServer.serve(Replies { _ in fault.reply }) { server in
            await #expect(throws: fault.error) {
                try await withClient { client in
                    try await client.send(
                        HTTPRequest(
                            url: server.url,
                            timeouts: fault.timeouts,
                            responseBytesMax: fault.bytesMax
                        )
                    )
                }
            }
        }
    }

    @Test("takes a body that is exactly as large as allowed", arguments: [0, 1, 1_000])
    func exactSize(size: Int) async throws {
        let body = [UInt8](repeating: 1, count: size)
        let response = try await LocalServer.serve(Replies { _ in .whole(200, body: body) }) {
            server in
            try await withClient { client in
                try await client.send(HTTPRequest(url: server.url, responseBytesMax: size))
            }
        }
        #expect(response.body == body)
    }

    @Test("what answers with no HTTP is malformed", arguments: ["hello\r\n\r\n", "SSH-2.0-x\r\n"])
    func noHTTP(text: String) async throws {
        try await LocalServer.serve(Replies { _ in .raw(text) }) { server in
            let error = await #expect(throws: HTTPError.self) {
                try await withClient { try await $0.send(HTTPRequest(url: server.url)) }
            }
            guard case .malformedResponse = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
        }
    }

    @Test("a broken content coding is malformed")
    func brokenCoding() async throws {
        try await LocalServer.serve(
            Replies { _ in
                .whole(200, headers: [("content-encoding", "gzip")], body: Array("not gzip".utf8))
            }
        ) { server in
            let error = await #expect(throws: HTTPError.self) {
                try await withClient { try await $0.send(HTTPRequest(url: server.url)) }
            }
            guard case .malformedResponse = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
        }
    }

    @Test("an unknown name and a closed port are told apart")
    func noServer() async throws {
        try await withClient { client in
            await #expect(throws: HTTPError.cannotResolve) {
                try await client.send(HTTPRequest(url: "http://no-such-host.invalid/"))
            }
            let port = try DeafPort()
            defer { withExtendedLifetime(port) {} }
            let error = await #expect(throws: HTTPError.self) {
                try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port.number)/"))
            }
            guard case .cannotConnect = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
        }
    }

    @Test("errors show neither URL nor header nor body")
    func noSecrets() async throws {
        let secret = "sk_hush_hush"
        let faults: [HTTPRequest] = [
            HTTPRequest(url: "http://\(secret).invalid/\(secret)"),
            HTTPRequest(url: "http://127.0.0.1/\(secret) "),
            HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPHeader("k", "\(secret)\n")]),
            HTTPRequest(url: "http://[\(secret)/"),
        ]
        try await withClient { client in
            for fault in faults {
                let error = await #expect(throws: HTTPError.self) { try await client.send(fault) }
                #expect(!String(reflecting: error).contains(secret))
            }
        }
    }
}
