package import Ambient
import CallStore
package import Logging

/// Runs the sweep of the outbox until it is cancelled; part of the scheduler.
///
/// Several may run at once: a job that both send is absorbed by the ledger.
package struct OutboxSweep: Sendable {
    /// Time between two sweeps, before jitter: what follows a crash waits this much longer.
    package static let interval = Duration.seconds(5)

    private let relay: OutboxRelay
    private let ambient: Ambient
    private let logger: Logger

    package init(relay: OutboxRelay, ambient: Ambient, logger: Logger) {
        self.relay = relay
        self.ambient = ambient
        self.logger = logger
    }

    /// Sweeps again and again; a store that is away is waited for.
    ///
    /// - Throws: `CancellationError` at the end, and nothing else.
    package func run() async throws {
        var isAway = false
        while true {
            do {
                let report = try await relay.sweep()
                if isAway { logger.notice("the store is back, the outbox is swept again") }
                isAway = false
                if report.sent > 0 {
                    logger.info("sent jobs of the outbox", metadata: ["jobs": "\(report.sent)"])
                }
            } catch StoreError.cancelled {
                throw CancellationError()
            } catch {
                // One line for the whole time that it is away, not one every few seconds.
                if !isAway {
                    logger.error(
                        "the outbox cannot be swept, trying again",
                        metadata: ["error": "\(error)"]
                    )
                }
                isAway = true
            }
            try await ambient.sleep(for: Self.interval * (0.5 + ambient.chance()))
        }
    }
}
