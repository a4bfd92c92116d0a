/// When a delivery is repeated and when deliveries end, as the upstream's documentation has it.
package struct WebhookPolicy: Sendable, Equatable {
    /// Before each of up to five retries, in seconds; up to a tenth is added.
    package static let delays: [Double] = [0, 30, 120, 480, 1_800]
    private static let jitter = 0.1
    /// Failures in a row after which deliveries end, if there was no success for a week.
    static let failuresMax = 10
    static let successWithin = 7 * 86_400

    /// What became of one attempt.
    package enum Answer: Sendable, Equatable {
        case status(Int)
        case timedOut
        case unreachable
    }

    /// How long to wait before the next attempt; nil when there is none.
    ///
    /// Attempts are counted from 1, the first delivery.
    package static func delay(
        after answer: Answer,
        attempt: Int,
        _ kind: WebhookEvent.Kind,
        _ settings: WebhookSettings,
        chance: Double
    ) -> Duration? {
        guard settings.retries, kind == .transcription, attempt <= delays.count,
            isRetried(answer)
        else { return nil }
        let seconds = delays[attempt - 1] * (1 + jitter * chance) * settings.retryScale
        return .milliseconds(Int64(seconds * 1_000))
    }

    /// 5xx, 429, 408 and time-outs are repeated; a refusal never is.
    private static func isRetried(_ answer: Answer) -> Bool {
        switch answer {
        case .status(let code): code >= 500 || code == 429 || code == 408
        case .timedOut, .unreachable: true
        }
    }
}
