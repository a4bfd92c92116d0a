import Foundation
package import Histogram
import JobQueue
import JobWorker
import Synchronization

/// What one worker of a soak has seen; handed to the report as JSON.
package struct SoakCount: Codable, Sendable {
    /// Jobs whose effect was applied, and deliveries of jobs that had been applied before.
    package var applied = 0
    package var repeated = 0

    /// From making a job to the start of its handler (us).
    package var waits = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000,
        numberOfSignificantValueDigits: .three
    )

    package init() {}

    package mutating func add(_ other: SoakCount) {
        applied += other.applied
        repeated += other.repeated
        waits.add(other.waits)
    }

    /// A wait beyond an hour counts as an hour; a clock that was set back, as nothing.
    package mutating func noteWait(microseconds: Int64) {
        _ = waits.record(UInt64(min(max(microseconds, 0), 3_600_000_000)))
    }
}

/// The count of a process, while its handlers and its committer add to it.
final class SoakTally: Sendable {
    private let count = Mutex(SoakCount())

    var value: SoakCount { count.withLock { $0 } }

    func noteStart(after microseconds: Int64) {
        count.withLock { $0.noteWait(microseconds: microseconds) }
    }

    func note(_ verdicts: [CommitVerdict]) {
        count.withLock { count in
            for verdict in verdicts {
                switch verdict {
                case .applied: count.applied += 1
                case .alreadyApplied: count.repeated += 1
                case .stale, .rejected: break
                }
            }
        }
    }
}

/// Counts what a committer says of each job.
struct CountedCommitter<Base: ResultCommitter>: ResultCommitter {
    let base: Base
    let tally: SoakTally

    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        try await base.finished(among: ids)
    }

    func isFollowed(_ job: Job) -> Bool { base.isFollowed(job) }

    func commit(
        _ jobs: [FinishedJob],
        effects: [Base.Effect],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        let verdicts = try await base.commit(jobs, effects: effects, notes: notes)
        tally.note(verdicts)
        return verdicts
    }

    func end(_ jobs: [DroppedJob]) async throws(CommitError) {
        try await base.end(jobs)
    }
}
