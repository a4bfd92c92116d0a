import Ambient
import Foundation
import JobQueue
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import Scheduling
import TestSupport
import Testing

/// What the overlap policies rest on, held by the queue in memory and the one on Redis alike.
@Suite("Overlap")
struct OverlapTests {
    enum Backing: Sendable, CaseIterable {
        case memory
        case redis
    }

    @Test("a tick is fired once and never behind a later one", arguments: Backing.allCases)
    func firesOnce(backing: Backing) async throws {
        try await withQueue(backing) { queue in
            let schedule = try Self.schedule(.allow)
            #expect(try await queue.lastTick(ofSchedule: "s") == nil)
            #expect(try await queue.fire(schedule.tick(at: 100, draw: 0)) == .fired)
            #expect(try await queue.fire(schedule.tick(at: 100, draw: 0)) == .alreadyFired)
            #expect(try await queue.fire(schedule.tick(at: 40, draw: 0)) == .alreadyFired)
            #expect(try await queue.fire(schedule.tick(at: 160, draw: 0)) == .fired)
            #expect(try await queue.lastTick(ofSchedule: "s") == 160_000)
            let ids = try await Play(queue).fetch().map(\.id.text)
            #expect(ids == ["s@1970-01-01T00:01:40Z", "s@1970-01-01T00:02:40Z"])
        }
    }

    @Test(
        "skip holds ticks back until the job is done, retries included",
        arguments: Backing.allCases
    )
    func skips(backing: Backing) async throws {
        try await withQueue(backing) { queue in
            let schedule = try Self.schedule(.skip)
            let first = try JobID("s@1970-01-01T00:00:10Z")
            let play = try Play(queue)
            #expect(try await queue.fire(schedule.tick(at: 10, draw: 0)) == .fired)
            #expect(try await queue.fire(schedule.tick(at: 20, draw: 0)) == .held(by: first))
            _ = try await play.fetch()
            #expect(try await queue.fire(schedule.tick(at: 30, draw: 0)) == .held(by: first))
            try await play.settle(.retry(after: .zero, reason: "x"))
            #expect(try await queue.fire(schedule.tick(at: 40, draw: 0)) == .held(by: first))
            _ = try await play.fetch()
            try await play.settle(.done)
            #expect(try await queue.fire(schedule.tick(at: 50, draw: 0)) == .fired)
        }
    }

    @Test("queue-one lets one wait besides what runs, and no more", arguments: Backing.allCases)
    func queuesOne(backing: Backing) async throws {
        try await withQueue(backing) { queue in
            let schedule = try Self.schedule(.queueOne)
            let first = try JobID("s@1970-01-01T00:00:10Z")
            let third = try JobID("s@1970-01-01T00:00:30Z")
            let play = try Play(queue)
            #expect(try await queue.fire(schedule.tick(at: 10, draw: 0)) == .fired)
            #expect(try await queue.fire(schedule.tick(at: 20, draw: 0)) == .held(by: first))
            #expect(try await play.fetch().map(\.id) == [first])
            #expect(try await queue.fire(schedule.tick(at: 30, draw: 0)) == .fired)
            #expect(try await queue.fire(schedule.tick(at: 40, draw: 0)) == .held(by: third))
            // A failed attempt that waits for its next does not claim the key again.
            try await play.settle(.retry(after: .seconds(3600), reason: "x"))
            #expect(try await queue.fire(schedule.tick(at: 50, draw: 0)) == .held(by: third))
            #expect(try await play.fetch().map(\.id) == [third])
            #expect(try await queue.fire(schedule.tick(at: 60, draw: 0)) == .fired)
        }
    }

    private static func schedule(_ overlap: Overlap) throws -> Schedule {
        Schedule(
            name: try #require(ScheduleName("s")),
            cadence: .every(seconds: 10),
            timeZone: .gmt,
            kind: "sync",
            payload: Array("{}".utf8),
            overlap: overlap
        )
    }

    private func withQueue(
        _ backing: Backing,
        _ body: (any WorkQueue) async throws -> Void
    ) async throws {
        let ambient = Ambient.live(seed: 1)
        let name = try QueueName("overlap-\(Ambient.live().newID().uuidString.lowercased())")
        switch backing {
        case .memory:
            try await body(InMemoryQueue(name: name, ambient: ambient))
        case .redis:
            let server = try await PrivateRedis.shared()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let client = try RedisClient(
                RedisConfiguration(url: server.url),
                on: MultiThreadedEventLoopGroup.singleton.any(),
                ambient: ambient,
                logger: logger
            )
            let queue = try RedisQueue(name, commands: client, ambient: ambient, logger: logger)
            try await queue.prepare()
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(queue))
            } catch {
                outcome = .failure(error)
            }
            await queue.close()
            await client.close()
            try outcome.get()
        }
    }
}

/// A worker by hand: fetches a batch and settles all of it.
private final class Play {
    private let queue: any WorkQueue
    private let worker: WorkerID
    private var number = 0
    private var batch: Batch?

    init(_ queue: any WorkQueue) throws {
        self.queue = queue
        worker = try WorkerID("w-1")
    }

    func fetch() async throws -> [Job] {
        batch = try await turn(nil, limit: 10).batch
        return batch?.jobs ?? []
    }

    func settle(_ outcome: Outcome) async throws {
        let batch = try #require(batch)
        let slots = batch.jobs.enumerated().map { position, job in
            Settlement.Slot(position: position, id: job.id, outcome: outcome)
        }
        let settlement = Settlement(batch: batch.reference, slots: slots)
        #expect(try await turn(settlement, limit: 0).settled == .settled)
    }

    private func turn(_ settlement: Settlement?, limit: Int) async throws -> TurnReply {
        number += 1
        return try await queue.turn(
            TurnRequest(
                worker: worker,
                number: number,
                settlement: settlement,
                limit: limit,
                isIdle: false
            )
        )
    }
}
