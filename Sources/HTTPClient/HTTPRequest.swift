/// A request, with all limits it is made under.
package struct HTTPRequest: Sendable, Equatable {
    package var method: HTTPMethod

    /// An absolute `http` or `https` URL, percent-encoded.
    package var url: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var timeouts: HTTPTimeouts

    /// Most bytes of the response's body, after decompression.
    package var responseBytesMax: Int

    /// Redirects followed; all of the request's headers are sent to the new place too, so leave
    /// it at zero when one of them is a secret.
    package var redirectsMax: Int

    /// Which networks it may lead into.
    package var reach: HTTPReach

    package init(
        method: HTTPMethod = .get,
        url: String,
        headers: HTTPHeaders = [],
        body: [UInt8] = [],
        timeouts: HTTPTimeouts = HTTPTimeouts(),
        responseBytesMax: Int = 64 * 1_024 * 1_024,
        redirectsMax: Int = 0,
        reach: HTTPReach = .anywhere
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.responseBytesMax = responseBytesMax
        self.redirectsMax = redirectsMax
        self.reach = reach
    }

    /// Checks what libcurl would otherwise put on the wire unread.
    ///
    /// - Throws: `HTTPError.invalidRequest` with a reason that quotes nothing.
    func check() throws(HTTPError) {
        guard HTTPToken.isToken(method.rawValue) else {
            throw .invalidRequest(reason: "the method is no token")
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw .invalidRequest(reason: "the URL has no http or https scheme")
        }
        // A space or a line break in a URL could smuggle a second request.
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .invalidRequest(reason: "the URL has a space or a control character")
        }
        for header in headers {
            guard HTTPToken.isToken(header.name) else {
                throw .invalidRequest(reason: "a header's name is no token")
            }
            guard header.bytes.allSatisfy({ $0 != 0 && $0 != 0x0A && $0 != 0x0D }) else {
                throw .invalidRequest(reason: "a header's value has a line break or a zero")
            }
        }
        guard responseBytesMax >= 0, redirectsMax >= 0 else {
            throw .invalidRequest(reason: "a limit is negative")
        }
    }
}

/// Which networks a request may lead into.
package enum HTTPReach: Sendable, Equatable {
    case anywhere

    /// Only addresses of the public internet, whatever a name resolves to; for addresses that others
    /// gave us.
    ///
    /// Each address is looked at when its connection is made, so that a name that answers
    /// differently the second time leads nowhere. No proxy is used, for it would look the name
    /// up by itself, and no connection is shared with requests that may go anywhere.
    case publicOnly
}

/// A method by its name; the usual ones have a constant.
package struct HTTPMethod: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let get = Self(rawValue: "GET")
    package static let head = Self(rawValue: "HEAD")
    package static let post = Self(rawValue: "POST")
    package static let put = Self(rawValue: "PUT")
    package static let patch = Self(rawValue: "PATCH")
    package static let delete = Self(rawValue: "DELETE")
}

/// How long each part of a request may take.
package struct HTTPTimeouts: Sendable, Equatable {
    package var connect: Duration
    package var firstByte: Duration

    /// Between two pieces of the body; time in which a stream's reader pauses it does not count.
    package var idle: Duration

    /// From submission to the last byte; nil for streams that may last.
    package var total: Duration?

    package init(
        connect: Duration = .seconds(10),
        firstByte: Duration = .seconds(30),
        idle: Duration = .seconds(30),
        total: Duration? = .seconds(120)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}

/// The grammar of names in HTTP, RFC 9110 section 5.6.2.
enum HTTPToken {
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
