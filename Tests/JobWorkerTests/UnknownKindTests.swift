import JobQueue
import JobWorker
import TestSupport
import Testing

@Suite("Jobs of unknown kinds")
struct UnknownKindTests {
    @Test("a job of an unknown kind waits for a newer worker, and burns no attempt")
    func unknownKind() throws {
        let simulation = Simulation(seed: 5)
        let attempts = Record<Int>()
        var old = try Stage(simulation) { job, _ in
            attempts.append(job.attempt)
            return .done("effect")
        }
        old.handler.kinds = ["sync"]
        try perform(old, simulation) { old in
            try await old.enqueue(["new"], kind: "later-kind")
            try await old.enqueue(["usual"])
            await old.sleep(.seconds(1800))
            let waiting = old.queue.snapshot.parked.values.map(\.reason)
            #expect(waiting == ["no worker here knows the kind later-kind"])
            var new = old
            new.handler.kinds = nil
            let newer = new
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await newer.process("w-2", life: nil) }
                await newer.until { newer.isEmpty }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(old.ledger.effects.count == 2)
        #expect(attempts.all == [1, 1])
    }

    @Test("a job that is old when it is met first waits as long as a new one")
    func oldJob() throws {
        let simulation = Simulation(seed: 7)
        var stage = try Stage(simulation) { _, _ in .done("effect") }
        stage.handler.kinds = ["sync"]
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["old"], kind: "later-kind")
            stage.queue.shiftClock(by: .seconds(7200))
            await stage.sleep(.seconds(3500))
            #expect(stage.queue.snapshot.dead.isEmpty)
            await stage.sleep(.seconds(200))
            #expect(stage.queue.snapshot.dead.count == 1)
        }
    }

    @Test("a job that no worker knows for an hour is dead, with its reason")
    func unknownForever() throws {
        let simulation = Simulation(seed: 6)
        var stage = try Stage(simulation) { _, _ in .done("effect") }
        stage.handler.kinds = ["sync"]
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["new"], kind: "later-kind")
            await stage.sleep(.seconds(3590))
            #expect(stage.queue.snapshot.dead.isEmpty)
            await stage.sleep(.seconds(60))
        }
        let dead = stage.queue.snapshot.dead.values.map(\.reason)
        #expect(dead == ["no worker here knows the kind later-kind"])
        #expect(stage.queue.snapshot.counters.failed == 1)
    }
}
