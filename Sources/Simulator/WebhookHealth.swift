import Synchronization

/// How the deliveries of the workspace's webhook went, and whether they go on.
final class WebhookHealth: Sendable {
    private struct State {
        var settings: WebhookSettings?
        var createdUnix = 0
        var failuresInARow = 0
        var lastSuccess: Int?
        var lastFailure: (code: Int?, unix: Int)?
    }

    private let state = Mutex(State())

    /// The webhook is made.
    func begin(_ settings: WebhookSettings, at now: Int) {
        state.withLock { state in
            state.settings = settings
            state.createdUnix = now
        }
    }

    func note(_ answer: WebhookPolicy.Answer, at now: Int) {
        state.withLock { state in
            if answer == .status(200) {
                state.failuresInARow = 0
                state.lastSuccess = now
                return
            }
            state.failuresInARow += 1
            if case .status(let code) = answer {
                state.lastFailure = (code, now)
            } else {
                state.lastFailure = (nil, now)
            }
        }
    }

    /// Whether nothing is sent any more.
    func isDisabled(_ profile: FaultProfile, at now: Int) -> Bool {
        state.withLock { Self.isDisabled($0, profile, at: now) }
    }

    private static func isDisabled(_ state: State, _ profile: FaultProfile, at now: Int) -> Bool {
        if profile.has(.disableWebhooks) { return true }
        guard state.settings?.autoDisable == true else { return false }
        return state.failuresInARow >= WebhookPolicy.failuresMax
            && state.lastSuccess.map { now - $0 > WebhookPolicy.successWithin } ?? true
    }

    /// The list of `GET /v1/workspace/webhooks`.
    func json(_ profile: FaultProfile, at now: Int) -> JSON {
        state.withLock { state in
            guard let settings = state.settings else { return [] }
            return [
                [
                    "name": "Ringback",
                    "webhook_id": "wh_0000000000000000000000000001",
                    "webhook_url": .string(settings.url),
                    "is_disabled": false,
                    "is_auto_disabled": .bool(Self.isDisabled(state, profile, at: now)),
                    "created_at_unix": .int(state.createdUnix),
                    "auth_type": "hmac",
                    "usage": [["usage_type": "ConvAI Settings"]],
                    "events": ["transcript", "call_initiation_failure"],
                    "most_recent_failure_error_code": JSON(state.lastFailure?.code),
                    "most_recent_failure_timestamp": JSON(state.lastFailure?.unix),
                    "retry_enabled": .bool(settings.retries),
                ]
            ]
        }
    }
}
