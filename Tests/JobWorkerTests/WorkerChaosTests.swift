import Ambient
import JobQueue
import JobWorker
import TestSupport
import Testing

@Suite("Worker chaos")
struct WorkerChaosTests {
    /// How long faults are injected before everything is left to settle.
    private static let stormSeconds = 90

    @Test("every job takes effect once whoever dies when", arguments: Seeds.first(200))
    func survivesStorm(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        var random = Seeded(seed: seed)
        let jobs = (0..<Int.random(in: 1...120, using: &random)).map { "job-\($0)" }
        let workers = Int.random(in: 1...4, using: &random)
        var stage = try Stage(simulation) { job, play in
            try await Self.run(job, play)
        }
        stage.concurrency = Int.random(in: 1...8, using: &random)
        stage.limits.batchMax = [1, 3, 20, 500].randomElement(using: &random) ?? 1
        let ready = stage
        try simulation.run(limit: .seconds(4 * 3600)) {
            try await Self.storm(ready, jobs: jobs, workers: workers, seed: seed)
        }
        let replay: Comment = "\(Seeds.replay(seed, filter: "WorkerChaosTests"))"
        let applied = stage.ledger.effects
        #expect(applied.count == jobs.count, replay)
        #expect(applied.values.allSatisfy { $0 == 1 }, replay)
        let model = stage.queue.snapshot
        #expect(stage.isEmpty, replay)
        #expect(model.uniques.isEmpty, replay)
        #expect(model.dead.isEmpty, "\(model.dead.values.map(\.reason)) \(replay)")
        #expect(stage.errors.all.isEmpty, "\(stage.errors.all) \(replay)")
    }

    /// Jobs sleep, fail, snooze, meet constraints and changed records, all drawn by chance.
    private static func run(
        _ job: Job,
        _ play: ScriptHandler.Play
    ) async throws -> HandlerResult<String> {
        let draw = play.ambient.chance()
        if draw < 0.7 { try await play.sleep(.seconds(play.ambient.chance() * 4)) }
        switch play.ambient.chance() {
        case ..<0.08: throw Failure()
        case ..<0.12: return .retry(reason: "later", notBefore: .seconds(2))
        case ..<0.16: return .snooze(after: .seconds(3), reason: "not yet")
        case ..<0.20: return .done("reject")
        case ..<0.24: return .done("stale")
        default: return .done("effect")
        }
    }

    private static func storm(
        _ stage: Stage,
        jobs: [String],
        workers: Int,
        seed: UInt64
    ) async throws {
        let random = SharedRandom(seed: seed &+ 1)
        stage.queue.setFaults { call in fault(call, random, stage.ambient) }
        stage.ledger.fail(percent: 8)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<workers {
                group.addTask {
                    try await stage.supervise("w\(index)") {
                        let isStorm = stage.ambient.elapsed() < .seconds(stormSeconds)
                        return isStorm ? .seconds(2 + random.chance() * 60) : nil
                    }
                }
            }
            group.addTask {
                for id in jobs {
                    try await enqueueSurely(id, stage)
                    if random.chance() < 0.3 { await stage.sleep(.seconds(random.chance() * 3)) }
                }
                await stage.sleep(.seconds(stormSeconds))
                stage.queue.setFaults(nil)
                stage.ledger.fail(percent: 0)
                await stage.until { stage.isEmpty && stage.ledger.effects.count == jobs.count }
                stage.shutdown.trip()
            }
            try await group.waitForAll()
        }
    }

    /// Repeats the same call until it is answered, as a producer does.
    private static func enqueueSurely(_ id: String, _ stage: Stage) async throws {
        let job = NewJob(
            id: try JobID(id),
            kind: stage.queue.name.text,
            payload: [],
            unique: try UniqueKey("u-\(id)")
        )
        let call = try EnqueueCallID(id)
        while true {
            do {
                _ = try await stage.queue.enqueue([job], call: call)
                return
            } catch QueueError.unavailable {
                await stage.sleep(.milliseconds(200))
            }
        }
    }

    private static func fault(
        _ call: InMemoryCall,
        _ random: SharedRandom,
        _ ambient: Ambient
    ) -> InMemoryFault {
        // Now and then the queue is gone for a while, longer than a lease at times.
        let second = Int(ambient.elapsed() / .seconds(1))
        if (30..<36).contains(second) || (50..<85).contains(second) && second.isMultiple(of: 2) {
            return .failBefore(.unavailable(reason: "down"))
        }
        switch random.chance() {
        case ..<0.04: return .failBefore(.unavailable(reason: "refused"))
        case ..<0.08: return .loseReply(.unavailable(reason: "reply lost"))
        default: return .none
        }
    }

    private struct Failure: Error {}
}
