/// How often a job kind is tried, and how long it waits in between.
///
/// Exponential backoff with jitter, a pure function of the attempt:
/// `min(cap, base * 2^(attempt-1)) * U(0.5, 1)`.
package struct RetryPolicy: Sendable, Equatable {
    package var attemptsMax: Int
    package var base: Duration
    package var cap: Duration

    /// Base 5 s, cap 1 h and 12 attempts unless a kind says otherwise.
    package init(
        attemptsMax: Int = 12,
        base: Duration = .seconds(5),
        cap: Duration = .seconds(3600)
    ) {
        precondition(attemptsMax >= 1, "A job is tried at least once.")
        precondition(base > .zero && cap >= base, "Delays are positive and the cap holds them.")
        self.attemptsMax = attemptsMax
        self.base = base
        self.cap = cap
    }

    /// What follows from a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, from 1.
    ///   - reason: What stands in `dead` if this was the last one.
    ///   - atLeast: A lower bound that somebody else set, such as `Retry-After`.
    ///   - draw: One draw from `0..<1`.
    /// - Returns: A retry, or `dead` after the last attempt.
    package func outcome(
        afterAttempt attempt: Int,
        reason: String,
        atLeast: Duration = .zero,
        draw: Double
    ) -> Outcome {
        precondition(attempt >= 1, "Attempts are counted from 1.")
        guard attempt < attemptsMax else { return .dead(reason: reason) }
        return .retry(after: max(atLeast, delay(afterAttempt: attempt, draw: draw)), reason: reason)
    }

    /// The wait after an attempt, jittered by the draw.
    package func delay(afterAttempt attempt: Int, draw: Double) -> Duration {
        // 30 doublings exceed any cap in use; more would overflow.
        let doublings = min(attempt - 1, 30)
        return min(cap, base * (1 << doublings)) * (0.5 + draw / 2)
    }

    /// The longest time from the first attempt to the last, without the attempts themselves.
    package var horizon: Duration {
        (1..<max(attemptsMax, 2)).reduce(.zero) { sum, attempt in
            sum + delay(afterAttempt: attempt, draw: 1)
        }
    }
}
