import NIOCore

/// The state of a client: its connection, and the requests in front of and behind the wire.
///
/// A value that does nothing by itself, guarded by the client's lock. Replies come in the order
/// of `inFlight`, so a request leaves that line only with its last reply or with the connection.
struct RedisLine {
    /// The connection, as far as there is one.
    enum Link {
        case none

        /// An attempt is under way.
        case connecting

        /// The last attempt failed; the next one is due at a time that a timer knows.
        case backingOff

        /// The wire is missing where all must pass the channel's handlers, as with TLS.
        case ready(any Channel, RedisWire?)
    }

    var link = Link.none

    /// Rises with every attempt, so that news of an older connection can be told apart.
    var generation = 0

    /// Attempts that failed in a row.
    var failures = 0

    /// Why the last one failed.
    var lastFailure = "no attempt has ended yet"

    /// No attempt before this.
    var notBefore = NIODeadline.distantPast

    /// Requests that have not been handed to a connection.
    var waiting = CircularBuffer<RedisRequest>()

    /// Requests whose replies are due, in order.
    var inFlight = CircularBuffer<RedisRequest>()

    /// When the server last said something.
    var heard = NIODeadline.distantPast

    /// Whether a caller writes to the wire just now; nobody else writes meanwhile.
    var isWiring = false

    /// What is left of a request that the wire did not take whole.
    var rest: ByteBuffer?

    /// Whether the event loop will look at the line anyway.
    var isTickScheduled = false

    /// When somebody's time may be up; nil when nobody waits.
    ///
    /// Nobody's is earlier, but what it was set for may have ended meanwhile.
    var due: NIODeadline?

    /// When the next timer fires; nil when none is set.
    var timer: NIODeadline?

    /// Whether the client was closed for good.
    var isShutDown = false

    /// Puts a request at the end of the line.
    mutating func append(_ request: RedisRequest) {
        waiting.append(request)
        note(request)
    }

    private mutating func note(_ request: RedisRequest) {
        let first = min(request.deadline, request.connectDeadline)
        if due.map({ first < $0 }) ?? true { due = first }
    }

    /// Lets a caller write a request itself when nothing stands before it.
    ///
    /// - Returns: Where to write; nil when the request must be appended instead.
    mutating func wire(_ request: RedisRequest) -> RedisWire? {
        // With no reply due, all that the event loop was given has been written.
        guard inFlight.isEmpty, waiting.isEmpty, !isWiring, rest == nil,
            case .ready(_, let wire?) = link
        else { return nil }
        isWiring = true
        inFlight.append(request)
        note(request)
        return wire
    }

    /// A caller has written its request, up to a rest.
    ///
    /// - Returns: Whether the event loop must go on with what waits; nil when the connection is gone: its
    ///   requests were told so, and the rest is for nobody.
    mutating func wired(_ wire: RedisWire, rest: ByteBuffer?) -> Bool? {
        guard case .ready(_, let present?) = link, present === wire else { return nil }
        isWiring = false
        self.rest = rest
        return rest != nil || !waiting.isEmpty
    }

    /// Takes the next waiting requests over to `inFlight`, with their bytes put together.
    ///
    /// No further request is added once there are `bytesMax` bytes. Returns what to write; nil
    /// when nothing waits, or when a caller writes just now.
    mutating func departing(bytesMax: Int) -> ByteBuffer? {
        guard !isWiring else { return nil }
        if let rest {
            self.rest = nil
            return rest
        }
        guard var buffer = waiting.first?.bytes else { return nil }
        inFlight.append(waiting.removeFirst())
        while buffer.readableBytes < bytesMax, let next = waiting.first {
            buffer.writeImmutableBuffer(next.bytes)
            inFlight.append(waiting.removeFirst())
        }
        return buffer
    }

    /// Gives replies to those who wait for them, first come, first served.
    ///
    /// - Returns: Whether every reply had somebody; if not, the server is out of step.
    mutating func arrived(_ values: [RedisValue], _ notices: inout RedisNotices) -> Bool {
        for value in values {
            guard !inFlight.isEmpty else { return false }
            if inFlight[inFlight.startIndex].isPipeline {
                inFlight[inFlight.startIndex].replies.append(value)
            }
            inFlight[inFlight.startIndex].missing -= 1
            guard inFlight[inFlight.startIndex].missing == 0 else { continue }
            let request = inFlight.removeFirst()
            notices.add(
                request.waiter,
                .success(request.isPipeline ? .array(request.replies) : value)
            )
        }
        return true
    }

    /// The connection is gone: what it owed fails, what was not sent stays.
    ///
    /// The oldest request is told the error, the others `closed`. Returns the channel to close.
    mutating func disconnected(
        telling error: RedisError,
        _ notices: inout RedisNotices
    ) -> (any Channel)? {
        var channel: (any Channel)?
        if case .ready(let present, let wire) = link {
            channel = present
            wire?.end()
        }
        link = .none
        isWiring = false
        rest = nil
        var error = error
        for request in inFlight {
            notices.add(request.waiter, .failure(error))
            error = .closed
        }
        inFlight.removeAll()
        return channel
    }

    /// Everything that waits fails with the same error.
    mutating func refuseWaiting(_ error: RedisError, _ notices: inout RedisNotices) {
        for request in waiting { notices.add(request.waiter, .failure(error)) }
        waiting.removeAll()
    }

    /// A caller no longer waits.
    ///
    /// - Returns: Whether the connection must be dropped for it.
    mutating func abandoned(_ id: UInt64, _ notices: inout RedisNotices) -> Bool {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            notices.add(waiting[index].waiter, .failure(.cancelled))
            waiting.remove(at: index)
            return false
        }
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return false }
        notices.add(inFlight[index].waiter, .failure(.cancelled))
        inFlight[index].waiter = nil
        return inFlight[index].abandonment == .dropsConnection
    }

    /// Tells everybody whose time is up.
    ///
    /// - Returns: Whether the connection has been silent for too long.
    mutating func expire(at now: NIODeadline, _ notices: inout RedisNotices) -> Bool {
        let mayConnect = if case .connecting = link { true } else { false }
        let isConnected = if case .ready = link { true } else { false }
        let failure = RedisError.cannotConnect(reason: lastFailure)
        waiting.removeAll { request in
            let isLate = request.deadline <= now
            let isHopeless = !isConnected && !mayConnect && request.connectDeadline <= now
            guard isLate || isHopeless else { return false }
            notices.add(request.waiter, .failure(failure))
            return true
        }
        var isSilent = false
        for index in inFlight.indices where inFlight[index].deadline <= now {
            notices.add(inFlight[index].waiter, .failure(.timeout))
            inFlight[index].waiter = nil
            if inFlight[index].abandonment == .dropsConnection { isSilent = true }
        }
        if let silenceEnd, silenceEnd <= now { isSilent = true }
        return isSilent
    }

    /// When the server has been silent for too long; nil while it owes nothing.
    ///
    /// A command that stood behind a slow one has its full time from the slow one's reply on.
    private var silenceEnd: NIODeadline? {
        guard let oldest = inFlight.first else { return nil }
        return max(oldest.connectionDeadline, heard + oldest.silenceMax)
    }

    /// Finds out anew when somebody's time is up next.
    mutating func updateDue() {
        var next: NIODeadline?
        func consider(_ deadline: NIODeadline) {
            if next.map({ deadline < $0 }) ?? true { next = deadline }
        }
        let canExpireEarly =
            switch link {
            case .none, .backingOff: true
            case .connecting, .ready: false
            }
        for request in waiting {
            consider(request.deadline)
            if canExpireEarly { consider(request.connectDeadline) }
        }
        for request in inFlight {
            if request.waiter != nil { consider(request.deadline) }
        }
        if let silenceEnd { consider(silenceEnd) }
        due = next
    }
}
