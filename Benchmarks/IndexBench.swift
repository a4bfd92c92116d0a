import Ambient
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker

/// Drain with the ledger and the job index, against the same jobs without the index.
///
/// Of a hundred jobs twenty are about one conversation, call or webhook, and two fail once.
struct IndexBench {
    /// A fifth of the jobs has an entity, every fiftieth fails once.
    private static let entityEvery = 5
    private static let failureEvery = 50

    let stage: BenchStage
    let jobs: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var rates: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let plain = try await rate(run, isIndexed: false)
            let indexed = try await rate(run, isIndexed: true)
            if run > 0 { rates.append((indexed, plain)) }
        }
        return [BenchRow("queue-index", unit: "jobs/s", aim: .atLeast(0.85), runs: rates)]
    }

    private func rate(_ run: Int, isIndexed: Bool) async throws -> Double {
        let name = "\(isIndexed ? "indexed" : "plain")\(run)"
        return try await stage.inFolder { file in
            let store = try await CallStore.open(path: file, ambient: stage.ambient)
            var rate = 0.0
            try await stage.withQueue { queue in
                let relay = OutboxRelay(
                    store: store,
                    queues: [queue],
                    ambient: stage.ambient,
                    logger: stage.logger
                )
                _ = try await stage.fill(queue, jobs: jobs, prefix: name) { index in
                    // A kind that has no entities leaves the index nothing to write.
                    (isIndexed ? "sync" : "bench", Self.payload(of: index))
                }
                let seconds = try await stage.drain(
                    queue,
                    handler: MixedHandler(),
                    committer: CountingCommitter(
                        MixedCommitter(
                            wrapped: StoreCommitter(store: store, relay: relay),
                            isIndexed: isIndexed
                        ),
                        count: jobs,
                        ambient: stage.ambient
                    )
                )
                rate = Double(jobs) / seconds
            }
            try store.close()
            return rate
        }
    }

    private static func payload(of index: Int) -> [UInt8] {
        if index % failureEvery == 1 { return MixedHandler.failing }
        let head =
            index.isMultiple(of: entityEvery)
            ? #"{"inbox":\#(index),"#
            : #"{"window":"recent","#
        return BenchStage.filled(head)
    }
}

/// Fails the jobs that are to fail once, and does nothing else.
private struct MixedHandler: JobHandler {
    static let failing = BenchStage.filled(#"{"window":"48h","#)

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        if job.attempt == 1, job.payload == Self.failing {
            return .retry(reason: "the upstream answered 503")
        }
        return .done { _ in }
    }

    func policy(forKind kind: String) -> JobPolicy {
        JobPolicy(retry: RetryPolicy(base: .milliseconds(1), cap: .milliseconds(1)))
    }
}

/// Keeps notes from the store when there is to be no index.
private struct MixedCommitter: ResultCommitter {
    let wrapped: StoreCommitter
    let isIndexed: Bool

    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        try await wrapped.finished(among: ids)
    }

    func commit(
        _ jobs: [FinishedJob],
        effects: [StoreChange],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        try await wrapped.commit(jobs, effects: effects, notes: isIndexed ? notes : [])
    }

    func isFollowed(_ job: Job) -> Bool { isIndexed && wrapped.isFollowed(job) }
}
