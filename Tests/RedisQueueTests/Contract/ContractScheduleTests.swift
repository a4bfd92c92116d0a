import JobQueue
import TestSupport
import Testing

@Suite("Contract: schedules")
struct ContractScheduleTests {
    private static func tick(_ instant: Int64, isLate: Bool = false) throws -> Tick {
        Tick(
            schedule: "poll",
            instantMilliseconds: instant,
            job: try newJob("poll@\(instant)", unique: "poll"),
            isLate: isLate
        )
    }

    @Test("the instants of a paused schedule pass without a job", arguments: ContractWorld.allCases)
    func pauses(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let queue = contract.queue
            #expect(try await queue.schedulePause("poll") == nil)
            try await queue.pauseSchedule("poll", by: "ann", reason: "too much")
            let pause = try #require(try await queue.schedulePause("poll"))
            #expect(pause.person == "ann")
            #expect(pause.reason == "too much")
            #expect(try await queue.fire(try Self.tick(1000)) == .paused(by: "ann"))
            #expect(try await queue.fire(try Self.tick(1000)) == .alreadyFired)
            #expect(try await contract.total() == 0)
            #expect(try await queue.resumeSchedule("poll") == pause)
            #expect(try await queue.resumeSchedule("poll") == nil)
            #expect(try await queue.fire(try Self.tick(1000)) == .alreadyFired)
            #expect(try await queue.fire(try Self.tick(2000)) == .fired)
            #expect(try await contract.total() == 1)
        }
    }

    @Test("notes what became of each instant", arguments: ContractWorld.allCases)
    func notes(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            let queue = contract.queue
            #expect(try await queue.tickNotes(ofSchedule: "poll").isEmpty)
            _ = try await queue.fire(try Self.tick(1000, isLate: true))
            _ = try await queue.fire(try Self.tick(1000))
            try await contract.advance(.seconds(5))
            _ = try await queue.fire(try Self.tick(2000))
            try await queue.pauseSchedule("poll", by: "ann", reason: "")
            _ = try await queue.fire(try Self.tick(3000))
            let notes = try await queue.tickNotes(ofSchedule: "poll")
            #expect(notes.map(\.instantMilliseconds) == [3000, 2000, 1000])
            #expect(notes.map(\.outcome) == [.skipped, .held, .caughtUp])
            #expect(notes[1].atMilliseconds - notes[2].atMilliseconds >= 5000)
            #expect(notes[0].lateness > .seconds(1000))
        }
    }

    @Test("keeps the notes of the last hundred instants", arguments: ContractWorld.allCases)
    func bound(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract async throws in
            for number in 1...(QueueLimits.tickNotesMax + 5) {
                _ = try await contract.queue.fire(try Self.tick(Int64(number) * 1000))
            }
            let notes = try await contract.queue.tickNotes(ofSchedule: "poll")
            #expect(notes.count == QueueLimits.tickNotesMax)
            #expect(notes.last?.instantMilliseconds == 6000)
        }
    }
}
