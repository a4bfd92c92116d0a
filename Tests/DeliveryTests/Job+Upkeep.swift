import CallJobs
import JobQueue
import TestSupport

extension Job {
    /// A job of the queue upkeep in its first attempt.
    static func upkeep(_ arguments: UpkeepArguments) throws -> Job {
        try Job.first("u1", kind: JobKind.upkeep.rawValue, payload: arguments.payload)
    }
}
