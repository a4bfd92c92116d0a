import JobQueue
import TestSupport
import Testing

@Suite("Contract: feeds")
struct ContractFeedTests {
    private static func step(
        _ seen: Int?,
        _ next: Int,
        _ ids: String...
    ) throws -> FeedStep {
        FeedStep(
            feed: try FeedName("plan"),
            seen: seen,
            next: next,
            jobs: try ids.map { try newJob($0, lane: .low) }
        )
    }

    @Test("a part is handed out once, whoever hands it out", arguments: ContractWorld.allCases)
    func once(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let plan = try FeedName("plan")
            #expect(try await contract.queue.feedCursor(plan) == nil)
            #expect(try await contract.queue.feed(try Self.step(nil, 2, "a", "b")) == .fed)
            #expect(try await contract.queue.feedCursor(plan) == .at(2))
            // The same step again, as after a lost reply, and the step of a late feeder.
            for late in [try Self.step(nil, 2, "a", "b"), try Self.step(0, 1, "a")] {
                #expect(try await contract.queue.feed(late) == .moved(.at(2)))
            }
            #expect(try await contract.queue.feed(try Self.step(2, 3, "c")) == .fed)
            let batch = try #require(try await contract.turn(1).batch)
            #expect(batch.names == ["a", "b", "c"])
            #expect(batch.jobs.allSatisfy { $0.lane == .low })
        }
    }

    @Test("a part without jobs moves the cursor, also back", arguments: ContractWorld.allCases)
    func moves(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            #expect(try await contract.queue.feed(try Self.step(nil, 9)) == .fed)
            #expect(try await contract.queue.feed(try Self.step(9, 4)) == .fed)
            #expect(try await contract.queue.feed(try Self.step(4, 5, "again")) == .fed)
            #expect(try await contract.total() == 1)
        }
    }

    @Test("a closed feed takes no step", arguments: ContractWorld.allCases)
    func closed(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let plan = try FeedName("plan")
            _ = try await contract.queue.feed(try Self.step(nil, 1, "a"))
            try await contract.queue.closeFeed(plan)
            #expect(try await contract.queue.feedCursor(plan) == .closed)
            for seen in [1, nil] {
                let late = try Self.step(seen, 2, "b")
                #expect(try await contract.queue.feed(late) == .moved(.closed))
            }
            #expect(try await contract.total() == 1)
        }
    }

    @Test(
        "a part that the marks refuse leaves the cursor where it is",
        arguments: ContractWorld.allCases
    )
    func pressure(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let plan = try FeedName("plan")
            let marks: [PressureMark: Int?] = [.softDepth: 1, .hardDepth: 2]
            _ = try await contract.queue.pressure(setting: marks)
            #expect(try await contract.queue.feed(try Self.step(nil, 1, "a")) == .fed)
            let slow = FeedAnswer.fedUnderPressure(slowDown: .milliseconds(100))
            #expect(try await contract.queue.feed(try Self.step(1, 2, "b")) == slow)
            let refused = try Self.step(2, 3, "c")
            await #expect(
                throws: QueueError.overloaded(lane: .low, retryAfter: .seconds(5))
            ) {
                try await contract.queue.feed(refused)
            }
            #expect(try await contract.queue.feedCursor(plan) == .at(2))
            #expect(try await contract.total() == 2)
            _ = try await contract.queue.pressure(setting: [.softDepth: nil, .hardDepth: nil])
            #expect(try await contract.queue.feed(refused) == .fed)
        }
    }

    @Test("jobs of a feed keep their limit key", arguments: ContractWorld.allCases)
    func keyed(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let key = try LimitKey("agent:1")
            var step = try Self.step(nil, 1, "a")
            step.jobs[0].limit = key
            #expect(try await contract.queue.feed(step) == .fed)
            let batch = try #require(try await contract.turn(1).batch)
            #expect(batch.jobs.map(\.limit) == [key])
        }
    }

    @Test("rings for what waits, but not while paused", arguments: ContractWorld.allCases)
    func rings(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            try await contract.queue.pause(by: "who", reason: "")
            _ = try await contract.queue.feed(try Self.step(nil, 1, "a"))
            #expect(try await contract.queue.waitForBell(atMost: .milliseconds(1)) == false)
            _ = try await contract.queue.resume(by: "who")
            #expect(try await contract.queue.waitForBell(atMost: .seconds(10)))
            _ = try await contract.queue.feed(try Self.step(1, 2))
            #expect(try await contract.queue.waitForBell(atMost: .milliseconds(1)) == false)
            _ = try await contract.queue.feed(try Self.step(2, 3, "b"))
            #expect(try await contract.queue.waitForBell(atMost: .seconds(10)))
        }
    }

    @Test("a job that must be alone or wait is refused", arguments: ContractWorld.allCases)
    func refusals(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let jobs = [
                try newJob("a", unique: "u"), try newJob("b", delay: .seconds(1)),
            ]
            for job in jobs {
                let step = FeedStep(feed: try FeedName("plan"), seen: nil, next: 1, jobs: [job])
                await #expect(
                    throws: QueueError.refused(
                        reason: "a job of a feed has neither unique key nor delay"
                    )
                ) {
                    try await contract.queue.feed(step)
                }
            }
            #expect(try await contract.queue.feedCursor(try FeedName("plan")) == nil)
        }
    }
}
