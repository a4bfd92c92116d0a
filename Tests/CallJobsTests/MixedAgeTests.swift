import CallJobs
import CallStore
import JobQueue
import Logging
import RedisQueue
import Synchronization
import TestSupport
import Testing

/// An old Redis with a new store and the other way round, both real.
@Suite("Redis and store of different age", .serialized)
struct MixedAgeTests {
    /// Programs as they are after a start: nothing in memory but how often each job took effect.
    private final class Programs: Sendable {
        let stage: BackfillStage
        let effects = Mutex<[String: Int]>([:])
        private let starts = Mutex<UInt64>(0)

        init(_ stage: BackfillStage) { self.stage = stage }

        /// A relay as a process has it that was just started: its calls have names of their own.
        func relay() -> OutboxRelay {
            let start = starts.withLock { starts in
                starts += 1
                return starts
            }
            return OutboxRelay(
                store: stage.store,
                queues: [stage.queue],
                ambient: stage.time.ambient(seed: start),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Works until nothing waits, at most so many jobs.
        func work(_ name: String, jobsMax: Int = 100) async throws {
            let worker = try WorkerID(name)
            let relay = relay()
            var settlement: Settlement?
            for number in 1...jobsMax + 1 {
                let request = TurnRequest(
                    worker: worker,
                    number: number,
                    settlement: settlement,
                    limit: number > jobsMax ? 0 : 1,
                    isIdle: true
                )
                guard let batch = try await stage.queue.turn(request).batch else { return }
                let jobs = batch.jobs.map { finished($0, batch.fence, worker) }
                await relay.send(try await stage.store.commit(jobs).outbox)
                settlement = Settlement(
                    batch: batch.reference,
                    slots: batch.jobs.enumerated().map {
                        Settlement.Slot(position: $0, id: $1.id, outcome: .done)
                    }
                )
            }
        }

        /// Whatever came from outside causes one job more.
        private func finished(_ job: Job, _ fence: Int64, _ worker: WorkerID) -> LedgerJob {
            let entry = LedgerEntry(
                id: job.id,
                kind: job.kind,
                worker: worker,
                fence: fence,
                attempt: job.attempt
            )
            return LedgerJob(entry: entry) { [self] writer in
                effects.withLock { $0[job.id.text, default: 0] += 1 }
                guard job.id.text.hasPrefix("first") else { return }
                try writer.addToOutbox(
                    OutboxJob(
                        queue: JobKind.sync.queue,
                        kind: job.kind,
                        lane: .std,
                        payload: Array("{}".utf8)
                    )
                )
            }
        }

        func enqueueFirst() async throws {
            let jobs = try (1...5).map {
                NewJob(id: try JobID("first-\($0)"), kind: "sync", payload: Array("{}".utf8))
            }
            _ = try await stage.queue.enqueue(jobs, call: try EnqueueCallID("call"))
        }

        /// All ten jobs are in the ledger once, and nothing is left anywhere.
        func expectEnd() async throws {
            #expect(try await stage.isQueueEmpty())
            #expect(try stage.number("select count(*) from outbox") == 0)
            #expect(try stage.number("select count(*) from ledger") == 10)
        }
    }

    @Test("old Redis, new store: what had ended comes again and changes nothing")
    func oldRedis() async throws {
        try await BackfillStage.run(slices: 1, seed: 21) { stage async throws in
            let programs = Programs(stage)
            try await programs.enqueueFirst()
            // Three have ended, and what they caused waits.
            try await programs.work("w1", jobsMax: 3)
            let copy = try await stage.copyRedis()
            try await programs.work("w2")
            try await programs.expectEnd()
            try await stage.restoreRedis(from: copy)
            #expect(try await !stage.isQueueEmpty())
            try await programs.work("w3")
            try await programs.expectEnd()
            let effects = programs.effects.withLock { $0 }
            #expect(effects.count == 10)
            #expect(Set(effects.values) == [1])
        }
    }

    @Test("old store, new Redis: what the store does not know as ended is done again")
    func oldStore() async throws {
        try await BackfillStage.run(slices: 1, seed: 22) { stage async throws in
            let programs = Programs(stage)
            try await programs.enqueueFirst()
            try await programs.work("w1", jobsMax: 5)
            // All five have ended, and what they caused is in the outbox and in Redis.
            let copy = try await stage.copy()
            try await programs.work("w2", jobsMax: 2)
            try await stage.restore(from: copy)
            #expect(try stage.number("select count(*) from ledger") == 5)
            #expect(try stage.number("select count(*) from outbox") == 5)
            try await programs.work("w3")
            #expect(try stage.number("select count(*) from outbox") == 2)
            try await stage.advance(700)
            #expect(try await programs.relay().sweep().sent == 2)
            try await programs.work("w4")
            try await programs.expectEnd()
            let effects = programs.effects.withLock { $0 }
            // Two took effect in a store that is gone, too.
            #expect(effects.values.count { $0 == 2 } == 2)
            #expect(effects.values.count { $0 == 1 } == 8)
        }
    }
}
