import CCurl
import Foundation
import Synchronization

/// Names one transfer, and remembers from any thread that nobody wants it any more.
final class Ticket: Sendable {
    let id: UInt64
    private let cancelled = Atomic<Bool>(false)

    init(id: UInt64) {
        self.id = id
    }

    /// A cancellation may overtake the submission, which then finds this flag.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() {
        cancelled.store(true, ordering: .releasing)
    }
}

/// A request on its way to curl's thread, with those who wait for its outcome.
struct Submission: Sendable {
    enum Sink: Sendable {
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case stream(
            head: CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>,
            channel: BodyChannel
        )

        /// Ends a transfer that never reached its head.
        func fail(_ error: HTTPError) {
            switch self {
            case .whole(let waiter):
                waiter.resume(returning: .failure(error))
            case .stream(let head, let channel):
                head.resume(returning: .failure(error))
                channel.finish(.failure(error))
            }
        }
    }

    let ticket: Ticket
    let request: HTTPRequest
    let sink: Sink

    func fail(_ error: HTTPError) {
        sink.fail(error)
    }
}

/// The post box of curl's thread: what other threads may do.
final class CurlLoop: Sendable {
    enum Command: Sendable {
        case start(Submission)
        case cancel(UInt64)
        case resume(UInt64)
    }

    private struct Mailbox {
        var commands: [Command] = []
        var transfers = 0
        var figures = HTTPClientFigures()
        var isStopping = false
        var isClosed = false
        var hasThread = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let settings: HTTPClientSettings
    let elapsed: @Sendable () -> Duration
    private let multi: CurlMulti
    private let mailbox = Mutex(Mailbox())

    init(
        settings: HTTPClientSettings,
        elapsed: @escaping @Sendable () -> Duration
    ) throws(HTTPError) {
        self.settings = settings
        self.elapsed = elapsed
        multi = try CurlMulti(settings: settings)
    }

    /// Starts the thread; it keeps the loop alive until `stop`.
    func start() {
        mailbox.withLock { $0.hasThread = true }
        let thread = Thread {
            CurlEngine(loop: self, multi: self.multi).run()
        }
        thread.name = "http-client"
        thread.start()
    }

    func submit(_ submission: Submission) {
        let refusal: HTTPError? = mailbox.withLock { box in
            if box.isStopping { return .shutDown }
            guard box.transfers < HTTPLimits.transfersMax else {
                return .overloaded(limit: HTTPLimits.transfersMax)
            }
            box.transfers += 1
            box.figures.requests += 1
            post(.start(submission), to: &box)
            return nil
        }
        if let refusal {
            submission.fail(refusal)
        }
    }

    func cancel(_ ticket: Ticket) {
        ticket.cancel()
        mailbox.withLock { post(.cancel(ticket.id), to: &$0) }
    }

    func resume(_ ticket: Ticket) {
        mailbox.withLock { post(.resume(ticket.id), to: &$0) }
    }

    func stop() {
        mailbox.withLock { box in
            box.isStopping = true
            if !box.isClosed { multi.wakeUp() }
        }
    }

    func shutDown() async {
        stop()
        await withCheckedContinuation { continuation in
            let isOver = mailbox.withLock { box in
                if box.isClosed || !box.hasThread { return true }
                box.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    func figures() -> HTTPClientFigures {
        mailbox.withLock { $0.figures }
    }

    private func post(_ command: Command, to box: inout Mailbox) {
        guard !box.isClosed else { return }
        // The thread takes all that is there, so only the first after that must wake it. Under
        // the lock, since the handle is gone once the box is closed.
        if box.commands.isEmpty { multi.wakeUp() }
        box.commands.append(command)
    }

    // What follows is for curl's thread only.

    func takeCommands() -> (commands: [Command], isStopping: Bool) {
        mailbox.withLock { box in
            let commands = box.commands
            box.commands.removeAll(keepingCapacity: true)
            return (commands, box.isStopping)
        }
    }

    func noteEnd(connectionsOpened: Int) {
        mailbox.withLock { box in
            box.transfers -= 1
            box.figures.connectionsOpened += connectionsOpened
        }
    }

    func notePause() {
        mailbox.withLock { $0.figures.pauses += 1 }
    }

    /// Closes the box for good: from here on nobody touches the multi handle any more.
    func close() -> [CheckedContinuation<Void, Never>] {
        mailbox.withLock { box in
            box.isClosed = true
            box.commands.removeAll()
            defer { box.waiters.removeAll() }
            return box.waiters
        }
    }
}

/// curl's multi handle.
///
/// Unchecked: the pointer is constant. `wakeUp` may be called from any thread
/// (curl_multi_wakeup(3)), and `CurlLoop` calls it only under its lock and never after `close`;
/// every other function is called by the one thread that runs `CurlEngine`, which frees the
/// handle after `close`.
struct CurlMulti: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer

    /// Initialised once per process, before any handle exists; never undone.
    private static let libraryCode = ringback_curl_global_init()

    init(settings: HTTPClientSettings) throws(HTTPError) {
        guard Self.libraryCode == CURLE_OK, let multi = curl_multi_init() else {
            throw .failed(code: Int(Self.libraryCode.rawValue), reason: "libcurl does not start")
        }
        handle = multi
        let limits: [(CURLMoption, Int)] = [
            (CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHostMax),
            (CURLMOPT_MAX_TOTAL_CONNECTIONS, settings.connectionsMax),
            (CURLMOPT_MAXCONNECTS, settings.connectionsMax),
        ]
        for (option, value) in limits {
            let code = ringback_curl_multi_set_long(multi, option, value)
            guard code == CURLM_OK else {
                curl_multi_cleanup(multi)
                throw .failed(code: Int(code.rawValue), reason: "libcurl refuses a limit")
            }
        }
    }

    func wakeUp() {
        // Fails only when the pipe is full, and then the thread wakes anyway.
        _ = curl_multi_wakeup(handle)
    }
}
