/// What requests to an upstream may do now, shared by all workers.
///
/// Three things bound them: how many may be in flight, how many may begin in a time (off by
/// default), and a circuit breaker. A refusal (429) that one worker sees lowers the parallelism of
/// all; success raises it again up to the configured ceiling. A refusal that asks for quiet, or
/// failures in a row, open the breaker: nobody asks until its time is up, then one request at a
/// time is a probe, and its success closes it. A permit is leased, so a worker that dies gives it
/// back by itself. Everything goes by the clock of the budget's keeper.
package protocol UpstreamBudget: Sendable {
    /// Takes a permit, or says how long to wait before asking again.
    func acquire() async throws(QueueError) -> BudgetAnswer

    /// Gives a permit back and tells what the request met; a cancelled task's goes back, too.
    ///
    /// - Returns: How long nobody may ask; nil while the breaker is not open.
    @discardableResult
    func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async throws(QueueError) -> Duration?

    /// The present state, for people.
    func state() async throws(QueueError) -> BudgetState
}

/// The right to have one request in flight.
package struct BudgetPermit: Sendable, Equatable {
    package let id: String

    package init(id: String) {
        self.id = id
    }
}

/// The answer to `acquire`.
package enum BudgetAnswer: Sendable, Equatable {
    case granted(BudgetPermit)

    /// All permits are out, or too many requests began lately: ask again after this.
    case wait(Duration)

    /// The breaker is open, or another request is its probe: ask again after this.
    case open(Duration)
}

/// What a request met, as far as the budget cares.
package enum BudgetFeedback: Sendable, Equatable {
    case succeeded

    /// Too many requests at once: lower the parallelism; nobody asks before `retryAfter`.
    case concurrencyLimited(retryAfter: Duration?)

    /// Too many requests per time: lower the parallelism and be quiet for `retryAfter`, or for a
    /// jittered backoff when the upstream names no time.
    case rateLimited(retryAfter: Duration?)

    /// The upstream failed (5xx) or could not be reached; when it names a time, nobody asks before.
    case failed(retryAfter: Duration? = nil)

    /// The request was not made after all.
    case unused
}

/// What the budget allows now.
package struct BudgetState: Sendable, Equatable, Codable {
    /// The breaker: requests go through, nobody asks, or one request at a time.
    package enum Circuit: String, Sendable, Codable, CaseIterable {
        case closed
        case open
        case halfOpen
    }

    /// Requests that may be in flight now, 1 to `ceiling`.
    package var parallel: Int

    /// The configured limit.
    package var ceiling: Int

    package var inFlight: Int

    /// Until when nobody may ask, in Unix milliseconds of the queue's clock; nil when open to all.
    package var quietUntilMilliseconds: Int64?

    package var circuit: Circuit

    /// Times that the breaker opened since a request succeeded last.
    package var openings: Int

    /// When it opened first of these, in Unix milliseconds of the queue's clock; nil while closed.
    package var sinceMilliseconds: Int64?

    /// How many requests may begin in a time; nil when that is not limited.
    package var rate: RateLimit?

    /// Whether none may begin now, for so many did.
    package var isRateUsedUp: Bool

    package init(
        parallel: Int,
        ceiling: Int,
        inFlight: Int,
        quietUntilMilliseconds: Int64?,
        circuit: Circuit = .closed,
        openings: Int = 0,
        sinceMilliseconds: Int64? = nil,
        rate: RateLimit? = nil,
        isRateUsedUp: Bool = false
    ) {
        self.parallel = parallel
        self.ceiling = ceiling
        self.inFlight = inFlight
        self.quietUntilMilliseconds = quietUntilMilliseconds
        self.circuit = circuit
        self.openings = openings
        self.sinceMilliseconds = sinceMilliseconds
        self.rate = rate
        self.isRateUsedUp = isRateUsedUp
    }
}

/// How many things may begin in a time, evenly spread but for a burst.
package struct RateLimit: Sendable, Hashable, Codable {
    /// Time between two, in whole microseconds: 1 to a day.
    package var intervalMicroseconds: Int64

    /// How many may begin at once after a rest, 1 to `burstMax`.
    package var burst: Int

    package static let intervalMax: Int64 = 24 * 3600 * 1_000_000
    package static let burstMax = 100_000

    package init(intervalMicroseconds: Int64, burst: Int) {
        self.intervalMicroseconds = min(max(1, intervalMicroseconds), Self.intervalMax)
        self.burst = min(max(1, burst), Self.burstMax)
    }

    /// So many in a time; without a burst a second's worth, at least one.
    package init(events: Int, per period: Duration, burst: Int? = nil) {
        let microseconds = period.queueMilliseconds * 1000
        let interval = (microseconds + Int64(max(1, events)) - 1) / Int64(max(1, events))
        let secondsWorth = Int((1_000_000 + interval - 1) / max(1, interval))
        self.init(intervalMicroseconds: interval, burst: burst ?? max(1, secondsWorth))
    }

    /// Events per second.
    package var perSecond: Double { 1_000_000 / Double(intervalMicroseconds) }
}
