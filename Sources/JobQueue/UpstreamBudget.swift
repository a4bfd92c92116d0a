/// How many requests to an upstream may be in flight at once, shared by all workers.
///
/// A refusal (429) that one worker sees lowers the parallelism of all; success raises it again up
/// to the configured ceiling. A permit is leased, so a worker that dies gives it back by itself.
package protocol UpstreamBudget: Sendable {
    /// Takes a permit, or says how long to wait before asking again.
    func acquire() async throws(QueueError) -> BudgetAnswer

    /// Gives a permit back and tells what the request met; a cancelled task's goes back, too.
    func release(_ permit: BudgetPermit, _ feedback: BudgetFeedback) async throws(QueueError)

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

    /// All permits are out, or the upstream asked for quiet: ask again after this.
    case wait(Duration)
}

/// What a request met, as far as the budget cares.
package enum BudgetFeedback: Sendable, Equatable {
    case succeeded

    /// Too many requests at once: lower the parallelism; nobody asks before `retryAfter`.
    case concurrencyLimited(retryAfter: Duration?)

    /// Too many requests per time: lower the parallelism and be quiet for `retryAfter`, or for a
    /// jittered backoff when the upstream names no time.
    case rateLimited(retryAfter: Duration?)

    /// The upstream failed or could not be reached.
    case failed

    /// The request was not made after all.
    case unused
}

/// What the budget allows now.
package struct BudgetState: Sendable, Equatable, Codable {
    /// Requests that may be in flight now, 1 to `ceiling`.
    package var parallel: Int

    /// The configured limit.
    package var ceiling: Int

    package var inFlight: Int

    /// Until when nobody may ask, in Unix milliseconds of the queue's clock; nil when open.
    package var quietUntilMilliseconds: Int64?

    package init(parallel: Int, ceiling: Int, inFlight: Int, quietUntilMilliseconds: Int64?) {
        self.parallel = parallel
        self.ceiling = ceiling
        self.inFlight = inFlight
        self.quietUntilMilliseconds = quietUntilMilliseconds
    }
}
