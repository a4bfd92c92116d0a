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
    /// What is to be said is committed before it is sent, and that it was taken afterwards. So,
    /// whatever ends an attempt, a notice may come twice, under the same id, but is not lost. A
    /// channel that fails is told again, and the other one is not.
    ///
    /// - Returns: Done with the states, or a retry when a channel did not take a notice.
    /// - Throws: `StoreError`, `CancellationError`.
    package func check(in context: JobContext) async throws -> HandlerResult<StoreChange> {
        let now = context.ambient.unixMilliseconds
        let known = Dictionary(
            try await store.alertStates().map { ($0.rule, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var looks = try await verdicts().map { verdict in
            AlertState.next(
                after: known[verdict.rule.rawValue],
                verdict,
                nowMilliseconds: now,
                ways: channels.ways
            )
        }
        if looks.contains(where: { $0.notice != nil }) {
            let announced = looks.map(\.state)
            try await store.write { try $0.keep(announced) }
        }
        var failures: [String] = []
        for index in looks.indices {
            guard let notice = looks[index].notice else { continue }
            // Not of one that an attempt before this one has made.
            if notice.sinceMilliseconds == now {
                context.logger.warning(
                    notice.isFiring ? "An alert" : "An alert is over",
                    metadata: ["rule": "\(notice.rule.rawValue)"]
                )
            }
            let refusals = try await channels.refusals(of: notice)
            failures += refusals.map(\.reason)
            looks[index].state.took(notice.ways.subtracting(AlertWays(refusals.map(\.way))))
        }
        let kept = looks.map(\.state)
        guard failures.isEmpty else {
            try await store.write { try $0.keep(kept) }
            return .retry(reason: failures.joined(separator: "; "))
        }
        return .done { try $0.keep(kept) }
    }
}
