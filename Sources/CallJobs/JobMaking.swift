package import Ambient
package import CallStore
import Foundation
package import JobQueue
import Traces

extension NewJob {
    /// A job of ours with a new random id and a trace, ready for its kind's queue.
    ///
    /// - Parameters:
    ///   - arguments: What it is to do; they decide kind and queue.
    ///   - lane: `std` for what people or schedules wait for, `low` for re-scoring.
    ///   - unique: At most one job with this key waits or runs at a time.
    ///   - delay: Not before this much time from now.
    ///   - ambient: Gives the ids.
    package init(
        _ arguments: some JobArguments,
        lane: Lane = .std,
        unique: UniqueKey? = nil,
        delay: Duration = .zero,
        ambient: Ambient
    ) {
        let kind = type(of: arguments).kind
        self.init(
            id: JobID(kind: kind, ambient: ambient),
            kind: kind.rawValue,
            lane: lane,
            payload: arguments.payload,
            unique: unique,
            uniqueHorizon: kind.policy.uniqueHorizon,
            delay: delay,
            trace: TraceContext.ofNewJob(from: ambient).traceparent
        )
    }
}

extension JobID {
    /// A new random id that tells people the kind.
    package init(kind: JobKind, ambient: Ambient) {
        do {
            try self.init("\(kind.rawValue)-\(ambient.newID().uuidString.lowercased())")
        } catch {
            preconditionFailure("A kind and a UUID make an identifier.")
        }
    }
}

extension OutboxJob {
    /// A follow-on job, to be added to the outbox in the transaction that it follows from.
    ///
    /// It has no unique key by default: a job that already runs may have read an older state.
    package init(
        _ arguments: some JobArguments,
        lane: Lane = .std,
        unique: UniqueKey? = nil,
        delay: Duration = .zero,
        trace: String? = nil
    ) {
        let kind = type(of: arguments).kind
        self.init(
            queue: kind.queue,
            kind: kind.rawValue,
            lane: lane,
            payload: arguments.payload,
            unique: unique,
            uniqueHorizon: kind.policy.uniqueHorizon,
            delay: delay,
            trace: trace
        )
    }
}
