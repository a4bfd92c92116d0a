package import CallStore
package import Foundation
package import JobQueue

/// The dead jobs of one queue, as people steer them.
package struct DeadJobs: Sendable {
    /// Dead jobs that are looked at for their groups: as many as a queue keeps.
    package static let lookMax = QueueLimits.deadMax

    private let queue: any QueueAdministration
    private let store: CallStore

    package init(queue: any QueueAdministration, store: CallStore) {
        self.queue = queue
        self.store = store
    }

    /// Those that died for a reason; all without one.
    package func jobs(of reason: String? = nil) async throws(QueueError) -> [JobRecord] {
        var found: [JobRecord] = []
        var cursor: JobCursor?
        repeat {
            let page = try await queue.jobs(
                in: .dead,
                after: cursor,
                limit: QueueLimits.jobsPerCallMax
            )
            found += page.jobs.filter { reason == nil || DeadGroup.reason(of: $0) == reason }
            cursor = page.next
        } while cursor != nil && found.count < Self.lookMax
        return Array(found.prefix(Self.lookMax))
    }

    /// Puts jobs back, as if they had never been tried.
    ///
    /// - Returns: What became of each.
    /// - Throws: `QueueError` or `StoreError`; jobs that were put back by then stay so.
    package func retry(
        _ ids: [JobID],
        by person: String,
        at moment: Date
    ) async throws -> [DeadRetryAnswer] {
        var answers: [DeadRetryAnswer] = []
        for part in Self.parts(ids) {
            let part = Array(part)
            let replies = try await queue.retryDead(part)
            answers += replies
            let queued = zip(part, replies).filter { $0.1 == .queued }.map(\.0)
            guard !queued.isEmpty else { continue }
            let notes = notes(.requeued, queued, person, nil, moment)
            try await store.write { writer in
                try writer.mark(notes.marks)
                for note in notes.audit { try writer.audit(note) }
            }
        }
        return answers
    }

    /// Drops jobs, and ends them in the store, which would send those of its outbox again.
    ///
    /// - Returns: How many there were.
    /// - Throws: `QueueError` or `StoreError`; a job that is not dropped by then stays dead.
    package func discard(_ jobs: [Job], by person: String, at moment: Date) async throws -> Int {
        var dropped = 0
        let worker = try WorkerID("operator")
        for part in Self.parts(jobs) {
            // The store first: a death in between leaves them dead, to be discarded again.
            let entries = part.map {
                LedgerEntry(id: $0.id, kind: $0.kind, worker: worker, fence: 0, attempt: $0.attempt)
            }
            let notes = notes(.cancelled, part.map(\.id), person, "discarded", moment)
            try await store.write { writer in
                try writer.end(entries)
                try writer.mark(notes.marks)
                for note in notes.audit { try writer.audit(note) }
            }
            dropped += try await queue.discardDead(part.map(\.id))
        }
        return dropped
    }

    private func notes(
        _ event: JobMark.Event,
        _ ids: [JobID],
        _ person: String,
        _ reason: String?,
        _ moment: Date
    ) -> JobNotes {
        let name = queue.name.text
        return JobNotes(event, ids.map { ($0, name) }, by: person, reason: reason, at: moment)
    }

    /// As many as one call takes.
    private static func parts<Item>(_ items: [Item]) -> [ArraySlice<Item>] {
        stride(from: 0, to: items.count, by: QueueLimits.jobsPerCallMax).map {
            items[$0..<min($0 + QueueLimits.jobsPerCallMax, items.count)]
        }
    }
}

/// Dead jobs of one queue that died for the same reason.
package struct DeadGroup: Sendable, Equatable {
    package let queue: String
    package let reason: String
    package private(set) var count: Int
    package private(set) var firstMilliseconds: Int64
    package private(set) var lastMilliseconds: Int64

    /// One of them, the newest, to look at.
    package private(set) var example: String

    static func reason(of record: JobRecord) -> String { record.reason ?? "unknown" }

    /// Groups records by their reason, the largest group first.
    package static func groups(of records: [JobRecord], queue: String) -> [DeadGroup] {
        var groups: [String: DeadGroup] = [:]
        for record in records {
            let at = record.atMilliseconds ?? record.job.readyMilliseconds
            let reason = reason(of: record)
            guard var group = groups[reason] else {
                groups[reason] = DeadGroup(
                    queue: queue,
                    reason: reason,
                    count: 1,
                    firstMilliseconds: at,
                    lastMilliseconds: at,
                    example: record.job.id.text
                )
                continue
            }
            group.count += 1
            group.firstMilliseconds = min(group.firstMilliseconds, at)
            if at >= group.lastMilliseconds {
                group.lastMilliseconds = at
                group.example = record.job.id.text
            }
            groups[reason] = group
        }
        return groups.values.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    }
}
