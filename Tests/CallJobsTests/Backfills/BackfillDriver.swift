import CallJobs
import CallStore
import JobQueue
import Logging
import RedisQueue
import Scheduling
import TestSupport

/// Takes the steps of a run: which one comes next is drawn.
struct BackfillDriver {
    /// What may go wrong besides what always does.
    struct Hazards: Sendable {
        /// How often, of a thousand steps, everybody dies and Redis is killed.
        var kills = 0
    }

    /// A worker between two calls.
    private struct Worker {
        var id: WorkerID
        var number = 0
        var batch: Batch?
        var outcomes: [Outcome]?
    }

    private let stage: BackfillStage
    private var workers: [Worker] = []
    private var workersMade = 0
    private var feeders: [Feeder] = []
    private(set) var kills = 0

    init(_ stage: BackfillStage) throws {
        self.stage = stage
        try startAll()
    }

    /// Everybody is started anew; what they had in memory is gone.
    mutating func startAll() throws {
        workers = []
        for _ in 0..<BackfillStage.workerCount { workers.append(try newWorker()) }
        feeders = (0..<BackfillStage.feederCount).map { _ in
            Feeder(
                source: FallibleSource(stage: stage),
                queue: stage.queue,
                ambient: .live(seed: 3),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
    }

    private mutating func newWorker() throws -> Worker {
        workersMade += 1
        return Worker(id: try WorkerID("w\(workersMade)"))
    }

    /// Takes steps until a condition holds.
    ///
    /// - Throws: `BackfillStage.Failure` when it does not within the limit.
    mutating func run(
        _ hazards: Hazards = Hazards(),
        stepsMax: Int,
        until isDone: () async throws -> Bool
    ) async throws {
        for step in 0..<stepsMax {
            if step % 20 == 0, try await isDone() { return }
            if stage.random.int(in: 0..<1000) < hazards.kills {
                await stage.server.kill()
                try await stage.server.start()
                try startAll()
                kills += 1
            }
            switch stage.random.int(in: 0..<100) {
            case 0..<70: try await work(stage.random.int(in: 0..<workers.count))
            case 70..<85: try await feed()
            case 85..<90:
                try await stage.advance(Int64(stage.random.int(in: 1..<8)))
                try await beat()
            default: _ = try await stage.queue.reap(limit: 10)
            }
        }
        let (backfill, figures) = (try await stage.backfill(), try await stage.queue.figures())
        throw BackfillStage.Failure(
            reason: "no end after \(stepsMax) steps: \(backfill), \(figures)"
        )
    }

    /// Everybody says that it lives, and how many slots it has.
    private func beat() async throws {
        for worker in workers { try await stage.beat(worker.id, holding: worker.batch, slots: 60) }
    }

    private mutating func feed() async throws {
        let index = stage.random.int(in: 0..<feeders.count)
        do {
            try await feeders[index].round()
        } catch is FallibleSource.Died {
            // The next round goes on from what stands.
        }
    }

    /// One call of a worker, which may die before its commit, or between commit and settlement.
    private mutating func work(_ index: Int) async throws {
        let mayDie = workers[index].batch.map { !$0.reference.isSolo } ?? false
        if mayDie, stage.random.int(in: 0..<100) < 2 {
            workers[index] = try newWorker()
            return
        }
        if let batch = workers[index].batch, workers[index].outcomes == nil {
            workers[index].outcomes = try await stage.commit(batch, by: workers[index].id)
            return
        }
        workers[index].number += 1
        let worker = workers[index]
        let settlement = worker.batch.map { batch in
            Settlement(
                batch: batch.reference,
                slots: zip(batch.jobs, worker.outcomes ?? []).enumerated().map { position, pair in
                    Settlement.Slot(position: position, id: pair.0.id, outcome: pair.1)
                }
            )
        }
        let reply = try await stage.queue.turn(
            TurnRequest(
                worker: worker.id,
                number: worker.number,
                settlement: settlement,
                limit: 50,
                isIdle: true
            )
        )
        workers[index].batch = reply.batch
        workers[index].outcomes = nil
    }
}

extension BackfillStage {
    /// Does every job of a batch: no work, but the end of its slice.
    func commit(_ batch: Batch, by worker: WorkerID) async throws -> [Outcome] {
        var finished: [LedgerJob] = []
        var outcomes: [Outcome] = []
        for job in batch.jobs {
            guard let slice = try SyncArguments(payload: job.payload).slice else {
                throw Failure(reason: "a job without a slice")
            }
            guard slice.position % Self.failEvery != 3 else {
                outcomes.append(.dead(reason: "planted"))
                continue
            }
            let fence = batch.fence
            finished.append(
                LedgerJob(
                    entry: LedgerEntry(
                        id: job.id,
                        kind: job.kind,
                        worker: worker,
                        fence: fence,
                        attempt: job.attempt
                    )
                ) { writer in
                    try writer.complete(slice, fence: fence, calls: 1, requests: 1)
                }
            )
            outcomes.append(.done)
        }
        for verdict in try await store.commit(finished).verdicts {
            guard verdict == .applied || verdict == .alreadyApplied else {
                throw Failure(reason: "\(verdict)")
            }
        }
        return outcomes
    }
}

/// The store's plans, whose reader dies now and then between the record and the queue.
private struct FallibleSource: FeedSource {
    struct Died: Error {}

    let stage: BackfillStage

    private var feed: BackfillFeed { BackfillFeed(store: stage.store) }

    func feeds() async throws -> [FeedName] { try await feed.feeds() }

    func progress(of name: FeedName, cursor: Int?) async throws -> FeedProgress? {
        try await feed.progress(of: name, cursor: cursor)
    }

    func part(of name: FeedName, from position: Int, jobsMax: Int) async throws -> FeedPart {
        let part = try await feed.part(of: name, from: position, jobsMax: jobsMax)
        if stage.random.int(in: 0..<10) == 0 { throw Died() }
        return part
    }

    func overdue(in name: FeedName, limit: Int) async throws -> [JobID] {
        try await feed.overdue(in: name, limit: limit)
    }

    func note(_ looks: [FeedLook], in name: FeedName) async throws -> [NewJob] {
        try await feed.note(looks, in: name)
    }

    func end(_ name: FeedName) async throws { try await feed.end(name) }
}
