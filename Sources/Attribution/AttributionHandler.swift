import CallJobs
package import CallStore
package import JobQueue
package import JobWorker

/// Credits calls to campaigns.
///
/// Reads the present state of each call and of the recipients with its number, decides, and has
/// the decision written where the call is as it was read. A person's pin is never overwritten; the
/// store sees to that.
package struct AttributionHandler: JobHandler {
    package typealias Effect = StoreChange

    /// Calls that one sweep job decides before it hands on.
    ///
    /// Few enough that the transaction, which nobody else can write beside, takes a tenth of a
    /// second; many enough that its commit costs little for each of them.
    package static let sweepBatch = 2_000

    /// How long to wait when the store cannot be read: nobody's attempt.
    private static let storePause = Duration.seconds(5)

    private let store: CallStore
    private let attributor: Attributor

    package init(store: CallStore, rules: AttributionRules) {
        self.store = store
        attributor = Attributor(store: store, rules: rules)
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.attribution.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.attribution.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let selection: CallSelection
        do throws(ArgumentsError) {
            selection = try AttributionArguments(of: job).selection
        } catch {
            return .unreadable(error)
        }
        do throws(StoreError) {
            return .done(try await decide(selection, lane: job.lane))
        } catch {
            switch error {
            case .unavailable(let reason):
                return .snooze(after: Self.storePause, reason: reason)
            case .cancelled: throw CancellationError()
            default: throw error
            }
        }
    }

    private func decide(
        _ selection: CallSelection,
        lane: Lane
    ) async throws(StoreError) -> StoreChange {
        let ids = try await calls(selection)
        let entries = try await attributor.decide(ids).compactMap(\.entry)
        return Self.change(entries, next: Self.next(selection, ids), lane: lane)
    }

    private func calls(_ selection: CallSelection) async throws(StoreError) -> [CallID] {
        switch selection {
        case .calls(let ids): ids
        case .open(let after):
            try await store.undecided(after: after, limit: Self.sweepBatch)
        case .range(let from, let to, let after):
            try await store.callIDs(
                fromUnix: from,
                toUnix: to,
                after: after,
                limit: Self.sweepBatch
            )
        }
    }

    /// Where a walk goes on: nil when this was the last batch.
    private static func next(_ selection: CallSelection, _ ids: [CallID]) -> CallSelection? {
        guard let last = ids.last, ids.count == sweepBatch else { return nil }
        switch selection {
        case .calls: return nil
        case .open: return .open(after: last)
        case .range(let from, let to, _): return .range(fromUnix: from, toUnix: to, after: last)
        }
    }

    private static func change(
        _ entries: [AttributionEntry],
        next: CallSelection?,
        lane: Lane
    ) -> StoreChange {
        { writer in
            let receipt = try writer.attribute(entries)
            // A call that moved does not undo the batch: it gets a job of its own.
            for calls in AttributionArguments.batches(of: receipt.stale) {
                try writer.addToOutbox(OutboxJob(AttributionArguments(.calls(calls)), lane: lane))
            }
            if let next {
                try writer.addToOutbox(OutboxJob(AttributionArguments(next), lane: lane))
            }
        }
    }
}

extension AttributionArguments {
    /// Calls in lists that one job's arguments hold.
    package static func batches(of calls: [CallID]) -> [[CallID]] {
        stride(from: 0, to: calls.count, by: callsPerJobMax).map { start in
            Array(calls[start..<min(calls.count, start + callsPerJobMax)])
        }
    }
}
