import Ambient
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("the same seed gives the same run, and seeds differ")
    func replays() throws {
        let runs = try (1...40 as ClosedRange<UInt64>).map { seed in
            (try trace(seed: seed), try trace(seed: seed))
        }
        for (first, second) in runs {
            #expect(first == second)
        }
        #expect(Set(runs.map(\.0)).count > 10)
    }

    @Test("days of sleep take no time and end in order")
    func sleepsInOrder() throws {
        let simulation = Simulation(seed: 1)
        let ambient = simulation.ambient()
        let order = try simulation.run {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for days in [3, 1, 2] {
                    group.addTask {
                        try await ambient.sleep(for: .seconds(days * 86_400))
                        return days
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(order == [1, 2, 3])
        #expect(simulation.clock.now.elapsed == .seconds(3 * 86_400))
        #expect(ambient.now() == Simulation.start.addingTimeInterval(3 * 86_400))
    }

    @Test("a cancelled sleep ends at once, before and after it began", arguments: Seeds.first(20))
    func cancelsSleeps(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let ambient = simulation.ambient()
        let ended = try simulation.run {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        do {
                            try await ambient.sleep(for: .seconds(1000))
                            return false
                        } catch {
                            return error is CancellationError
                        }
                    }
                }
                await Task.yield()
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(ended == [true, true, true, true, true])
        #expect(simulation.clock.now.elapsed == .zero)
        #expect(simulation.clock.sleeperCount == 0)
    }

    @Test("a deadlock is reported at once")
    func reportsDeadlock() {
        let simulation = Simulation(seed: 7)
        #expect(throws: SimulationError.deadlock(seed: 7, after: .zero)) {
            try simulation.run {
                let (stream, continuation) = AsyncStream<Void>.makeStream()
                for await _ in stream {}
                continuation.finish()
            }
        }
    }

    @Test("a run past its virtual time limit is reported")
    func reportsEndlessRuns() {
        let simulation = Simulation(seed: 8)
        let ambient = simulation.ambient()
        #expect(throws: SimulationError.tooLong(seed: 8, limit: .seconds(60))) {
            try simulation.run(limit: .seconds(60)) {
                while true {
                    try await ambient.sleep(for: .seconds(1))
                }
            }
        }
    }

    @Test("the generator gives the published sequence of SplitMix64")
    func knownSequence() {
        var random = Seeded(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect((0..<5).map { _ in random.next() } == expected)
    }

    private func trace(seed: UInt64) throws -> [Int] {
        let simulation = Simulation(seed: seed)
        let ambient = simulation.ambient()
        let steps = Trace()
        try simulation.run {
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for _ in 0..<3 {
                            steps.append(worker)
                            await Task.yield()
                        }
                        steps.append(Int(ambient.chance() * 100))
                    }
                }
            }
        }
        return steps.values
    }
}

private final class Trace: Sendable {
    private let state = Mutex<[Int]>([])

    var values: [Int] { state.withLock { $0 } }

    func append(_ value: Int) {
        state.withLock { $0.append(value) }
    }
}
