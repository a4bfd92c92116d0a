import CallJobs
import CallStore
import Hosting
import JobQueue

/// Reads what the rules of `ringback explain` judge; bounded, and without a scan of anything.
struct QueueGathering {
    let queues: OpenQueues
    let store: CallStore
    let session: Session

    /// One queue and what holds it up.
    func snapshot(_ kind: JobKind, recent: [String: RecentRuns]) async throws -> QueueSnapshot {
        let queue = queues[kind]
        let figures = try await queue.figures()
        let limits = FlowHold.holds(
            of: try await queue.limits(),
            waiting: figures.ready.values.reduce(0, +)
        )
        return QueueSnapshot(
            name: kind.rawValue,
            figures: figures,
            situation: try await queue.situation(),
            workers: try await queue.workers(),
            holds: try await holds(kind) + limits,
            recent: recent[kind.rawValue]
        )
    }

    /// What the upstream keeps from running of a kind.
    private func holds(_ kind: JobKind) async throws -> [FlowHold] {
        guard kind == .sync else { return [] }
        var holds = FlowHold.holds(of: try await queues.upstreamBudget(for: session.host).state())
        if let halt = try await store.upstreamHalt() {
            holds.insert(FlowHold.hold(of: halt), at: 0)
        }
        return holds
    }

    func job(_ id: JobID) async throws -> JobRules.Snapshot {
        let timeline = try await JobReference.timeline(of: id, queues, store)
        let name =
            timeline.held?.queue ?? timeline.history.indexed?.kind
            ?? timeline.history.outbox?.job.queue.text ?? timeline.deepLanes.first?.queue
        let kind = name.flatMap(JobKind.init(rawValue:))
        var queue: QueueSnapshot?
        if let kind { queue = try await snapshot(kind, recent: [:]) }
        return JobRules.Snapshot(
            timeline: timeline,
            queue: queue,
            held: try await heldKey(timeline, kind)
        )
    }

    /// The key that a dead or unsent job needs, when another job holds it.
    private func heldKey(
        _ timeline: JobTimeline,
        _ kind: JobKind?
    ) async throws -> (key: UniqueKey, holder: JobID)? {
        let record = timeline.held?.record
        let key =
            record.map { $0.state == .dead ? $0.job.unique : nil }
            ?? timeline.history.outbox?.job.unique
        guard let kind, let key, let holder = try await queues[kind].holder(of: key) else {
            return nil
        }
        return (key, holder)
    }
}
