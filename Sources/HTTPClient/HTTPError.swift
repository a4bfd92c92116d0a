/// What can go wrong with a request; an answer with an error status is not among it.
///
/// No case carries a URL, a header or a body, so none carries a secret.
package enum HTTPError: Error, Sendable, Equatable {
    /// The request cannot be put on the wire: bad URL, method or header.
    case invalidRequest(reason: String)

    /// The name of the host, or of the proxy, is not known.
    case cannotResolve

    /// Nobody accepts connections there, or the proxy refuses to make one.
    case cannotConnect(reason: String)

    /// No trusted, encrypted connection: unknown authority, wrong name, expired, no common cipher.
    case tls(reason: String)

    /// A time limit passed.
    case timeout(HTTPTimeoutPhase)

    /// The response's head or body is larger than the limit in bytes.
    case tooLarge(limit: Int)

    case tooManyRedirects

    /// The connection ended before the response's head; the request may have been carried out.
    case closed

    /// The connection ended within the body, after this many bytes of it.
    case partial(received: Int)

    /// What came back is not HTTP, or its content coding is broken.
    case malformedResponse(reason: String)

    /// `HTTPLimits.transfersMax` requests are under way or waiting.
    case overloaded(limit: Int)

    /// The caller's task was cancelled; the request may have been carried out.
    case cancelled

    /// The client was shut down.
    case shutDown

    /// libcurl failed in a way that says nothing about the other side.
    case failed(code: Int, reason: String)

    /// Whether the same request may well succeed a little later.
    package var isTransient: Bool {
        switch self {
        // A handshake that was cut looks like one that failed, so TLS is given another chance.
        case .cannotResolve, .cannotConnect, .tls, .timeout, .closed, .partial, .overloaded,
            .failed:
            true
        case .invalidRequest, .tooLarge, .tooManyRedirects, .malformedResponse, .cancelled,
            .shutDown:
            false
        }
    }
}

/// The part of a request that took too long.
package enum HTTPTimeoutPhase: String, Sendable, Equatable {
    /// From the start of the connection to its end, names and TLS included.
    case connect

    /// From sending the request to the first byte of the response.
    case firstByte

    /// Between two pieces of the body.
    case idle

    /// From the submission to the last byte, the wait for a free connection included.
    case total
}
