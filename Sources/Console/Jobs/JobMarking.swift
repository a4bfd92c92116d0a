import Ambient
import CallStore
import Foundation
import Hosting
import JobQueue

/// Tells the job index what a person did to jobs.
enum JobMarking {
    /// Notes it, as far as the store can be reached: what was done in Redis is done.
    ///
    /// Those in `ending` are over without a result: the store would send what of them waits in its
    /// outbox again.
    static func note(
        _ event: JobMark.Event,
        _ jobs: [(id: JobID, queue: String)],
        ending: [LedgerEntry] = [],
        reason: String?,
        _ session: Session
    ) async {
        guard !jobs.isEmpty else { return }
        let marks = marks(event, jobs, reason: reason, session)
        let notes = auditNotes(event, jobs, reason: reason, session)
        do {
            try await session.withStore { store in
                try await store.end(ending)
                try await store.write { writer in
                    for note in notes { try writer.audit(note) }
                }
                for start in stride(from: 0, to: marks.count, by: QueueLimits.jobsPerCallMax) {
                    let end = min(start + QueueLimits.jobsPerCallMax, marks.count)
                    let part = Array(marks[start..<end])
                    try await store.write { writer in try writer.mark(part) }
                }
            }
        } catch {
            session.terminal.complain(
                "ringback: done, but the job index and the audit log were not told: "
                    + "\(CommandFailure.failure(error).line)\n"
            )
        }
    }

    /// What the audit log is told: one entry for each queue, with the first of the jobs' ids.
    static func auditNotes(
        _ event: JobMark.Event,
        _ jobs: [(id: JobID, queue: String)],
        reason: String?,
        _ session: Session
    ) -> [AuditNote] {
        Dictionary(grouping: jobs, by: \.queue).sorted { $0.key < $1.key }.map { queue, jobs in
            AuditNote(
                actor: session.person,
                action: "job.\(event.rawValue)",
                object: "queue:\(queue)",
                after: [
                    "count": .integer(Int64(jobs.count)),
                    "jobs": .list(jobs.prefix(auditedIDsMax).map { .text($0.id.text) }),
                ],
                reason: reason
            )
        }
    }

    /// Most ids of jobs that an entry of the audit log names.
    private static let auditedIDsMax = 20

    /// What the index is told of jobs to which the same happened.
    static func marks(
        _ event: JobMark.Event,
        _ jobs: [(id: JobID, queue: String)],
        reason: String?,
        _ session: Session
    ) -> [JobMark] {
        let now = Int64(session.ambient.now().timeIntervalSince1970 * 1000)
        let person = session.person
        return jobs.map { job in
            JobMark(
                id: job.id,
                kind: job.queue,
                lane: .std,
                event: event,
                attempt: 1,
                person: person,
                reason: reason,
                enqueuedMilliseconds: now,
                atMilliseconds: now
            )
        }
    }
}
