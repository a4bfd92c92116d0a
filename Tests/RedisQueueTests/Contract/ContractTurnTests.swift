import JobQueue
import TestSupport
import Testing

@Suite("Contract: turns")
struct ContractTurnTests {
    @Test(
        "a turn whose reply was lost is repeated without effect",
        arguments: ContractWorld.allCases
    )
    func repeatedTurn(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b")
            let first = try await contract.turn(1, limit: 1)
            let second = try await contract.turn(1, limit: 1)
            #expect(second.batch == first.batch)
            #expect(try await contract.queue.figures().running == 1)
            // With a settlement, and nothing left to fetch afterwards.
            let batch = try #require(first.batch)
            let settle = batch.settled(.done)
            let third = try await contract.turn(2, settling: settle, limit: 0)
            let fourth = try await contract.turn(2, settling: settle, limit: 0)
            #expect(third.settled == .settled)
            #expect(fourth.settled == .settled)
            #expect(try await contract.queue.figures().counters.succeeded == 1)
        }
    }

    @Test(
        "a caller that has room for live jobs only leaves the low lane alone",
        arguments: ContractWorld.allCases
    )
    func lowLimit(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("l1", "l2", "l3", lane: .low)
            try await contract.add("k1", "k2", lane: .low, limit: "agent:a")
            try await contract.add("live")
            let first = try await contract.turn(1, limit: 4, lowLimit: 1)
            #expect(first.batch?.names.first == "live")
            #expect(first.batch?.jobs.count == 2)
            #expect(first.hasMore)
            let second = try await contract.turn(2, limit: 4, lowLimit: 0)
            #expect(second.batch == nil)
            #expect(!second.hasMore)
            // Another worker, which has room for them, is told of them all the same.
            #expect(try await contract.turn(3, limit: 0).hasMore)
            let third = try await contract.turn(4, limit: 10, lowLimit: 3)
            #expect(third.batch?.jobs.count == 3)
            let last = try await contract.turn(5)
            #expect(last.batch?.jobs.count == 1)
        }
    }

    @Test("a call that a later one has overtaken writes nothing", arguments: ContractWorld.allCases)
    func stale(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.turn(3)
            let late = try await contract.turn(2, settling: batch.settled(.done))
            #expect(late.settled == .stale)
            #expect(try await contract.queue.figures().running == 1)
            // Under a new number it is settled, and after that it was settled before.
            #expect(try await contract.turn(4, settling: batch.settled(.done)).settled == .settled)
            let again = try await contract.turn(5, settling: batch.settled(.done))
            #expect(again.settled == .alreadySettled)
        }
    }

    @Test(
        "jobs are settled one by one, and a wrong id settles nothing",
        arguments: ContractWorld.allCases
    )
    func partialSettlement(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b", "c")
            let batch = try #require(try await contract.turn(1).batch)
            #expect(batch.names == ["a", "b", "c"])
            _ = try await contract.turn(2, settling: batch.settled(.done, at: [1]))
            #expect(try await contract.queue.figures().running == 2)
            let wrong = Settlement(
                batch: batch.reference,
                slots: [
                    Settlement.Slot(position: 0, id: batch.jobs[2].id, outcome: .done),
                    Settlement.Slot(position: 1, id: batch.jobs[1].id, outcome: .done),
                    Settlement.Slot(position: 9, id: batch.jobs[0].id, outcome: .done),
                ]
            )
            _ = try await contract.turn(3, settling: wrong)
            #expect(try await contract.queue.figures().running == 2)
            #expect(try await contract.beat([batch.reference]).remaining == [2])
            _ = try await contract.turn(4, settling: batch.settled(.done, at: [0, 2]))
            #expect(try await contract.total() == 0)
        }
    }

    @Test(
        "retries count, snoozes do not, releases come first again",
        arguments: ContractWorld.allCases
    )
    func outcomes(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("retry", "snooze", "r1", "r2")
            try await contract.add("last")
            let batch = try #require(try await contract.turn(1, limit: 4).batch)
            let settlement = Settlement(
                batch: batch.reference,
                slots: [
                    .init(
                        position: 0,
                        id: batch.jobs[0].id,
                        outcome: .retry(after: .seconds(60), reason: "why")
                    ),
                    .init(
                        position: 1,
                        id: batch.jobs[1].id,
                        outcome: .snooze(after: .seconds(50), reason: "busy")
                    ),
                    .init(position: 2, id: batch.jobs[2].id, outcome: .release),
                    .init(position: 3, id: batch.jobs[3].id, outcome: .release),
                ]
            )
            let next = try await contract.turn(2, settling: settlement)
            #expect(next.batch?.names == ["r1", "r2", "last"])
            #expect(next.batch?.jobs.map(\.attempt) == [1, 1, 1])
            let later = try await contract.queue.jobs(in: .later, after: nil, limit: 10)
            #expect(later.jobs.map(\.job.id.text) == ["snooze", "retry"])
            #expect(later.jobs.map(\.job.attempt) == [1, 2])
            #expect(later.jobs.map(\.reason) == ["busy", "why"])
            try await contract.advance(.seconds(61))
            #expect(try await contract.turn(3).batch?.names == ["snooze", "retry"])
        }
    }

    @Test("lanes are served in order, and none starves", arguments: ContractWorld.allCases)
    func lanes(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            for index in 0..<20 {
                try await contract.add("hi-\(index)", lane: .hi)
                try await contract.add("std-\(index)", lane: .std)
                try await contract.add("low-\(index)", lane: .low)
            }
            var lanes: [Lane] = []
            for number in 1...16 {
                let batch = try #require(try await contract.turn(number, limit: 1).batch)
                lanes.append(batch.jobs[0].lane)
            }
            #expect(lanes.count { $0 == .hi } == 12)
            #expect(lanes.count { $0 == .std } == 3)
            #expect(lanes.count { $0 == .low } == 1)
        }
    }

    @Test("a batch ends at its bytes, but has one job at least", arguments: ContractWorld.allCases)
    func batchBytes(world: ContractWorld) async throws {
        var tuning = QueueTuning()
        tuning.batchBytesMax = 1000
        try await withContractQueue(world, tuning: tuning) { contract in
            var random = Seeded(seed: 1)
            for (name, bytes) in [("a", 400), ("b", 400), ("c", 5000), ("d", 10)] {
                var job = try newJob(name)
                // Noise, which no compression makes smaller.
                job.payload = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
                _ = try await contract.add(job)
            }
            #expect(try await contract.turn(1).batch?.names == ["a", "b"])
            #expect(try await contract.turn(2).batch?.names == ["c"])
            #expect(try await contract.turn(3).batch?.names == ["d"])
        }
    }

    @Test("a paused queue settles but fetches nothing", arguments: ContractWorld.allCases)
    func pause(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b")
            let batch = try #require(try await contract.turn(1, limit: 1).batch)
            try await contract.queue.pause(by: "ann", reason: "upstream is down")
            let paused = try await contract.turn(2, settling: batch.settled(.done))
            #expect(paused.settled == .settled)
            #expect(paused.isPaused)
            #expect(!paused.hasMore)
            #expect(paused.batch == nil)
            let pause = try await contract.queue.figures().pause
            #expect(pause?.person == "ann")
            #expect(pause?.reason == "upstream is down")
            #expect(try await contract.queue.resume(by: "bob") == pause)
            #expect(try await contract.queue.resume(by: "bob") == nil)
            #expect(try await contract.turn(3).batch?.names == ["b"])
        }
    }

    @Test("the bell rings for work and for what is left", arguments: ContractWorld.allCases)
    func bell(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let queue = contract.queue
            #expect(try await queue.waitForBell(atMost: .milliseconds(1)) == false)
            try await contract.add("a", "b")
            #expect(try await queue.waitForBell(atMost: .seconds(60)))
            _ = try await contract.turn(1, limit: 1)
            // Another one could fetch the second job.
            #expect(try await queue.waitForBell(atMost: .seconds(60)))
            _ = try await contract.turn(2, limit: 1)
            #expect(try await queue.waitForBell(atMost: .milliseconds(1)) == false)
            // Nothing moved: no bell, though work remains.
            try await contract.add("c")
            #expect(try await queue.waitForBell(atMost: .seconds(60)))
            _ = try await contract.turn(3, limit: 0)
            #expect(try await queue.waitForBell(atMost: .milliseconds(1)) == false)
            try await queue.ring()
            try await queue.ring()
            #expect(try await queue.waitForBell(atMost: .seconds(60)))
            #expect(try await queue.waitForBell(atMost: .milliseconds(1)) == false)
        }
    }

    @Test(
        "somebody who waits is woken, and a cancelled wait ends",
        arguments: ContractWorld.allCases
    )
    func waiting(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let queue = contract.queue
            async let waiting = queue.waitForBell(atMost: .seconds(30))
            try await contract.add("a")
            let isWoken = try await waiting
            #expect(isWoken)
            let isCancelled = await Self.endsWhenCancelled {
                _ = try await queue.waitForBell(atMost: .seconds(30))
            }
            #expect(isCancelled)
        }
    }

    @Test(
        "a turn that waits for the bell takes the token with the job, and is repeated as any other",
        arguments: ContractWorld.allCases
    )
    func turnWhenRung(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let queue = contract.queue
            let request = try Self.idleRequest(1)
            async let waiting = queue.turnWhenRung(request)
            try await contract.add("a")
            let reply = try await waiting
            #expect(reply.batch?.names == ["a"])
            #expect(try await queue.waitForBell(atMost: .milliseconds(1)) == false)
            #expect(try await queue.turn(request).batch == reply.batch)
            // Another one of the same worker's waits is not lost for it.
            async let rung = queue.waitForBell(atMost: .seconds(30))
            let next = try Self.idleRequest(2)
            async let second = queue.turnWhenRung(next)
            try await contract.add("b")
            // One of the two took the token; whoever has it, the job is there for a turn.
            if try await rung { try await queue.ring() }
            #expect(try await second.batch?.names == ["b"])
        }
    }

    @Test(
        "a turn that waits ends without a job in time, and at once when it is cancelled",
        arguments: ContractWorld.allCases
    )
    func turnWhenNothingRings(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let queue = contract.queue
            let request = try Self.idleRequest(1)
            #expect(await Self.endsWhenCancelled { _ = try await queue.turnWhenRung(request) })
            let reply = try await queue.turnWhenRung(try Self.idleRequest(2))
            #expect(reply.batch == nil)
            #expect(reply.settled == .nothing)
        }
    }

    /// What a worker asks for that holds nothing.
    private static func idleRequest(_ number: Int) throws -> TurnRequest {
        TurnRequest(
            worker: try WorkerID("w"),
            number: number,
            settlement: nil,
            limit: 10,
            isIdle: true
        )
    }

    /// Whether a call of a cancelled task ends with `QueueError.cancelled`.
    private static func endsWhenCancelled(
        _ call: @escaping @Sendable () async throws -> Void
    ) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await call()
                    return false
                } catch {
                    return error as? QueueError == .cancelled
                }
            }
            group.cancelAll()
            return await group.next() ?? false
        }
    }
}
