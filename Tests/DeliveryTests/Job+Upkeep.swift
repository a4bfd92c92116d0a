import CallJobs
import JobQueue

extension Job {
    /// A job of the queue upkeep in its first attempt.
    static func upkeep(_ arguments: UpkeepArguments) throws -> Job {
        Job(
            id: try JobID("u1"),
            kind: JobKind.upkeep.rawValue,
            lane: .std,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: arguments.payload,
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
    }
}
