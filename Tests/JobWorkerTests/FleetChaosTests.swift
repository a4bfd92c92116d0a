import Ambient
import Foundation
import JobQueue
import JobWorker
import Logging
import Scheduling
import TestSupport
import Testing

/// Workers, reapers and schedulers together, in virtual time, while everything goes wrong.
@Suite("Fleet chaos")
struct FleetChaosTests {
    /// How long faults are injected before everything is left to settle.
    private static let stormSeconds = 360
    private static let schedulerLifeSeconds = 100.0

    @Test(
        "jobs and ticks take effect once, whoever dies and whatever the clocks say",
        arguments: Seeds.first(1000)
    )
    func survives(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        var random = Seeded(seed: seed)
        let jobs = (0..<Int.random(in: 1...60, using: &random)).map { "job-\($0)" }
        let workers = Int.random(in: 1...3, using: &random)
        var stage = try Stage(simulation) { _, play in
            // Now and then longer than a lease: the process lives, so nothing may be taken back.
            let isSlow = play.ambient.chance() < 0.02
            try await play.sleep(.seconds(play.ambient.chance() * (isSlow ? 45 : 3)))
            return play.ambient.chance() < 0.1 ? .retry(reason: "later") : .done("effect")
        }
        stage.concurrency = Int.random(in: 1...6, using: &random)
        stage.limits.batchMax = [1, 3, 20, 500].randomElement(using: &random) ?? 1
        let ready = stage
        try simulation.run(limit: .seconds(12 * 3600)) {
            try await Self.storm(ready, jobs: jobs, workers: workers, seed: seed)
        }
        let replay: Comment = "\(Seeds.replay(seed, filter: "FleetChaosTests"))"
        let effects = stage.ledger.effects
        let ticks = effects.keys.map(\.text).filter { $0.hasPrefix("minute@") }.sorted()
        #expect(effects.count == jobs.count + ticks.count, replay)
        #expect(effects.values.allSatisfy { $0 == 1 }, replay)
        #expect(ticks.count >= Self.stormSeconds / 60 - 1, replay)
        let instants = try ticks.map {
            try Date(String($0.dropFirst("minute@".count)), strategy: .iso8601)
        }
        for (earlier, later) in zip(instants, instants.dropFirst()) {
            #expect(later.timeIntervalSince(earlier) == 60, replay)
        }
        let model = stage.queue.snapshot
        let isEmpty = stage.isEmpty
        #expect(isEmpty, replay)
        #expect(model.dead.isEmpty, "\(model.dead.values.map(\.reason)) \(replay)")
        #expect(stage.errors.all.isEmpty, "\(stage.errors.all) \(replay)")
    }

    private static func storm(
        _ stage: Stage,
        jobs: [String],
        workers: Int,
        seed: UInt64
    ) async throws {
        let random = SharedRandom(seed: seed &+ 1)
        let isStorm: @Sendable () -> Bool = {
            stage.ambient.elapsed() < .seconds(stormSeconds)
        }
        stage.queue.setFaults { _ in fault(random, stage.ambient) }
        stage.ledger.fail(percent: 6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<workers {
                group.addTask {
                    try await stage.supervise("w\(index)") {
                        isStorm() ? .seconds(5 + random.chance() * 90) : nil
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    while isStorm() {
                        try await schedule(
                            stage,
                            for: .seconds(random.chance() * schedulerLifeSeconds),
                            random
                        )
                    }
                }
            }
            group.addTask {
                // The server's clock is set, forward and back.
                while isStorm() {
                    await stage.sleep(.seconds(20 + random.chance() * 60))
                    stage.queue.shiftClock(by: .seconds(random.chance() * 90 - 45))
                }
            }
            group.addTask {
                for id in jobs {
                    try await enqueueSurely(id, call: id, stage)
                    // The same envelope once more: the ledger must absorb it.
                    if random.chance() < 0.1 {
                        try await enqueueSurely(id, call: "again-\(id)", stage)
                    }
                    await stage.sleep(.seconds(random.chance() * 6))
                }
                while isStorm() { await stage.sleep(.seconds(1)) }
                // The last life of a scheduler ends after the storm.
                await stage.sleep(.seconds(schedulerLifeSeconds))
                stage.queue.setFaults(nil)
                stage.ledger.fail(percent: 0)
                try await settle(stage, jobs: jobs.count)
                stage.shutdown.trip()
            }
            try await group.waitForAll()
        }
    }

    /// Waits until nothing is left; those whom the storm has killed alone three times come back.
    private static func settle(_ stage: Stage, jobs: Int) async throws {
        while true {
            let dead = stage.queue.snapshot.dead.filter { $0.value.reason == "crashed worker" }
            if !dead.isEmpty {
                _ = try await stage.queue.retryDead(dead.keys.sorted { $0.text < $1.text })
            }
            if dead.isEmpty, stage.isEmpty, stage.ledger.effects.count >= jobs { return }
            await stage.sleep(.seconds(1))
        }
    }

    /// One life of a scheduler, whose host's clock is wrong by up to half a minute.
    private static func schedule(
        _ stage: Stage,
        for life: Duration,
        _ random: SharedRandom
    ) async throws {
        let skew = random.chance() * 60 - 30
        let ambient = stage.ambient
        let skewed = Ambient(
            clock: ambient.clock,
            elapsed: ambient.elapsed,
            now: { ambient.now().addingTimeInterval(skew) },
            newID: ambient.newID,
            chance: ambient.chance
        )
        let scheduler = Scheduler(
            timetable: try Timetable([try minute()]),
            queues: [stage.queue],
            ambient: skewed,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await scheduler.run() }
            group.addTask { await stage.sleep(life) }
            await group.next()
            group.cancelAll()
        }
    }

    private static func minute() throws -> Schedule {
        Schedule(
            name: try #require(ScheduleName("minute")),
            cadence: try Cadence(parsing: "* * * * *"),
            timeZone: .gmt,
            kind: "sync",
            payload: [],
            catchUp: .all(max: 100, within: .seconds(86_400)),
            overlap: .allow
        )
    }

    /// Repeats the same call until it is answered, as a producer does.
    private static func enqueueSurely(_ id: String, call: String, _ stage: Stage) async throws {
        let job = NewJob(id: try JobID(id), kind: stage.queue.name.text, payload: [])
        while true {
            do {
                _ = try await stage.queue.enqueue([job], call: try EnqueueCallID(call))
                return
            } catch QueueError.unavailable {
                await stage.sleep(.milliseconds(200))
            }
        }
    }

    private static func fault(_ random: SharedRandom, _ ambient: Ambient) -> InMemoryFault {
        // The queue is gone for a while, longer than a lease at times.
        let second = Int(ambient.elapsed() / .seconds(1))
        if (100..<106).contains(second) || (200..<235).contains(second) {
            return .failBefore(.unavailable(reason: "down"))
        }
        switch random.chance() {
        case ..<0.04: return .failBefore(.unavailable(reason: "refused"))
        case ..<0.09: return .loseReply(.unavailable(reason: "reply lost"))
        default: return .none
        }
    }
}
