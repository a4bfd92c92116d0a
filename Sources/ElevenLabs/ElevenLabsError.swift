package import HTTPClient
package import JobQueue

/// What can go wrong with a call of the upstream, by what a caller does about it.
///
/// No case carries the key, a URL or a body.
package enum ElevenLabsError: Error, Sendable, Equatable {
    /// Stop and tell the operator: the key is not one of this workspace.
    case invalidKey(UpstreamAnswer)

    /// Stop and tell the operator: the key is genuine but restricted.
    case missingPermission(UpstreamAnswer)

    /// Stop and tell the operator: the plan's credits are used up.
    case quota(UpstreamAnswer)

    /// Stop and tell the operator: the account is blocked or the feature not in its plan.
    case blocked(UpstreamAnswer)

    /// The record is gone; do not ask again.
    case notFound(UpstreamAnswer)

    /// A defect of ours: the request broke the upstream's rules.
    case validation(UpstreamAnswer)

    /// Too many requests at once, also after lowering the parallelism.
    case concurrencyLimited(retryAfter: Duration?)

    /// Too many requests per time, also after waiting.
    case rateLimited(retryAfter: Duration?)

    /// The upstream failed, also when asked again.
    case unavailable(status: Int, retryAfter: Duration?)

    /// No answer came.
    case network(HTTPError)

    /// The answer has more bytes than are taken; asking again brings the same.
    case tooLarge(limit: Int)

    /// The answer is not what the interface promises.
    case malformed(reason: String)

    /// An answer with a status that nobody expects, such as a redirect.
    case unexpected(UpstreamAnswer)

    /// The shared budget had no permit within the time a caller may wait: come back later.
    case busy(retryAfter: Duration)

    /// The upstream's breaker is open: nobody asks it before this, and nobody's attempt failed.
    case resting(retryAfter: Duration)

    /// The shared budget could not be asked.
    case budget(QueueError)

    /// The caller's task was cancelled.
    case cancelled

    /// Whether the same call may well succeed later without anybody's doing.
    package var isTransient: Bool {
        switch self {
        case .concurrencyLimited, .rateLimited, .unavailable, .busy, .resting, .budget: true
        case .network(let error): error.isTransient
        // A cut body can look like broken JSON.
        case .malformed: true
        case .invalidKey, .missingPermission, .quota, .blocked, .notFound, .validation,
            .tooLarge, .unexpected, .cancelled:
            false
        }
    }

    /// How long the upstream or the budget asks to wait; nil when it names no time.
    package var retryAfter: Duration? {
        switch self {
        case .concurrencyLimited(let wait), .rateLimited(let wait), .unavailable(_, let wait):
            wait
        case .busy(let wait), .resting(let wait): wait
        default: nil
        }
    }
}

/// What the upstream said when it refused, as far as it may be shown.
package struct UpstreamAnswer: Sendable, Equatable {
    package var status: Int

    /// The specific word, from `code` or `status` of the body.
    package var code: String?

    /// The upstream's own words, shortened, without the key.
    package var message: String?

    /// The member that was refused.
    package var field: String?

    /// What the vendor's support asks for.
    package var requestID: String?

    package init(
        status: Int,
        code: String? = nil,
        message: String? = nil,
        field: String? = nil,
        requestID: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.requestID = requestID
    }
}
