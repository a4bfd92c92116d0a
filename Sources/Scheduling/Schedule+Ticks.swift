package import Foundation
package import JobQueue
package import Traces

extension Schedule {
    /// The tick of one instant.
    ///
    /// - Parameters:
    ///   - instant: Unix seconds.
    ///   - draw: One draw from `0..<1`, which sets how much of the jitter its job waits.
    ///   - trace: The trace that begins with it.
    ///   - isLate: Whether it comes long after its instant.
    /// - Returns: A tick whose job has the id `schedule@instant`, whoever makes it.
    package func tick(
        at instant: Int64,
        draw: Double,
        trace: TraceContext? = nil,
        isLate: Bool = false
    ) -> Tick {
        let moment = Date(timeIntervalSince1970: Double(instant)).formatted(.iso8601)
        return Tick(
            schedule: name.text,
            instantMilliseconds: instant * 1000,
            job: job(suffix: moment, delay: jitter * draw, trace: trace),
            isLate: isLate
        )
    }

    /// A job for now, besides the timetable; its id is `schedule@manual-<id>`.
    package func manualJob(id: UUID, trace: TraceContext? = nil) -> NewJob {
        job(suffix: "manual-\(id.uuidString.lowercased())", delay: .zero, trace: trace)
    }

    /// Which instants are fired when several have passed.
    ///
    /// - Parameters:
    ///   - last: The instant that was fired last, in Unix seconds.
    ///   - now: Unix seconds.
    ///   - lateness: An instant that is at most this old counts as on time.
    /// - Returns: Unix seconds, oldest first.
    package func due(after last: Int64, now: Int64, lateness: Duration) -> [Int64] {
        switch catchUp {
        case .skip:
            occurrences.newest(1, after: max(last, now - lateness.components.seconds), through: now)
        case .latest:
            occurrences.newest(1, after: last, through: now)
        case .all(let count, let within):
            occurrences.newest(
                count,
                after: max(last, now - within.components.seconds),
                through: now
            )
        }
    }

    /// What would be made up for after a stop.
    ///
    /// - Parameters:
    ///   - last: The instant that was fired last, in Unix seconds.
    ///   - now: Unix seconds.
    ///   - lateness: An instant that is at most this old counts as on time.
    /// - Returns: Nil when nothing is late.
    package func catchUp(after last: Int64, now: Int64, lateness: Duration) -> CatchUpPlan? {
        let onTime = now - lateness.components.seconds
        let missed = occurrences.newest(CatchUpPlan.missedMax, after: last, through: onTime - 1)
        guard !missed.isEmpty else { return nil }
        let late = due(after: last, now: now, lateness: lateness).count { $0 < onTime }
        return CatchUpPlan(missed: missed.count, fires: late)
    }

    private func job(suffix: String, delay: Duration, trace: TraceContext?) -> NewJob {
        do {
            return NewJob(
                id: try JobID("\(name)@\(suffix)"),
                kind: kind,
                lane: lane,
                payload: payload,
                unique: try uniqueKey,
                delay: delay,
                trace: trace?.traceparent
            )
        } catch {
            preconditionFailure("A schedule's name and an instant make an identifier.")
        }
    }

    private var uniqueKey: UniqueKey? {
        get throws(IdentifierError) {
            switch overlap {
            case .skip: try UniqueKey("schedule:\(name)")
            case .queueOne: try UniqueKey("\(UniqueKey.untilStartPrefix)schedule:\(name)")
            case .allow: nil
            }
        }
    }
}

/// What a schedule makes up for when somebody fires it again after a long stop.
package struct CatchUpPlan: Sendable, Equatable {
    /// Most missed instants that are counted.
    package static let missedMax = 1000

    /// Instants that passed without anybody, at most `missedMax`.
    package var missed: Int

    /// Those of them that are fired late; the others are let go.
    package var fires: Int

    package init(missed: Int, fires: Int) {
        self.missed = missed
        self.fires = fires
    }
}
