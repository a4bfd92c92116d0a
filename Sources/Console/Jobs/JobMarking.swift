import Ambient
import CallStore
import Foundation
import Hosting
import JobQueue

/// Tells the job index what a person did to jobs.
enum JobMarking {
    /// Notes it, as far as the store can be reached: what was done in Redis is done.
    static func note(
        _ event: JobMark.Event,
        _ jobs: [(id: JobID, queue: String)],
        reason: String?,
        _ session: Session
    ) async {
        guard !jobs.isEmpty else { return }
        let now = Int64(session.ambient.now().timeIntervalSince1970 * 1000)
        let person = session.person
        let marks = jobs.map { job in
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
        do {
            try await session.withStore { store in
                for start in stride(from: 0, to: marks.count, by: QueueLimits.jobsPerCallMax) {
                    let end = min(start + QueueLimits.jobsPerCallMax, marks.count)
                    let part = Array(marks[start..<end])
                    try await store.write { writer in try writer.mark(part) }
                }
            }
        } catch {
            session.terminal.complain(
                "ringback: done, but the job index was not told: "
                    + "\(CommandFailure.failure(error).line)\n"
            )
        }
    }
}
