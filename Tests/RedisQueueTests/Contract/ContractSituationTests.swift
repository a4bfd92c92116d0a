import JobQueue
import TestSupport
import Testing

@Suite("Contract: what explains a queue")
struct ContractSituationTests {
    @Test("an empty queue without workers explains nothing", arguments: ContractWorld.allCases)
    func empty(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let situation = try await contract.queue.situation()
            #expect(situation.oldest == [:])
            #expect(situation.oldestSuspect == nil)
            #expect(situation.soloWorker == nil)
            #expect(situation.lastReapMilliseconds == nil)
            #expect(try await contract.queue.holder(of: try UniqueKey("u")) == nil)
        }
    }

    @Test("ages are those of the fronts of the lanes", arguments: ContractWorld.allCases)
    func ages(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("a", lane: .low))
            try await contract.advance(.seconds(40))
            _ = try await contract.add(newJob("b", lane: .low))
            _ = try await contract.add(newJob("c", lane: .hi, unique: "u"))
            try await contract.advance(.seconds(2))
            let situation = try await contract.queue.situation()
            #expect(situation.oldest[.low] == .seconds(42))
            #expect(situation.oldest[.hi] == .seconds(2))
            #expect(situation.oldest[.std] == nil)
            #expect(try await contract.queue.holder(of: try UniqueKey("u"))?.text == "c")
        }
    }

    @Test("suspects, their worker and the last reap are told", arguments: ContractWorld.allCases)
    func suspects(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            // The first reap only gives everybody time.
            _ = try await contract.queue.reap(limit: 5)
            _ = try await contract.add(newJob("a"))
            _ = try await contract.turn(1)
            for _ in 0..<5 {
                try await contract.advance(.seconds(9))
                _ = try await contract.queue.reap(limit: 5)
            }
            let reaped = try await contract.queue.situation()
            #expect(reaped.oldestSuspect != nil)
            #expect(reaped.lastReapMilliseconds == reaped.nowMilliseconds)
            try await contract.advance(.seconds(6))
            // A busy worker takes the duty, as it may not run the suspect yet.
            _ = try await contract.queue.turn(
                TurnRequest(
                    worker: try WorkerID("w2"),
                    number: 1,
                    settlement: nil,
                    limit: 1,
                    isIdle: false
                )
            )
            let situation = try await contract.queue.situation()
            #expect(situation.soloWorker?.text == "w2")
            #expect(situation.soloUntilMilliseconds.map { $0 > situation.nowMilliseconds } ?? false)
            #expect(situation.lastReapMilliseconds == situation.nowMilliseconds - 6_000)
        }
    }
}
