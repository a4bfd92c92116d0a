import ElevenLabs
import Logging
import Synchronization

/// Says now and then that webhooks are refused: a wrong setting loses calls silently, but a stranger
/// must not fill the log.
final class WebhookRefusals: Sendable {
    /// Why they are.
    enum Reason: Sendable {
        case signature(WebhookSignatureError)

        /// The address is not one of those that may send.
        case source
    }

    private struct Count {
        var last: Duration?
        var refused = 0
    }

    private struct State {
        var signatures = Count()
        var sources = Count()
    }

    private let elapsed: @Sendable () -> Duration
    private let logger: Logger
    private let state = Mutex(State())

    init(elapsed: @escaping @Sendable () -> Duration, logger: Logger) {
        self.elapsed = elapsed
        self.logger = logger
    }

    func note(_ reason: Reason) {
        switch reason {
        case .signature(let error):
            guard let refused = state.withLock({ due(&$0.signatures) }) else { return }
            logger.warning(
                "Webhooks are refused for their signature; is ELEVENLABS_WEBHOOK_SECRET right?",
                metadata: ["reason": "\(error.rawValue)", "refused": "\(refused)"]
            )
        case .source:
            guard let refused = state.withLock({ due(&$0.sources) }) else { return }
            logger.warning(
                """
                Webhooks are refused for their address; are ELEVENLABS_WEBHOOK_SOURCES and \
                RINGBACK_TRUSTED_PROXIES right?
                """,
                metadata: ["refused": "\(refused)"]
            )
        }
    }

    /// How many were refused since the last line; nil while it is too early for another.
    private func due(_ count: inout Count) -> Int? {
        let now = elapsed()
        count.refused += 1
        if let last = count.last, now - last < WebLimits.refusalLogPause { return nil }
        count.last = now
        defer { count.refused = 0 }
        return count.refused
    }
}
