import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing

@Suite struct ResponseTests {
    @Test(
        "hands over every status with its body",
        arguments: [200, 201, 204, 301, 400, 401, 404, 422, 429, 500, 503]
    )
    func statuses(status: Int) async throws {
        let body: [UInt8] = status == 204 ? [] : Array("body of \(status)".utf8)
        let response = try await LocalServer.serve(
            Replies { _ in
                .whole(status, headers: [("X-Kind", "a"), ("x-kind", "b")], body: body)
            }
        ) { server in
            try await withClient { try await $0.send(HTTPRequest(url: server.url + "/x")) }
        }
        #expect(response.status == status)
        #expect(response.body == body)
        #expect(response.headers.values("X-KIND") == ["a", "b"])
        #expect(response.head.version == .http1)
    }

    @Test(
        "sends method, headers and body as given",
        arguments: [
            (HTTPMethod.get, ""), (.head, ""), (.post, ""), (.post, "{\"a\":1}"), (.put, "text"),
            (.patch, "\u{0}\u{1}binary"), (.delete, ""), (.delete, "why"),
        ]
    )
    func requests(method: HTTPMethod, body: String) async throws {
        try await LocalServer.serve(Replies { _ in .whole(200, body: [1, 2, 3]) }) { server in
            let response = try await withClient { client in
                try await client.send(
                    HTTPRequest(
                        method: method,
                        url: server.url + "/path?a=%20b",
                        headers: [HTTPHeader("X-Given", "value"), HTTPHeader("X-Empty", "")],
                        body: Array(body.utf8)
                    )
                )
            }
            #expect(response.body == (method == .head ? [] : [1, 2, 3]))
            let received = try #require(server.requests.first)
            #expect(received.method == method.rawValue)
            #expect(received.uri == "/path?a=%20b")
            #expect(received["X-Given"] == "value")
            #expect(received["X-Empty"] == "")
            #expect(received["User-Agent"] == "ringback")
            #expect(received["Expect"] == nil)
            #expect(received["Content-Type"] == nil)
            #expect(received.body == Array(body.utf8))
        }
    }

    @Test("reads a body of many megabytes, sized and chunked", arguments: [true, false])
    func bigBodies(isChunked: Bool) async throws {
        let size = 20 * 1_024 * 1_024
        let response = try await LocalServer.serve(
            Replies { _ in
                isChunked
                    ? .pieces(count: size / 65_536, size: 65_536)
                    : .whole(200, body: [UInt8](repeating: 7, count: size))
            }
        ) { server in
            try await withClient { try await $0.send(HTTPRequest(url: server.url)) }
        }
        #expect(response.body.count == size)
    }

    @Test("sends a body of many megabytes")
    func bigUpload() async throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0) }
        try await LocalServer.serve(Replies { _ in .whole(200) }) { server in
            _ = try await withClient { client in
                try await client.send(HTTPRequest(method: .post, url: server.url, body: body))
            }
            #expect(server.requests.first?.body == body)
        }
    }

    @Test("asks for compression and undoes it")
    func compression() async throws {
        // "compressed body" through gzip, written down.
        let zipped = try #require(
            Data(base64Encoded: "H4sIAAAAAAACA0vOzy0oSi0uTk1RSMpPqQQAt7T7OA8AAAA=")
        )
        try await LocalServer.serve(
            Replies { _ in
                .whole(200, headers: [("content-encoding", "gzip")], body: Array(zipped))
            }
        ) { server in
            let response = try await withClient { client in
                try await client.send(HTTPRequest(url: server.url))
            }
            #expect(String(decoding: response.body, as: UTF8.self) == "compressed body")
            #expect(server.requests.first?["accept-encoding"]?.contains("gzip") == true)
        }
    }

    @Test("does not follow a redirect")
    func redirect() async throws {
        try await LocalServer.serve(
            Replies { _ in
                .whole(302, headers: [("location", "/elsewhere")])
            }
        ) { server in
            let response = try await withClient { client in
                try await client.send(HTTPRequest(url: server.url + "/here"))
            }
            #expect(response.status == 302)
            #expect(response.headers["location"] == "/elsewhere")
            #expect(server.requests.map(\.uri) == ["/here"])
        }
    }

    @Test("follows as many redirects as it may, when told to")
    func followedRedirect() async throws {
        try await LocalServer.serve(
            Replies { request in
                request.uri == "/end"
                    ? .whole(200, body: [9]) : .whole(302, headers: [("location", "/end")])
            }
        ) { server in
            let response = try await withClient { client in
                try await client.send(HTTPRequest(url: server.url + "/here", redirectsMax: 1))
            }
            #expect(response.status == 200)
            #expect(response.body == [9])
            #expect(response.headers["location"] == nil)
        }
        try await LocalServer.serve(
            Replies { _ in
                .whole(302, headers: [("location", "/again")])
            }
        ) { server in
            await #expect(throws: HTTPError.tooManyRedirects) {
                try await withClient { client in
                    try await client.send(HTTPRequest(url: server.url, redirectsMax: 2))
                }
            }
        }
    }

    @Test(
        "skips interim answers and reads odd heads",
        arguments: [
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nx: 1\r\n\r\nok",
            "HTTP/1.1 200\r\nX:1\r\n\r\nok",
            "HTTP/1.0 200 Fine\nx:   1  \n\nok",
        ]
    )
    func oddHeads(text: String) async throws {
        let response = try await LocalServer.serve(Replies { _ in .raw(text) }) { server in
            try await withClient { try await $0.send(HTTPRequest(url: server.url)) }
        }
        #expect(response.status == 200)
        #expect(response.headers["x"] == "1")
        #expect(response.headers["link"] == nil)
        #expect(response.body == Array("ok".utf8))
    }

    @Test(
        "refuses a request that cannot be put on the wire",
        arguments: [
            HTTPRequest(url: "ftp://127.0.0.1/"), HTTPRequest(url: "file:///etc/passwd"),
            HTTPRequest(url: "/path"), HTTPRequest(url: ""),
            HTTPRequest(url: "http://127.0.0.1/a b"),
            HTTPRequest(url: "http://127.0.0.1/\r\nX: y"),
            HTTPRequest(method: HTTPMethod(rawValue: "GET X"), url: "http://127.0.0.1/"),
            HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPHeader("a b", "c")]),
            HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPHeader("a", "c\r\nd: e")]),
            HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPHeader("", "c")]),
            HTTPRequest(url: "http://127.0.0.1/", responseBytesMax: -1),
            HTTPRequest(url: "http://[::1"),
        ]
    )
    func badRequests(request: HTTPRequest) async throws {
        try await withClient { client in
            let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
            guard case .invalidRequest = error else {
                Issue.record("not refused as a bad request: \(String(describing: error))")
                return
            }
        }
    }
}
