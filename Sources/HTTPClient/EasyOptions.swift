import CCurl

/// Turns a request into options of a curl handle.
enum EasyOptions {
    /// The header lines; nil when there is none or no memory for one.
    static func headerList(
        of request: HTTPRequest,
        settings: HTTPClientSettings
    ) -> UnsafeMutablePointer<curl_slist>? {
        var lines = request.headers.map { header in
            // A header without a value is written with a semicolon; with a colon it is removed.
            header.bytes.isEmpty
                ? Array("\(header.name);".utf8) : Array("\(header.name): ".utf8) + header.bytes
        }
        if request.headers["user-agent"] == nil {
            lines.append(Array("User-Agent: \(settings.userAgent)".utf8))
        }
        // libcurl would wait a second for a "100 Continue" that few servers send, and call every
        // body a form.
        lines.append(Array("Expect:".utf8))
        if request.headers["content-type"] == nil {
            lines.append(Array("Content-Type:".utf8))
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            let text = line.map { CChar(bitPattern: $0) } + [0]
            // Without memory the list stays as it was.
            list = curl_slist_append(list, text) ?? list
        }
        return list
    }

    /// Sets all options; returns the code of the first that libcurl refuses.
    static func apply(
        _ request: HTTPRequest,
        settings: HTTPClientSettings,
        list: UnsafeMutablePointer<curl_slist>?,
        transfer: UnsafeMutableRawPointer,
        to easy: UnsafeMutableRawPointer
    ) -> CURLcode? {
        var setter = Setter(easy: easy)
        setter.set(CURLOPT_URL, request.url)
        setter.set(CURLOPT_PROTOCOLS_STR, "http,https")
        setter.set(CURLOPT_NOSIGNAL, 1)
        // Without it, ending a transfer whose name is being looked up waits for the look-up.
        setter.set(CURLOPT_QUICK_EXIT, 1)
        setter.set(CURLOPT_CONNECTTIMEOUT_MS, Int(request.timeouts.connect.wholeMilliseconds))
        setter.set(CURLOPT_ACCEPT_ENCODING, "")
        setter.setOffset(CURLOPT_MAXFILESIZE_LARGE, request.responseBytesMax)
        setter.set(list: list)
        setRedirects(request, with: &setter)
        setConnection(request, settings: settings, with: &setter)
        setMethod(request, with: &setter)
        setter.set(CURLOPT_PRIVATE, pointer: transfer)
        setter.set(CURLOPT_WRITEDATA, pointer: transfer)
        setter.set(CURLOPT_HEADERDATA, pointer: transfer)
        setter.set(CURLOPT_PREREQDATA, pointer: transfer)
        setter.setCallbacks()
        return setter.failure
    }

    private static func setRedirects(_ request: HTTPRequest, with setter: inout Setter) {
        guard request.redirectsMax > 0 else { return setter.set(CURLOPT_FOLLOWLOCATION, 0) }
        setter.set(CURLOPT_FOLLOWLOCATION, 1)
        setter.set(CURLOPT_MAXREDIRS, request.redirectsMax)
        setter.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    }

    private static func setConnection(
        _ request: HTTPRequest,
        settings: HTTPClientSettings,
        with setter: inout Setter
    ) {
        setter.set(CURLOPT_SSL_VERIFYPEER, 1)
        setter.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = settings.authorityFile {
            setter.set(CURLOPT_CAINFO, file)
        }
        if request.url.hasPrefix("https:") {
            // Wait for a connection that may turn out to carry many requests, before opening
            // another. On a plain connection that would serialise the first requests.
            setter.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
            setter.set(CURLOPT_PIPEWAIT, 1)
        } else {
            setter.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        }
        // An empty text also keeps libcurl from reading the environment by itself.
        let isOpen = request.reach == .anywhere
        let proxy = isOpen ? settings.proxy.proxy(for: request.url) : nil
        setter.set(CURLOPT_PROXY, proxy ?? "")
        if !isOpen {
            setter.refusePrivateAddresses()
            setter.set(CURLOPT_FRESH_CONNECT, 1)
            setter.set(CURLOPT_FORBID_REUSE, 1)
        }
        setter.set(CURLOPT_NOPROXY, settings.proxy.exceptions)
        setter.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private static func setMethod(_ request: HTTPRequest, with setter: inout Setter) {
        switch request.method {
        case .head:
            setter.set(CURLOPT_NOBODY, 1)
        case .get where request.body.isEmpty:
            setter.set(CURLOPT_HTTPGET, 1)
        case .post:
            setter.set(CURLOPT_POST, 1)
            setter.set(body: request.body)
        default:
            if !request.body.isEmpty { setter.set(body: request.body) }
            setter.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
    }
}

/// Sets options until one is refused, and remembers which code that gave.
private struct Setter {
    let easy: UnsafeMutableRawPointer
    private(set) var failure: CURLcode?

    init(easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(ringback_curl_set_long(easy, option, value))
    }

    mutating func setOffset(_ option: CURLoption, _ value: Int) {
        note(ringback_curl_set_offset(easy, option, curl_off_t(value)))
    }

    mutating func set(_ option: CURLoption, _ value: String) {
        note(ringback_curl_set_text(easy, option, value))
    }

    mutating func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) {
        note(ringback_curl_set_pointer(easy, option, pointer))
    }

    mutating func set(list: UnsafeMutablePointer<curl_slist>?) {
        note(ringback_curl_set_list(easy, CURLOPT_HTTPHEADER, list))
    }

    mutating func set(body: [UInt8]) {
        note(
            body.withUnsafeBytes { bytes in
                // The address of an empty body may be nil, and then nothing would be copied.
                var empty: UInt8 = 0
                guard let address = bytes.baseAddress else {
                    return ringback_curl_copy_body(easy, &empty, 0)
                }
                return ringback_curl_copy_body(easy, address, curl_off_t(bytes.count))
            }
        )
    }

    mutating func refusePrivateAddresses() {
        note(ringback_curl_refuse_private(easy))
    }

    mutating func setCallbacks() {
        note(
            ringback_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, data in
                guard let transfer = Transfer.of(private: data) else { return 0 }
                let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
                guard !piece.isEmpty else { return 0 }
                switch transfer.takeBody(piece) {
                case true: return piece.count
                case false: return Int(CURL_WRITEFUNC_PAUSE)
                // Any other number than the count ends the transfer.
                case nil: return 0
                }
            }
        )
        note(
            ringback_curl_set_sink(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, data in
                guard let transfer = Transfer.of(private: data) else { return 0 }
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return transfer.takeHeadLine(line) ? line.count : 0
            }
        )
        note(
            ringback_curl_set_prerequest(easy) { data, _, _, _, _ in
                Transfer.of(private: data)?.noteRequest()
                return CURL_PREREQFUNC_OK
            }
        )
    }

    private mutating func note(_ code: CURLcode) {
        if code != CURLE_OK, failure == nil { failure = code }
    }
}
