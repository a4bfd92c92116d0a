package import CallStore
package import JobQueue
package import Scheduling

/// The backfills of the store as plans for a feeder: one sync job for each slice, in the low lane.
///
/// The store is the truth on which slices have ended; the queue only on which were handed out. So
/// a queue that came back empty is filled again, and a store that came back from an older copy has
/// handed out again what it does not know.
package struct BackfillFeed: FeedSource {
    /// Backfills that one feeder serves in one round; the others wait for one to end.
    package static let backfillsMax = 8

    private let store: CallStore

    package init(store: CallStore) {
        self.store = store
    }

    package func feeds() async throws -> [FeedName] {
        try await store.runningBackfills(limit: Self.backfillsMax).map { $0.id.feed }
    }

    package func progress(of feed: FeedName, cursor: Int?) async throws -> FeedProgress? {
        guard let id = BackfillID(feed.text), let backfill = try await store.backfill(id),
            backfill.state == .running
        else { return nil }
        let open = try await store.openSlices(of: id, before: cursor ?? 0)
        return FeedProgress(
            count: backfill.range.slices,
            recorded: backfill.handedOut,
            firstOpen: open.first,
            open: open.count,
            ended: backfill.counts.done + backfill.counts.failed + backfill.counts.cancelled
        )
    }

    package func part(
        of feed: FeedName,
        from position: Int,
        jobsMax: Int
    ) async throws -> FeedPart {
        guard let id = BackfillID(feed.text), let backfill = try await store.backfill(id) else {
            return FeedPart(end: position, jobs: [])
        }
        let handed = try await store.write { writer in
            try writer.handOut(
                id,
                from: position,
                openMax: jobsMax,
                slicesMax: QueueLimits.jobsPerCallMax
            )
        }
        guard let handed else { return FeedPart(end: position, jobs: []) }
        return FeedPart(end: handed.end, jobs: try handed.positions.map { try backfill.job($0) })
    }

    package func overdue(in feed: FeedName, limit: Int) async throws -> [JobID] {
        guard let id = BackfillID(feed.text) else { return [] }
        return try await store.overdueSlices(of: id, limit: limit).map { try JobID($0.jobID) }
    }

    package func note(_ looks: [FeedLook], in feed: FeedName) async throws -> [NewJob] {
        guard let id = BackfillID(feed.text), let backfill = try await store.backfill(id) else {
            return []
        }
        let finished = try await store.finished(among: looks.map(\.job))
        let waiting = try await store.inOutbox(among: looks.map(\.job))
        let findings = Dictionary(looks.map { ($0.job.text, $0) }) { first, _ in first }
        let slices = try await store.overdueSlices(of: id, limit: looks.count)
        var again: [NewJob] = []
        var failed: [(SliceReference, String)] = []
        var looked: [SliceReference] = []
        for slice in slices {
            guard let look = findings[slice.jobID] else { continue }
            let reference = SliceReference(backfill: id, position: slice.position)
            switch look.finding {
            case .dead(let reason): failed.append((reference, reason))
            case _ where finished.contains(look.job):
                // Also when the queue seems to have it: its lane may be too deep to be sure.
                failed.append((reference, "its job ended without a result"))
            case .present: looked.append(reference)
            case .missing where waiting.contains(look.job):
                // The sweep of the outbox sends it.
                looked.append(reference)
            case .missing where slice.state == .queued:
                looked.append(reference)
                again.append(try backfill.job(slice.position))
            case .missing:
                failed.append((reference, "its job is neither in the queue nor in the outbox"))
            }
        }
        let (ended, kept) = (failed, looked)
        try await store.write { writer in
            for (slice, reason) in ended { try writer.fail(slice, reason: reason) }
            for slice in kept { try writer.noteLook(for: slice) }
        }
        return again
    }

    package func end(_ feed: FeedName) async throws {
        guard let id = BackfillID(feed.text) else { return }
        _ = try await store.write { try $0.cancelBackfill(id) }
    }
}

extension BackfillID {
    /// The feed that hands its slices out.
    package var feed: FeedName {
        do {
            return try FeedName(text)
        } catch {
            preconditionFailure("A backfill's id is an identifier.")
        }
    }
}

extension Backfill {
    /// The first job of a slice.
    package func job(_ position: Int) throws(IdentifierError) -> NewJob {
        let slice = range.slice(position)
        let reference = SliceReference(backfill: id, position: position)
        let arguments = SyncArguments.range(
            SyncRange(
                fromUnix: slice.lowerBound,
                toUnix: slice.upperBound,
                agentID: range.agentID,
                workspace: range.workspace,
                slice: reference
            )
        )
        return NewJob(
            id: try JobID(reference.jobID),
            kind: SyncArguments.kind.rawValue,
            lane: .low,
            payload: arguments.payload,
            uniqueHorizon: SyncArguments.kind.policy.uniqueHorizon
        )
    }
}
