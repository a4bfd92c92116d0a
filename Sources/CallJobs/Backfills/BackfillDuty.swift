package import Ambient
package import CallStore
package import JobQueue
package import Logging
package import Scheduling
import Synchronization

/// What the scheduler's process does for backfills again and again: feeds them, and keeps how they
/// get on.
///
/// Any number of processes may do it at once.
package final class BackfillDuty: Sendable {
    private let store: CallStore
    private let feeder: Feeder
    private let budget: any UpstreamBudget
    private let ambient: Ambient
    private let sampled = Mutex<Duration?>(nil)

    /// - Parameters:
    ///   - store: Whose backfills.
    ///   - queue: The queue of sync jobs.
    ///   - budget: The upstream's, whose parallelism the rate is told by.
    ///   - ambient: Ids and time.
    ///   - logger: Told when a queue or a store had gone back in time.
    package init(
        store: CallStore,
        queue: any Feeder.Queue,
        budget: any UpstreamBudget,
        ambient: Ambient,
        logger: Logger
    ) {
        self.store = store
        self.budget = budget
        self.ambient = ambient
        feeder = Feeder(
            source: BackfillFeed(store: store),
            queue: queue,
            ambient: ambient,
            logger: logger
        )
    }

    /// One round.
    package func work() async throws {
        try await feeder.round()
        let now = ambient.elapsed()
        let isDue = sampled.withLock { sampled in
            if let last = sampled, now - last < .milliseconds(BackfillLimits.paceMilliseconds) {
                return false
            }
            sampled = now
            return true
        }
        guard isDue else { return }
        let running = try await store.runningBackfills(limit: BackfillFeed.backfillsMax)
        guard !running.isEmpty else { return }
        let parallel = try await budget.state().parallel
        try await store.write { writer in
            for backfill in running { try writer.notePace(of: backfill.id, parallel: parallel) }
        }
    }
}
