import JobQueue
import TestSupport
import Testing

@Suite("Contract: purges")
struct ContractPurgeTests {
    @Test("removes what was asked for, and nothing else", arguments: ContractWorld.allCases)
    func places(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("dead")
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.turn(2, settling: batch.settled(.dead(reason: "x")), limit: 0)
            try await contract.add("running")
            _ = try await contract.turn(3)
            for lane in Lane.allCases { try await contract.add("\(lane.rawValue)", lane: lane) }
            _ = try await contract.add(newJob("later", delay: .seconds(60)))

            let steps: [(Set<PurgePlace>, PurgeReport)] = [
                ([.std, .low], PurgeReport(removed: 2, left: 0)),
                ([.std, .low], PurgeReport(removed: 0, left: 0)),
                ([.later], PurgeReport(removed: 1, left: 0)),
                ([.dead, .suspect], PurgeReport(removed: 1, left: 0)),
            ]
            for (places, expected) in steps {
                #expect(try await contract.queue.purge(places) == expected)
            }
            let figures = try await contract.queue.figures()
            #expect(figures.ready == [.hi: 1, .std: 0, .low: 0])
            #expect(figures.running == 1)
            #expect(figures.later + figures.dead == 0)
            #expect(figures.counters.purged == 4)
        }
    }

    @Test("frees the unique keys of what it removes", arguments: ContractWorld.allCases)
    func uniqueKeys(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("waits", unique: "u"))
            _ = try await contract.add(newJob("parked", unique: "v", delay: .seconds(60)))
            _ = try await contract.queue.purge([.std, .later])
            #expect(try await contract.add(newJob("a", unique: "u")) == .queued)
            #expect(try await contract.add(newJob("b", unique: "v")) == .queued)
        }
    }

    @Test("takes 500 jobs a call and says what is left", arguments: ContractWorld.allCases)
    func bounded(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            for part in 0..<3 {
                let jobs = try (0..<400).map { try newJob("job-\(part)-\($0)") }
                _ = try await contract.queue.enqueue(jobs, call: try EnqueueCallID("\(part)"))
            }
            let left = [700, 200, 0]
            for rest in left {
                let report = try await contract.queue.purge([.std])
                #expect(report == PurgeReport(removed: rest == 0 ? 200 : 500, left: rest))
            }
        }
    }

    @Test("a job that was cancelled and purged leaves no note", arguments: ContractWorld.allCases)
    func cancelled(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            #expect(try await contract.queue.cancel([try JobID("a")], by: "ann") == 1)
            _ = try await contract.queue.purge([.std])
            #expect(try await contract.add(newJob("a"), call: "again") == .queued)
            #expect(try await contract.turn(1).batch?.names == ["a"])
        }
    }
}
