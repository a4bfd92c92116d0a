package import CallStore
package import Foundation
package import JobQueue

/// What the job index and the audit log are told when a person does something to jobs.
package struct JobNotes: Sendable {
    /// Most ids of jobs that an entry of the audit log names.
    private static let auditedIDsMax = 20

    /// One for each job.
    package let marks: [JobMark]

    /// One for each queue, with the first of its jobs' ids.
    package let audit: [AuditNote]

    /// The same was done to all of these jobs.
    package init(
        _ event: JobMark.Event,
        _ jobs: [(id: JobID, queue: String)],
        by person: String,
        reason: String?,
        at moment: Date
    ) {
        let now = Int64(moment.timeIntervalSince1970 * 1000)
        marks = jobs.map { job in
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
        let queues = Dictionary(grouping: jobs, by: \.queue).sorted { $0.key < $1.key }
        audit = queues.map { queue, jobs in
            AuditNote(
                actor: person,
                action: "job.\(event.rawValue)",
                object: "queue:\(queue)",
                after: [
                    "count": .integer(Int64(jobs.count)),
                    "jobs": .list(jobs.prefix(Self.auditedIDsMax).map { .text($0.id.text) }),
                ],
                reason: reason
            )
        }
    }
}
