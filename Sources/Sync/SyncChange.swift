import CallJobs
import CallStore
import Foundation
import JobQueue

/// What a sync job changes in the store, put together as a value.
struct SyncChange: Sendable {
    var reading: PageReading
    var workspace: String

    /// The lane of what follows: that of the job itself.
    var lane: Lane

    /// Sync jobs that follow, each with the time before it may run.
    var next: [(arguments: SyncArguments, delay: Duration)] = []

    /// Name and present walk of a poll; nil for what is no poll.
    var pollWalk: (name: String, position: String?)?

    /// To where a completed poll has seen everything, Unix milliseconds.
    var polledUntilMilliseconds: Int64?

    /// The refusal to be noted.
    var haltReason: String?

    /// Whether a noted refusal is over.
    var clearsHalt = false

    /// What of the upstream's history is read now: the end of a walk.
    var covered: (range: SyncRange, calls: Int, requests: Int)?

    /// The slice of a backfill whose walk this is.
    var slice: SliceReference?

    /// The fence of this delivery.
    var fence: Int64 = 0

    /// The webhook that was read, with what became of it.
    var inbox: (id: InboxID, state: InboxItem.State, reason: String?)?

    /// Whether a call that no poll has listed asks for one: the start after which it counts.
    var catchUpAfterUnix: Int64?

    /// The name under which the store remembers when a poll was asked for out of turn.
    static let catchUpWalk = "sync-catch-up"

    /// Writes it; one record that the store refuses is kept raw and the rest goes on.
    func write(with writer: StoreWriter) throws {
        var news: [CallID] = []
        var ended: [CallID] = []
        var isUnlisted = false
        for entry in reading.entries {
            guard let recorded = try record(entry, with: writer) else { continue }
            if recorded.isNews {
                news.append(recorded.call)
                if entry.record.status.isFinal { ended.append(recorded.call) }
            }
            if let catchUpAfterUnix, recorded.change == .inserted,
                entry.record.startedUnix ?? .max >= catchUpAfterUnix
            {
                isUnlisted = true
            }
        }
        for body in reading.unreadable { try writer.storeRaw(body) }
        for identity in reading.gone { try writer.markGone(identity) }
        try noteAgents(with: writer)
        try writeFollowers(news, ended, with: writer)
        try writeState(isUnlisted: isUnlisted, with: writer)
    }

    private func record(
        _ entry: PageReading.Entry,
        with writer: StoreWriter
    ) throws -> Recorded? {
        // It may have been erased while it was read.
        guard try !writer.isErased(entry.record.identity) else { return nil }
        do {
            return try writer.part {
                let recorded = try writer.record(entry.record)
                if let raw = entry.raw { try writer.storeRaw(raw) }
                return recorded
            }
        } catch StoreError.rejected(let reason) {
            var raw =
                entry.raw
                ?? RawBody(
                    kind: .list,
                    workspace: workspace,
                    conversationID: entry.record.identity.conversationID,
                    receivedAtMilliseconds: entry.record.fetchedAtMilliseconds,
                    body: Data()
                )
            raw.unreadableReason = "the store refuses it: \(reason)"
            try writer.storeRaw(raw)
            return nil
        }
    }

    private func noteAgents(with writer: StoreWriter) throws {
        var seen: Set<String> = []
        for entry in reading.entries where !entry.record.agentID.isEmpty {
            guard seen.insert(entry.record.agentID).inserted else { continue }
            try writer.note(
                Agent(
                    workspace: workspace,
                    id: entry.record.agentID,
                    name: entry.record.agentName
                )
            )
        }
    }

    private func writeFollowers(
        _ news: [CallID],
        _ ended: [CallID],
        with writer: StoreWriter
    ) throws {
        if !news.isEmpty {
            let job = OutboxJob(AttributionArguments(.calls(news)), lane: lane)
            try writer.addToOutbox(job)
        }
        if !ended.isEmpty {
            let job = OutboxJob(ConversionArguments(.calls(ended)), lane: lane)
            try writer.addToOutbox(job)
        }
        for identity in reading.again {
            let job = OutboxJob(SyncArguments.conversation(identity), lane: lane)
            try writer.addToOutbox(job)
        }
        for job in next {
            let id = try writer.addToOutbox(
                OutboxJob(job.arguments, lane: lane, delay: job.delay)
            )
            if let slice, job.arguments.slice == slice {
                try writer.goOn(with: slice, in: id.text, fence: fence)
            }
        }
    }

    private func writeState(isUnlisted: Bool, with writer: StoreWriter) throws {
        if let covered {
            try writer.cover(
                covered.range.fromUnix..<covered.range.toUnix,
                agentID: covered.range.agentID,
                calls: covered.calls,
                requests: covered.requests,
                fence: fence,
                in: workspace
            )
            if let slice {
                try writer.complete(
                    slice,
                    fence: fence,
                    calls: covered.calls,
                    requests: covered.requests
                )
            }
        }
        if let pollWalk {
            // Any delivery may move it: which walk it is stands in the position.
            try writer.advance(walk: pollWalk.name, to: pollWalk.position, fence: 0)
        }
        if let polledUntilMilliseconds {
            try writer.note(.lastPoll, atMilliseconds: polledUntilMilliseconds, in: workspace)
        }
        if let haltReason {
            try writer.halt(reason: haltReason, in: workspace)
        } else if clearsHalt {
            try writer.clearHalt(in: workspace)
        }
        if let inbox {
            try writer.settleInbox(inbox.id, inbox.state, reason: inbox.reason)
        }
        if isUnlisted {
            try writer.advance(walk: Self.catchUpWalk, to: nil, fence: 0)
            try writer.addToOutbox(
                OutboxJob(SyncArguments.recent, lane: lane, delay: SyncLimits.catchUp)
            )
        }
    }
}
