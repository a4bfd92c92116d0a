import JobQueue
import TestSupport
import Testing

@Suite("Contract: back-pressure")
struct ContractPressureTests {
    private static var tuning: QueueTuning {
        var tuning = QueueTuning()
        tuning.marks.depth = .init(soft: 10, hard: 20, last: 30)
        return tuning
    }

    @Test(
        "producers are asked to slow down from the soft mark on, ever more",
        arguments: ContractWorld.allCases
    )
    func soft(world: ContractWorld) async throws {
        try await withContractQueue(world, tuning: Self.tuning) { contract in
            #expect(try await fill(contract, to: 10) == nil)
            let first = try #require(try await reply(contract, "a").slowDown)
            let second = try #require(try await reply(contract, "b").slowDown)
            #expect(first == .milliseconds(100))
            #expect(second > first && second < .seconds(5))
            #expect(try await contract.queue.pressure(setting: [:]).level == .soft)
        }
    }

    @Test(
        "the low lane is refused from the hard mark on, the others but hi from the last",
        arguments: ContractWorld.allCases
    )
    func hard(world: ContractWorld) async throws {
        try await withContractQueue(world, tuning: Self.tuning) { contract in
            _ = try await fill(contract, to: 20)
            await #expect(throws: Self.refusal(.low)) {
                try await reply(contract, "low", lane: .low)
            }
            #expect(try await reply(contract, "std").slowDown == .seconds(5))
            _ = try await fill(contract, to: 30)
            await #expect(throws: Self.refusal(.std)) { try await reply(contract, "std-2") }
            #expect(try await reply(contract, "hi", lane: .hi).answers == [.queued])
        }
    }

    @Test(
        "of a refused call nothing is pushed, and its repeat is a new one",
        arguments: ContractWorld.allCases
    )
    func wholeCalls(world: ContractWorld) async throws {
        try await withContractQueue(world, tuning: Self.tuning) { contract in
            _ = try await fill(contract, to: 20)
            let before = try await contract.total()
            let jobs = [try newJob("a"), try newJob("b", lane: .low, unique: "u")]
            let call = try EnqueueCallID("mixed")
            await #expect(throws: Self.refusal(.low)) {
                try await contract.queue.enqueue(jobs, call: call)
            }
            #expect(try await contract.total() == before)
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.turn(2, settling: batch.settled(.done), limit: 0)
            let reply = try await contract.queue.enqueue(jobs, call: call)
            #expect(reply.answers == [.queued, .queued])
            // A call that was answered before is answered again, however full it is.
            _ = try await contract.queue.pressure(setting: [.hardDepth: 1])
            #expect(try await contract.queue.enqueue(jobs, call: call).answers == reply.answers)
        }
    }

    @Test("an instant that is refused has not fired", arguments: ContractWorld.allCases)
    func ticks(world: ContractWorld) async throws {
        try await withContractQueue(world, tuning: Self.tuning) { contract in
            _ = try await fill(contract, to: 20)
            let low = Tick(
                schedule: "poll",
                instantMilliseconds: 1000,
                job: try newJob("poll@1000", lane: .low)
            )
            await #expect(throws: Self.refusal(.low)) { try await contract.queue.fire(low) }
            #expect(try await contract.queue.lastTick(ofSchedule: "poll") == nil)
            var std = low
            std.job.lane = .std
            let answer = TickAnswer.firedUnderPressure(slowDown: .seconds(5))
            #expect(try await contract.queue.fire(std) == answer)
        }
    }

    @Test("marks are set, shown and given up", arguments: ContractWorld.allCases)
    func marks(world: ContractWorld) async throws {
        try await withContractQueue(world, tuning: Self.tuning) { contract in
            _ = try await fill(contract, to: 5)
            var state = try await contract.queue.pressure(setting: [.softDepth: 5, .lastDepth: 40])
            #expect(state.level == .soft)
            #expect(state.depth == 5)
            #expect(state.marks.depth == .init(soft: 5, hard: 20, last: 40))
            state = try await contract.queue.pressure(setting: [.softDepth: nil])
            #expect(state.marks.depth == .init(soft: 10, hard: 20, last: 40))
            #expect(state.slowDown == nil)
        }
    }

    private static func refusal(_ lane: Lane) -> QueueError {
        .overloaded(lane: lane, retryAfter: .seconds(5))
    }

    private func reply(
        _ contract: ContractQueue,
        _ name: String,
        lane: Lane = .std
    ) async throws -> EnqueueReply {
        try await contract.queue.enqueue(
            [newJob(name, lane: lane)],
            call: try EnqueueCallID("reply-\(name)")
        )
    }

    /// Adds jobs, some parked and some of a limit key, until so many wait; returns the last delay.
    private func fill(_ contract: ContractQueue, to count: Int) async throws -> Duration? {
        var slowDown: Duration?
        for index in (try await contract.total())..<count {
            let job = try newJob(
                "fill-\(index)",
                delay: index % 5 == 4 ? .seconds(600) : .zero,
                limit: index % 3 == 0 ? "agent:1" : nil
            )
            slowDown = try await contract.queue.enqueue(
                [job],
                call: try EnqueueCallID("fill-\(index)")
            ).slowDown
        }
        return slowDown
    }
}
