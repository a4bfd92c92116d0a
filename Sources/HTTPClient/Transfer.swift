import CCurl

/// One request on curl's thread: its handle, what has arrived, and its limits.
///
/// Used by that thread alone. libcurl holds an unretained reference to it as private data for as
/// long as the handle is in the multi handle, and the engine's table holds it as long.
final class Transfer {
    let easy: UnsafeMutableRawPointer
    var id: UInt64 { submission.ticket.id }

    /// Set while the write callback has refused data because the reader is behind.
    var isPaused = false
    private(set) var pauses = 0
    var lastProgress: Duration

    /// Set by a callback that moved the next deadline.
    var hasNewDeadline = false

    private(set) var head = HTTPResponseHead(status: 0, headers: [], version: .http1)
    private(set) var isHeadComplete = false
    private(set) var bodyBytes = 0

    private let submission: Submission
    private let elapsed: @Sendable () -> Duration
    private let started: Duration
    private var list: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var headBytes = 0
    private var isHeadDelivered = false

    /// Why a callback ended the transfer; libcurl only knows that it did.
    private var ownFailure: HTTPError?

    /// When the request was handed to its connection; nil while there is none.
    private var requested: Duration?

    init(
        submission: Submission,
        easy: UnsafeMutableRawPointer,
        elapsed: @escaping @Sendable () -> Duration
    ) {
        self.submission = submission
        self.easy = easy
        self.elapsed = elapsed
        started = elapsed()
        lastProgress = started
    }

    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        var pointer: UnsafeMutablePointer<CChar>?
        guard ringback_curl_get_pointer(easy, CURLINFO_PRIVATE, &pointer) == CURLE_OK, let pointer
        else { return nil }
        return of(private: UnsafeMutableRawPointer(pointer))
    }

    static func of(private pointer: UnsafeMutableRawPointer?) -> Transfer? {
        pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The next instant at which a limit passes, and which; the connection's is libcurl's.
    var deadline: (Duration, HTTPTimeoutPhase)? {
        let timeouts = submission.request.timeouts
        var next = timeouts.total.map { (started + $0, HTTPTimeoutPhase.total) }
        func consider(_ instant: Duration, _ phase: HTTPTimeoutPhase) {
            if next.map({ instant < $0.0 }) ?? true { next = (instant, phase) }
        }
        if isHeadComplete {
            if !isPaused { consider(lastProgress + timeouts.idle, .idle) }
        } else if let requested {
            consider(requested + timeouts.firstByte, .firstByte)
        }
        return next
    }

    func configure(settings: HTTPClientSettings) -> CURLcode? {
        list = EasyOptions.headerList(of: submission.request, settings: settings)
        return EasyOptions.apply(
            submission.request,
            settings: settings,
            list: list,
            transfer: Unmanaged.passUnretained(self).toOpaque(),
            to: easy
        )
    }

    func releaseList() {
        curl_slist_free_all(list)
        list = nil
    }

    // MARK: What the callbacks report

    func noteRequest() {
        requested = elapsed()
        hasNewDeadline = true
    }

    /// Takes one line of a head; false ends the transfer.
    func takeHeadLine(_ line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= HTTPLimits.headBytesMax else {
            ownFailure = .tooLarge(limit: HTTPLimits.headBytesMax)
            return false
        }
        // What follows a complete head are trailers, which nobody here needs.
        guard !isHeadComplete else { return true }
        switch HeadLine(line) {
        case .status(let status, let version):
            head = HTTPResponseHead(status: status, headers: [], version: version)
        case .field(let header):
            head.headers.append(header)
        case .folded(let bytes):
            head.headers.continueLast(with: bytes)
        case .end:
            completeHead()
        case .unreadable:
            ownFailure = .malformedResponse(reason: "a line of the head cannot be read")
            return false
        }
        return true
    }

    /// Takes a piece of the body; nil ends the transfer, false pauses it.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        guard bodyBytes + bytes.count <= submission.request.responseBytesMax else {
            ownFailure = .tooLarge(limit: submission.request.responseBytesMax)
            return nil
        }
        switch submission.sink {
        case .whole:
            body.append(contentsOf: bytes)
        case .stream(_, let channel):
            guard channel.offer(bytes) else {
                isPaused = true
                pauses += 1
                hasNewDeadline = true
                return false
            }
        }
        bodyBytes += bytes.count
        lastProgress = elapsed()
        return true
    }

    private func completeHead() {
        // An interim answer (100, 103) or a redirect that libcurl follows is not the answer.
        let isInterim = head.status < 200 && head.status != 101
        let isFollowed =
            submission.request.redirectsMax > 0 && (300..<400).contains(head.status)
            && head.headers["location"] != nil
        guard !isInterim, !isFollowed else {
            headBytes = 0
            return
        }
        isHeadComplete = true
        lastProgress = elapsed()
        hasNewDeadline = true
        if case .whole = submission.sink,
            let length = head.headers["content-length"].flatMap(Int.init)
        {
            body.reserveCapacity(min(max(length, 0), submission.request.responseBytesMax, 1 << 20))
        }
        if case .stream(let waiter, _) = submission.sink {
            isHeadDelivered = true
            waiter.resume(returning: .success(head))
        }
    }

    // MARK: The end

    func outcome(of code: CURLcode) -> Result<Void, HTTPError> {
        if let ownFailure { return .failure(ownFailure) }
        guard code == CURLE_OK else { return .failure(HTTPError(curl: code, transfer: self)) }
        // libcurl takes a connection that ends within the head for the end of an empty body.
        guard isHeadComplete else { return .failure(.closed) }
        return .success(())
    }

    func deliver(_ outcome: Result<Void, HTTPError>) {
        switch submission.sink {
        case .whole(let waiter):
            waiter.resume(returning: outcome.map { HTTPResponse(head: head, body: body) })
        case .stream(let waiter, let channel):
            if !isHeadDelivered {
                waiter.resume(returning: outcome.map { head })
            }
            channel.finish(outcome)
        }
    }

    /// Whether the request was handed to a connection.
    var isRequested: Bool { requested != nil }

    var responseBytesMax: Int { submission.request.responseBytesMax }
}

/// One line of a response's head.
enum HeadLine: Equatable {
    case status(Int, HTTPVersion)
    case field(HTTPHeader)

    /// Goes on with the value of the line before.
    case folded([UInt8])
    case end
    case unreadable

    init(_ raw: some Collection<UInt8>) {
        let line = Self.trimmed(raw, from: raw.startIndex, isLineBreakOnly: true)
        if line.isEmpty {
            self = .end
        } else if line.starts(with: "HTTP/".utf8) {
            self = Self.status(line)
        } else if let first = line.first, Self.isSpace(first) {
            self = .folded(Self.trimmed(line, from: line.startIndex, isLineBreakOnly: false))
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let value = Self.trimmed(line, from: colon + 1, isLineBreakOnly: false)
            self = .field(HTTPHeader(name: name, bytes: value))
        } else {
            self = .unreadable
        }
    }

    /// Reads `HTTP/1.1 200 OK` or `HTTP/2 200`.
    private static func status(_ line: [UInt8]) -> Self {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].count > 5,
            let version = HTTPVersion(
                rawValue: String(decoding: [words[0][words[0].startIndex + 5]], as: UTF8.self)
            ),
            let status = Int(String(decoding: words[1], as: UTF8.self)),
            (100...999).contains(status)
        else { return .unreadable }
        return .status(status, version)
    }

    private static func trimmed<Bytes: Collection<UInt8>>(
        _ bytes: Bytes,
        from start: Bytes.Index,
        isLineBreakOnly: Bool
    ) -> [UInt8] {
        var rest = Array(bytes[start...])
        while let last = rest.last, isLineBreak(last) || (!isLineBreakOnly && isSpace(last)) {
            rest.removeLast()
        }
        return isLineBreakOnly ? rest : Array(rest.drop(while: isSpace))
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
