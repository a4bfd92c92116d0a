import Ambient
import CallJobs
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
        let person = session.person
        let notes = JobNotes(event, jobs, by: person, reason: reason, at: session.ambient.now())
        let marks = notes.marks
        do {
            try await session.withStore { store in
                try await store.end(ending)
                try await store.write { writer in
                    for note in notes.audit { try writer.audit(note) }
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
}
