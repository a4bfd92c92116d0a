import JobQueue
import TestSupport
import Testing

@Suite("Contract: limits")
struct ContractLimitTests {
    @Test("a key's jobs run, with the others and without", arguments: ContractWorld.allCases)
    func wholeWay(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("k", limit: "agent:1")
            try await contract.add("u")
            #expect(try await contract.queue.figures().ready[.std] == 2)
            let batch = try #require(try await contract.turn(1).batch)
            #expect(Set(batch.names) == ["k", "u"])
            let key = try LimitKey("agent:1")
            #expect(batch.jobs.first { $0.id.text == "k" }?.limit == key)
            _ = try await contract.turn(2, settling: batch.settled(.done))
            #expect(try await contract.total() == 0)
            #expect(try await contract.queue.limits().isEmpty)
        }
    }

    @Test("no more jobs of a key run than may", arguments: ContractWorld.allCases)
    func concurrency(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = try LimitKey("agent:1")
            try await contract.queue.setLimit(key, LimitSettings(concurrency: 2))
            try await contract.add("a", "b", "c", "d", limit: key.text)
            let first = try await contract.turn(1)
            #expect(first.batch?.names == ["a", "b"])
            #expect(!first.hasMore)
            #expect(try await contract.turn(1, worker: "v").batch == nil)
            let figures = try #require(try await contract.queue.limits().first)
            #expect(figures.running == 2)
            #expect(figures.rest == .full)
            #expect(figures.waiting[.std] == 2)
            // One that is settled makes room for one, whatever became of it.
            let batch = try #require(first.batch)
            let next = try await contract.turn(
                2,
                settling: batch.settled(.snooze(after: .seconds(60), reason: ""), at: [0])
            )
            #expect(next.batch?.names == ["c"])
            // A higher limit holds at once.
            try await contract.queue.setLimit(key, LimitSettings(concurrency: 3))
            #expect(try await contract.turn(2, worker: "v").batch?.names == ["d"])
        }
    }

    @Test("one key is found among more than a list shows", arguments: ContractWorld.allCases)
    func named(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let queue = contract.queue
            for index in 0..<(QueueLimits.jobsPerCallMax + 20) {
                let settings = LimitSettings(concurrency: index + 1)
                try await queue.setLimit(try LimitKey("agent:\(1000 + index)"), settings)
            }
            let last = try LimitKey("agent:\(1000 + QueueLimits.jobsPerCallMax + 19)")
            let figures = try await queue.limit(of: last)
            #expect(figures.settings.concurrency == QueueLimits.jobsPerCallMax + 20)
            let none = try await queue.limit(of: try LimitKey("agent:none"))
            #expect(none.settings.isEmpty && none.running == 0 && none.rest == nil)
        }
    }

    @Test("a reaped batch gives its key's count back", arguments: ContractWorld.allCases)
    func reaped(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = try LimitKey("agent:1")
            try await contract.queue.setLimit(key, LimitSettings(concurrency: 1))
            try await contract.add("a", "b", limit: key.text)
            #expect(try await contract.turn(1).batch?.names == ["a"])
            #expect(try await contract.turn(1, worker: "v").batch == nil)
            for _ in 0..<4 {
                try await contract.advance(.seconds(8))
                _ = try await contract.queue.reap(limit: 10)
            }
            #expect(try await contract.queue.limits().first?.running == 0)
            #expect(try await contract.turn(2, worker: "v").batch?.names == ["b"])
        }
    }

    @Test("keys take turns, and jobs without a key among them", arguments: ContractWorld.allCases)
    func fairness(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            for index in 0..<8 {
                try await contract.add("many-\(index)", limit: "agent:1")
                if index < 4 {
                    try await contract.add("few-\(index)", limit: "agent:2")
                    try await contract.add("own-\(index)")
                }
            }
            // A batch is shared equally.
            let batch = try #require(try await contract.turn(1, limit: 6).batch)
            let shares = Dictionary(grouping: batch.names) { $0.split(separator: "-")[0] }
            #expect(shares.mapValues(\.count) == ["many": 2, "few": 2, "own": 2])
            // Batches of one go round.
            var names: [Substring] = []
            for number in 2..<8 {
                let batch = try #require(try await contract.turn(number, limit: 1).batch)
                names.append(batch.names[0].split(separator: "-")[0])
            }
            #expect(Set(names.prefix(3)) == ["many", "few", "own"])
            #expect(Array(names.prefix(3)) == Array(names.suffix(3)))
            // What the others do not need is not withheld.
            #expect(try await contract.turn(8, limit: 10).batch?.jobs.count == 4)
        }
    }

    @Test("the lane decides before the key", arguments: ContractWorld.allCases)
    func lanes(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("low", lane: .low, limit: "agent:1")
            try await contract.add("std", limit: "agent:2")
            try await contract.add("hi", lane: .hi, limit: "agent:1")
            try await contract.add("own")
            let names = try #require(try await contract.turn(1).batch?.names)
            #expect(names.first == "hi")
            #expect(names.last == "low")
        }
    }

    @Test("a rate does not wait for a clock that went back", arguments: ContractWorld.allCases)
    func rateAfterStep(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = try LimitKey("agent_1")
            let rate = RateLimit(intervalMicroseconds: 1_000_000_000, burst: 2)
            try await contract.queue.setLimit(key, LimitSettings(rate: rate))
            try await contract.advance(.seconds(7200))
            try await contract.add("a", "b", limit: key.text)
            let first = try #require(try await contract.turn(1).batch)
            #expect(first.jobs.count == 2)
            _ = try await contract.turn(2, settling: first.settled(.done))
            try await contract.advance(.seconds(-7200))
            try await contract.add("c", limit: key.text)
            #expect(try await contract.turn(3).batch?.names == ["c"])
        }
    }

    @Test(
        "a rate lets a burst through, then one after the other",
        arguments: ContractWorld.allCases
    )
    func rate(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = try LimitKey("account:7")
            let rate = RateLimit(intervalMicroseconds: 1_000_000_000, burst: 2)
            try await contract.queue.setLimit(key, LimitSettings(rate: rate))
            try await contract.add("a", "b", "c", "d", limit: key.text)
            let first = try await contract.turn(1)
            #expect(first.batch?.names == ["a", "b"])
            #expect(first.nextDueMilliseconds == first.nowMilliseconds + 1_000_000)
            // What is done does not bring a token back.
            let batch = try #require(first.batch)
            #expect(try await contract.turn(2, settling: batch.settled(.done)).batch == nil)
            try await contract.advance(.seconds(1000))
            #expect(try await contract.turn(3).batch?.names == ["c"])
            // In memory the clock runs on meanwhile, but not for so long.
            try await contract.advance(.seconds(500))
            #expect(try await contract.turn(4).batch == nil)
            try await contract.advance(.seconds(500))
            #expect(try await contract.turn(5).batch?.names == ["d"])
        }
    }

    @Test(
        "while an upstream rests its jobs wait where they are, then one goes at a time",
        arguments: ContractWorld.allCases
    )
    func upstreamRests(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = "upstream:x"
            try await contract.add("a", "b", "c", "d", limit: key)
            let batch = try #require(try await contract.turn(1, limit: 2).batch)
            let rest = batch.settled(.rest(after: .seconds(20), reason: "429"))
            let open = try await contract.turn(2, settling: rest)
            #expect(open.batch == nil)
            #expect(!open.hasMore)
            let figures = try #require(try await contract.queue.limits().first)
            #expect(figures.rest == .open)
            #expect(figures.waiting[.std] == 2)
            #expect(figures.waitingSinceMilliseconds == batch.jobs[0].readyMilliseconds)
            #expect(try await contract.queue.figures().later == 2)
            // A new one waits, too.
            try await contract.add("e", lane: .hi, limit: key)
            #expect(try await contract.turn(3).batch == nil)

            try await contract.advance(.seconds(20))
            let probe = try #require(try await contract.turn(4).batch)
            #expect(probe.names == ["e"])
            #expect(try await contract.turn(1, worker: "v").batch == nil)
            // It fails: the next probe.
            let retry = probe.settled(.retry(after: .seconds(100), reason: "503"))
            let second = try #require(try await contract.turn(5, settling: retry).batch)
            #expect(second.jobs.count == 1)
            #expect(second.jobs[0].attempt == 1)
            // It is done: everybody goes.
            let all = try await contract.turn(6, settling: second.settled(.done))
            #expect(all.batch?.jobs.count == 3)
            #expect(try await contract.queue.limits().isEmpty)
        }
    }

    @Test("a probe whose worker dies makes room for the next", arguments: ContractWorld.allCases)
    func lostProbe(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b", "c", limit: "upstream:x")
            let batch = try #require(try await contract.turn(1, limit: 1).batch)
            let rest = batch.settled(.rest(after: .seconds(1), reason: "429"))
            _ = try await contract.turn(2, settling: rest)
            try await contract.advance(.seconds(1))
            #expect(try await contract.turn(3).batch?.jobs.count == 1)
            #expect(try await contract.turn(1, worker: "v").batch == nil)
            for _ in 0..<4 {
                try await contract.advance(.seconds(8))
                _ = try await contract.queue.reap(limit: 10)
            }
            #expect(try await contract.turn(2, worker: "v").batch?.jobs.count == 1)
        }
    }

    @Test("handed back jobs of a key come first again", arguments: ContractWorld.allCases)
    func released(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b", "c", limit: "agent:1")
            let batch = try #require(try await contract.turn(1, limit: 2).batch)
            let next = try await contract.turn(2, settling: batch.settled(.release))
            #expect(next.batch?.names == ["a", "b", "c"])
        }
    }

    @Test("a key's jobs are listed, found, cancelled and purged", arguments: ContractWorld.allCases)
    func administration(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b", "c", limit: "agent:1")
            try await contract.add("d", lane: .low, limit: "agent:2")
            let page = try await contract.queue.jobs(in: .ready, after: nil, limit: 2)
            let rest = try await contract.queue.jobs(in: .ready, after: page.next, limit: 9)
            #expect((page.jobs + rest.jobs).map(\.job.id.text) == ["a", "b", "c", "d"])
            #expect(try await contract.queue.job(try JobID("b"))?.state == .ready)
            #expect(try await contract.queue.cancel([try JobID("a")], by: "ann") == 1)
            #expect(try await contract.turn(1, limit: 2).batch?.names == ["b"])
            #expect(
                try await contract.queue.purge([.std]) == PurgeReport(removed: 1, left: 0)
            )
            #expect(try await contract.turn(2).batch?.names == ["d"])
        }
    }

    @Test("dead jobs of a key come back into its list", arguments: ContractWorld.allCases)
    func dead(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let key = try LimitKey("agent:1")
            try await contract.queue.setLimit(key, LimitSettings(concurrency: 1))
            try await contract.add("a", "b", limit: key.text)
            let batch = try #require(try await contract.turn(1).batch)
            let next = try await contract.turn(2, settling: batch.settled(.dead(reason: "x")))
            #expect(next.batch?.names == ["b"])
            #expect(try await contract.queue.retryDead([try JobID("a")]) == [.queued])
            #expect(try await contract.turn(1, worker: "v").batch == nil)
            let last = try #require(next.batch)
            #expect(try await contract.turn(3, settling: last.settled(.done)).batch?.names == ["a"])
        }
    }
}
