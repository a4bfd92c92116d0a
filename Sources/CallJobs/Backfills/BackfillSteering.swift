package import Ambient
package import CallStore
import Foundation
package import JobQueue
package import Scheduling

/// What operators do with backfills.
package struct BackfillSteering: Sendable {
    private let store: CallStore
    private let queue: any Feeder.Queue
    private let budget: any UpstreamBudget
    private let ambient: Ambient

    /// - Parameters:
    ///   - store: Whose backfills.
    ///   - queue: The queue of sync jobs.
    ///   - budget: The upstream's.
    ///   - ambient: Ids of new backfills.
    package init(
        store: CallStore,
        queue: any Feeder.Queue,
        budget: any UpstreamBudget,
        ambient: Ambient
    ) {
        self.store = store
        self.queue = queue
        self.budget = budget
        self.ambient = ambient
    }

    /// What a backfill of a range would do and cost.
    package func plan(_ range: BackfillRange) async throws -> BackfillPlan {
        let parallel = try await budget.state().parallel
        var pace: BackfillPace?
        if let last = try await store.backfills(limit: 1).first {
            pace = BackfillPace(samples: try await store.pace(of: last.id), parallel: parallel)
        }
        return BackfillPlan(
            range: range,
            coverage: try await store.coverage(
                over: range.fromUnix..<range.toUnix,
                agentID: range.agentID,
                in: range.workspace
            ),
            history: try await store.coverageDensity(
                agentID: range.agentID,
                in: range.workspace
            ),
            pace: pace,
            parallel: parallel
        )
    }

    /// Begins a backfill; a scheduler feeds it from now on.
    package func start(_ range: BackfillRange, by person: String) async throws -> BackfillID {
        let random = ambient.newID().uuidString.lowercased().prefix(8)
        guard let id = BackfillID("bf-\(random)") else {
            preconditionFailure("A prefix of a UUID makes an id.")
        }
        try await store.write { try $0.start(range, as: id, by: person) }
        return id
    }

    /// Ends a backfill, and takes back what of it is in the queue.
    ///
    /// The store hears of it first: a slice that slips through meets its word when it runs.
    ///
    /// - Returns: How many queued or running slices were asked to end; nil when it was not under
    ///   way.
    package func cancel(_ id: BackfillID, by person: String) async throws -> Int? {
        let open = try await store.openSlices(of: id, limit: QueueLimits.jobsPerCallMax)
        guard try await store.write({ try $0.cancelBackfill(id) }) else { return nil }
        try await queue.closeFeed(id.feed)
        return try await queue.cancel(try open.map { try JobID($0.jobID) }, by: person)
    }
}

/// How a backfill gets on, for people.
package struct BackfillProgress: Sendable, Equatable {
    package var backfill: Backfill

    /// Slices that end in a second; nil before enough of them have ended, and when none is fed.
    package var slicesPerSecond: Double?

    /// Time until the last slice ends at the present budget; nil without a rate.
    package var left: Duration?

    /// - Parameters:
    ///   - backfill: As the store has it.
    ///   - samples: How it got on, oldest first.
    ///   - coverage: What of its range is covered: the slices that are still to come there will be
    ///     passed over, and take no time.
    ///   - parallel: Requests that the upstream's budget allows at once now.
    package init(
        _ backfill: Backfill,
        samples: [PaceSample],
        coverage: [Coverage] = [],
        parallel: Int
    ) {
        self.backfill = backfill
        guard backfill.state == .running,
            let pace = BackfillPace(samples: samples, parallel: parallel)
        else { return }
        slicesPerSecond = pace.slicesPerSecond
        let passed = BackfillPlan.complete(backfill.range, coverage, from: backfill.handedOut)
        left = pace.time(for: max(0, backfill.left - passed))
    }

    /// The part that has ended, 0 to 1.
    package var part: Double {
        Double(backfill.counts.ended) / Double(max(1, backfill.range.slices))
    }
}
