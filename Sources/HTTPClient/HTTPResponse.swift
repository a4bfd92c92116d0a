/// What a response says before its body.
package struct HTTPResponseHead: Sendable, Equatable {
    package var status: Int
    package var headers: HTTPHeaders
    package var version: HTTPVersion

    package init(status: Int, headers: HTTPHeaders, version: HTTPVersion) {
        self.status = status
        self.headers = headers
        self.version = version
    }
}

/// A whole response.
package struct HTTPResponse: Sendable, Equatable {
    package var head: HTTPResponseHead

    /// The body, decompressed.
    package var body: [UInt8]

    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }
}

/// The protocol's version, as the status line names it.
package enum HTTPVersion: String, Sendable, Equatable {
    case http1 = "1"
    case http2 = "2"
    case http3 = "3"
}
