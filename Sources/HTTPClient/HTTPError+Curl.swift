import CCurl

extension HTTPError {
    /// What a code of libcurl means for a transfer that got as far as this one.
    init(curl code: CURLcode, transfer: Transfer) {
        switch code {
        // Said of an answer without a status line: HTTP/0.9, which is not allowed.
        case CURLE_UNSUPPORTED_PROTOCOL where transfer.isRequested:
            self = .malformedResponse(reason: "no status line")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT:
            self = .invalidRequest(reason: Self.text(code))
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self = .cannotResolve
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED:
            self = .cannotConnect(reason: Self.text(code))
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_USE_SSL_FAILED:
            self = .tls(reason: Self.text(code))
        case CURLE_OPERATION_TIMEDOUT:
            // The only limit that libcurl itself keeps is the connection's.
            self = .timeout(.connect)
        case CURLE_FILESIZE_EXCEEDED:
            self = .tooLarge(limit: transfer.responseBytesMax)
        case CURLE_TOO_MANY_REDIRECTS:
            self = .tooManyRedirects
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            self = Self.cut(transfer)
        case CURLE_BAD_CONTENT_ENCODING, CURLE_WEIRD_SERVER_REPLY:
            self = .malformedResponse(reason: Self.text(code))
        default:
            self = .failed(code: Int(code.rawValue), reason: Self.text(code))
        }
    }

    private static func cut(_ transfer: Transfer) -> Self {
        guard transfer.isHeadComplete else {
            // With no request on the wire, it is the way to the server that broke: a proxy that
            // refuses to connect.
            return transfer.isRequested
                ? .closed : .cannotConnect(reason: "closed while connecting")
        }
        return .partial(received: transfer.bodyBytes)
    }

    /// libcurl's constant text for a code; it names neither host nor URL.
    private static func text(_ code: CURLcode) -> String {
        curl_easy_strerror(code).map { String(cString: $0) } ?? "unknown"
    }
}
