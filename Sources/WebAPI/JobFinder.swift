import Ambient
import CallStore
import JobQueue

/// Finds a job wherever it is: in the store, or in a queue alone, such as one that has just been
/// enqueued, or was pushed by hand and cannot be read.
struct JobFinder: Sendable {
    let parts: WebParts

    /// - Parameters:
    ///   - id: The job.
    ///   - isRedisDown: Whether Redis is known not to answer; it is not waited for once more.
    /// - Returns: What the store knows of it, and the job as it is; nil when nobody knows it.
    /// - Throws: What the store throws; `APIError` when the store does not know it and a queue does
    ///   not answer.
    func find(
        _ id: JobID,
        isRedisDown: Bool = false
    ) async throws -> (history: JobHistory, job: IndexedJob?) {
        let history = try await parts.store.history(of: id)
        if let job = history.known { return (history, job) }
        if let job = try await queued(id, isRedisDown: isRedisDown) { return (history, job) }
        // One that ended between the two looks is in the store by now.
        let later = try await parts.store.history(of: id)
        return (later, later.known)
    }

    private func queued(_ id: JobID, isRedisDown: Bool) async throws -> IndexedJob? {
        let silent = APIError(
            .queueUnavailable,
            "The store does not know this job, and the queues do not answer."
        )
        guard !isRedisDown else { throw silent }
        for queue in parts.queues {
            let answer = await within(parts.figureMax, parts.ambient) { try await queue.job(id) }
            guard let record = answer else { throw silent }
            if let record {
                let now = parts.ambient.unixMilliseconds
                return IndexedJob(record, of: queue.name.text, nowMilliseconds: now)
            }
        }
        return nil
    }
}

extension JobHistory {
    /// The job as the store knows it.
    var known: IndexedJob? { indexed ?? done ?? outbox.map(IndexedJob.init(waiting:)) }
}

extension IndexedJob {
    /// A job as its queue has it; one that cannot be read has no kind but its queue.
    init(_ record: JobRecord, of queue: String, nowMilliseconds: Int64) {
        let state: IndexedJobState =
            switch record.state {
            case .ready, .suspect: .ready
            case .running: .running
            case .later: .parked
            case .dead: .dead
            }
        let created = record.job.createdMilliseconds
        self.init(
            id: record.job.id,
            kind: queue,
            state: state,
            reason: record.reason,
            attempt: record.job.attempt,
            // One that cannot be read does not tell when it was made.
            enqueuedMilliseconds: created > 0 ? created : nil,
            changedMilliseconds: record.state == .dead
                ? record.atMilliseconds ?? nowMilliseconds : nowMilliseconds,
            dueMilliseconds: record.state == .later ? record.atMilliseconds : nil
        )
    }

    /// A job that has not reached its queue yet.
    init(waiting entry: OutboxEntry) {
        self.init(
            id: entry.id,
            kind: entry.job.kind,
            state: .ready,
            enqueuedMilliseconds: entry.createdMilliseconds,
            changedMilliseconds: entry.createdMilliseconds
        )
    }
}
