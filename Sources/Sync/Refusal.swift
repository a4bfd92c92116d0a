package import ElevenLabs

/// What a failed request means for the job that made it; decided in one place.
package enum Refusal: Sendable, Equatable {
    /// The record is gone upstream.
    case gone

    /// Only a person can help: stop polling, say so once.
    case halted(reason: String)

    /// Too much at once: come back later, nobody's attempt.
    case later(after: Duration, reason: String)

    /// The upstream rests for everybody: come back then, nobody's attempt.
    case resting(after: Duration)

    /// A failed attempt, to be repeated.
    case failed(reason: String, notBefore: Duration)

    /// The upstream does not take the request as it is.
    case rejected(reason: String)

    case cancelled

    /// Why a job waits for an upstream that rests.
    static let restingReason = "the upstream rests: its breaker is open"

    package init(_ error: ElevenLabsError) {
        switch error {
        case .notFound:
            self = .gone
        case .invalidKey(let answer):
            self = .halted(reason: Self.line("ElevenLabs refuses the API key", answer))
        case .missingPermission(let answer):
            self = .halted(reason: Self.line("The API key may not read conversations", answer))
        case .quota(let answer):
            self = .halted(reason: Self.line("The ElevenLabs plan is used up", answer))
        case .blocked(let answer):
            self = .halted(reason: Self.line("ElevenLabs blocks the account or feature", answer))
        case .concurrencyLimited(let wait), .rateLimited(let wait):
            self = .later(after: wait ?? SyncLimits.busyPause, reason: "the upstream is busy")
        case .busy(let wait):
            self = .later(after: max(wait, .seconds(1)), reason: "no permit was free")
        case .resting(let wait):
            self = .resting(after: max(wait, .seconds(1)))
        case .budget(let error):
            self = .later(after: SyncLimits.storePause, reason: "the shared budget: \(error)")
        case .unavailable(let status, let wait):
            self = .failed(reason: "the upstream answered \(status)", notBefore: wait ?? .zero)
        case .network(let error):
            self = .failed(reason: "no answer of the upstream: \(error)", notBefore: .zero)
        case .tooLarge(let limit):
            self = .rejected(reason: "the answer has more than \(limit) bytes")
        case .malformed(let reason):
            self = .failed(reason: "the answer is no JSON: \(reason)", notBefore: .zero)
        case .unexpected(let answer):
            self = .failed(reason: Self.line("An answer nobody expects", answer), notBefore: .zero)
        case .validation(let answer):
            self = .rejected(reason: Self.line("The request was refused", answer))
        case .cancelled:
            self = .cancelled
        }
    }

    /// One line with what the upstream said, as far as it said it.
    private static func line(_ what: String, _ answer: UpstreamAnswer) -> String {
        var line = "\(what) (HTTP \(answer.status)"
        if let code = answer.code { line += ", \(code)" }
        line += ")"
        if let message = answer.message { line += ": \(message)" }
        if let request = answer.requestID { line += " [request \(request)]" }
        return line
    }
}
