package import CallStore
package import JobWorker
import Logging

/// Checks the rules of the alerts and tells who is to know.
package struct AlertChecker: Sendable {
    private let store: CallStore
    private let gathering: AlertGathering
    private let channels: AlertChannels

    package init(store: CallStore, gathering: AlertGathering, channels: AlertChannels) {
        self.store = store
        self.gathering = gathering
        self.channels = channels
    }

    /// What the rules say now; tells nobody and keeps nothing.
    package func verdicts() async throws -> [AlertVerdict] {
        try await gathering.facts().verdicts
    }

    /// One look at everything.
    ///
    /// A notice is sent before the state that says so is committed: it may come twice, under the
    /// same id, but is not lost.
    ///
    /// - Returns: Done with the states, or a retry when a channel did not take a notice.
    /// - Throws: `StoreError`, `CancellationError`.
    package func check(in context: JobContext) async throws -> HandlerResult<StoreChange> {
        let now = context.ambient.unixMilliseconds
        let known = Dictionary(
            try await store.alertStates().map { ($0.rule, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var states: [AlertState] = []
        var failures: [String] = []
        for verdict in try await verdicts() {
            let (state, notice) = AlertState.next(
                after: known[verdict.rule.rawValue],
                verdict,
                nowMilliseconds: now
            )
            if let notice {
                context.logger.warning(
                    notice.isFiring ? "An alert" : "An alert is over",
                    metadata: ["rule": "\(notice.rule.rawValue)"]
                )
                let failed = try await channels.send(notice)
                failures += failed
                // The state stays as it was, so that the next attempt says it again.
                guard failed.isEmpty else { continue }
            }
            states.append(state)
        }
        let kept = states
        guard failures.isEmpty else {
            try await store.write { try $0.keep(kept) }
            return .retry(reason: failures.joined(separator: "; "))
        }
        return .done { try $0.keep(kept) }
    }
}
