import Ambient
import JobQueue
import JobWorker
import TestSupport
import Testing

@Suite("Notes of jobs")
struct NoteTests {
    /// Runs jobs to their end and returns the notes, without the ones of the running.
    private func notes(
        _ ids: [String],
        policy: JobPolicy = Stage.policy,
        ledger prepare: @escaping @Sendable (FakeLedger) throws -> Void = { _ in },
        script: @escaping ScriptHandler.Script
    ) throws -> [JobNote] {
        let simulation = Simulation(seed: 7)
        return try simulation.run {
            let stage = try Stage(simulation, policy: policy, script: script)
            try prepare(stage.ledger)
            try await stage.enqueue(ids)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.process("w", life: nil) }
                await stage.until { stage.isEmpty }
                stage.shutdown.trip()
                try await group.waitForAll()
            }
            return stage.ledger.notes
        }
    }

    @Test("a plain success leaves none")
    func plain() throws {
        let notes = try notes(["a", "b", "c"]) { job, _ in .done(job.id.text) }
        #expect(notes == [])
    }

    @Test("a failed attempt is noted with its reason, and the success after it is the ledger's")
    func failed() throws {
        let notes = try notes(["a"]) { job, _ in
            job.attempt == 1 ? .retry(reason: "upstream") : .done("a")
        }
        #expect(notes.count == 1)
        guard case .failed(_, reason: "upstream")? = notes.first?.event else {
            Issue.record("\(notes)")
            return
        }
        #expect(notes[0].cause == .handler)
        #expect(notes[0].worker.text == "w")
        #expect(notes[0].fence > 0)
        #expect(notes[0].ran != nil)
    }

    @Test("every way out of the queue but success is noted")
    func waysOut() throws {
        let notes = try notes(["dead", "drop", "snooze"]) { job, _ in
            switch job.id.text {
            case "dead": return .dead(reason: "no use")
            case "drop": return .discard(reason: "nothing to do")
            default:
                return job.isRedelivered
                    ? .done("s") : .snooze(after: .seconds(3), reason: "not yet")
            }
        }
        let events = Dictionary(grouping: notes, by: \.job.id.text).mapValues { $0.map(\.event) }
        #expect(
            events == [
                "dead": [.dead(reason: "no use")],
                "drop": [.discarded(reason: "nothing to do")],
                "snooze": [.snoozed(after: .seconds(3), reason: "not yet")],
            ]
        )
    }

    @Test("an attempt that takes too long is noted as a timeout")
    func timeout() throws {
        var policy = Stage.policy
        policy.timeout = .seconds(5)
        let notes = try notes(["a"], policy: policy) { job, play in
            if job.attempt == 1 { try await play.sleep(.seconds(1_000)) }
            return .done("a")
        }
        #expect(notes.map(\.cause) == [.timeout])
    }

    @Test("a result that the store refuses is noted as that")
    func rejected() throws {
        let notes = try notes(["a"]) { _, _ in .done("reject") }
        #expect(notes.map(\.cause) == [.rejected])
    }

    @Test("a long attempt is noted while it runs, early when the job is followed")
    func running() throws {
        let notes = try notes(
            ["brief", "slow", "followed"],
            ledger: { $0.follow([try JobID("followed")]) },
            script: { job, play in
                try await play.sleep(job.id.text == "slow" ? .seconds(15) : .seconds(5))
                return .done(job.id.text)
            }
        )
        #expect(notes.map(\.job.id.text) == ["followed", "slow"])
        #expect(notes.allSatisfy { $0.event == .running })
        #expect(notes[0].ran.map { $0 < .seconds(3) } ?? false)
        #expect(notes[1].ran.map { $0 >= .seconds(10) } ?? false)
    }

    @Test("notes wait for a store that is away, and are written once")
    func outage() throws {
        let notes = try notes(
            ["a"],
            ledger: { $0.goDown(until: .seconds(30)) },
            script: { _, _ in .dead(reason: "no use") }
        )
        #expect(notes.map(\.event) == [.dead(reason: "no use")])
    }
}
