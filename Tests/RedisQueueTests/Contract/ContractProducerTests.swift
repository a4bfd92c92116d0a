import JobQueue
import TestSupport
import Testing

@Suite("Contract: producers")
struct ContractProducerTests {
    @Test("a job that is done leaves nothing behind", arguments: ContractWorld.allCases)
    func wholeWay(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            #expect(try await contract.add(newJob("a", unique: "u")) == .queued)
            let batch = try #require(try await contract.turn(1).batch)
            #expect(batch.names == ["a"])
            #expect(batch.jobs[0].attempt == 1)
            let reply = try await contract.turn(2, settling: batch.settled(.done))
            #expect(reply.settled == .settled)
            #expect(reply.batch == nil)
            #expect(try await contract.total() == 0)
            #expect(try await contract.queue.figures().counters.succeeded == 1)
            // Its key is free again.
            #expect(try await contract.add(newJob("b", unique: "u")) == .queued)
        }
    }

    @Test(
        "a repeated enqueue pushes nothing and answers the same",
        arguments: ContractWorld.allCases
    )
    func repeatedEnqueue(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("holder", unique: "u"))
            let jobs = [try newJob("a"), try newJob("b", unique: "u")]
            let call = try EnqueueCallID("once")
            let first = try await contract.queue.enqueue(jobs, call: call)
            let second = try await contract.queue.enqueue(jobs, call: call)
            #expect(first.answers == [.queued, .held(by: try JobID("holder"))])
            #expect(second == first)
            #expect(try await contract.total() == 2)
        }
    }

    @Test("a unique key is held until its job ends", arguments: ContractWorld.allCases)
    func uniqueKeys(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let ends: [Outcome] = [.done, .discard(reason: "x"), .dead(reason: "x")]
            for (index, end) in ends.enumerated() {
                _ = try await contract.add(newJob("job-\(index)", unique: "u"))
                let other = try newJob("other-\(index)", unique: "u")
                let held = EnqueueAnswer.held(by: try JobID("job-\(index)"))
                #expect(try await contract.add(other) == held)
                let batch = try #require(try await contract.turn(3 * index + 1).batch)
                // A retry keeps it.
                let retry = batch.settled(.retry(after: .zero, reason: ""))
                let next = try await contract.turn(3 * index + 2, settling: retry)
                #expect(try await contract.add(other, call: "again-\(index)") == held)
                let again = try #require(next.batch)
                _ = try await contract.turn(3 * index + 3, settling: again.settled(end))
            }
        }
    }

    @Test("a delayed job comes when it is due", arguments: ContractWorld.allCases)
    func delay(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("a", delay: .seconds(100)))
            let early = try await contract.turn(1)
            #expect(early.batch == nil)
            let due = try #require(early.nextDueMilliseconds)
            let record = try #require(try await contract.queue.job(try JobID("a")))
            #expect(due == record.job.createdMilliseconds + 100_000)
            #expect(record.atMilliseconds == due)
            try await contract.advance(.seconds(101))
            #expect(try await contract.turn(2).batch?.names == ["a"])
        }
    }

    @Test("a parked job can be run now", arguments: ContractWorld.allCases)
    func runNow(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("a", delay: .seconds(3600)))
            let ids = [try JobID("a"), try JobID("none")]
            #expect(try await contract.queue.runNow(ids) == 1)
            #expect(try await contract.turn(1).batch?.names == ["a"])
        }
    }

    @Test("an instant fires once, whoever fires it", arguments: ContractWorld.allCases)
    func ticks(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            #expect(try await contract.queue.lastTick(ofSchedule: "poll") == nil)
            func tick(_ instant: Int64) throws -> Tick {
                Tick(
                    schedule: "poll",
                    instantMilliseconds: instant,
                    job: try newJob("poll@\(instant)", unique: "poll")
                )
            }
            #expect(try await contract.queue.fire(try tick(1000)) == .fired)
            #expect(try await contract.queue.fire(try tick(1000)) == .alreadyFired)
            #expect(try await contract.queue.fire(try tick(500)) == .alreadyFired)
            // The first has not run yet: the instant counts, its job does not.
            let held = TickAnswer.held(by: try JobID("poll@1000"))
            #expect(try await contract.queue.fire(try tick(2000)) == held)
            #expect(try await contract.queue.lastTick(ofSchedule: "poll") == 2000)
            #expect(try await contract.total() == 1)
        }
    }

    @Test("what no queue takes is refused before it is sent", arguments: ContractWorld.allCases)
    func refusals(world: ContractWorld) async throws {
        var tuning = QueueTuning()
        tuning.payloadBytesMax = 10
        try await withContractQueue(world, tuning: tuning) { contract in
            let large = try newJob("a", bytes: 11)
            await #expect(
                throws: QueueError.payloadTooLarge(id: large.id, bytes: 11, limit: 10)
            ) {
                try await contract.queue.enqueue([large], call: try EnqueueCallID("large"))
            }
            var broken = try newJob("b")
            broken.kind = "a b"
            let strange = broken
            await #expect(throws: QueueError.refused(reason: "the job's kind is no identifier")) {
                try await contract.queue.enqueue([strange], call: try EnqueueCallID("strange"))
            }
            #expect(try await contract.total() == 0)
        }
    }

    @Test(
        "a compressed payload goes through every place whole",
        arguments: ContractWorld.allCases
    )
    func compressed(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let large = try newJob("a", bytes: 100_000, limit: "agent:1")
            let other = try newJob("b", bytes: 5_000)
            #expect(try await contract.add(large) == .queued)
            #expect(try await contract.add(other) == .queued)
            let batch = try #require(try await contract.turn(1).batch)
            let retry = batch.settled(.retry(after: .zero, reason: "again"))
            let again = try #require(try await contract.turn(2, settling: retry).batch)
            #expect(again.jobs.allSatisfy { $0.encoding == .deflate && $0.attempt == 2 })
            let sizes = try again.jobs.map { try $0.arguments().count }
            #expect(sizes.sorted() == [5_000, 100_000])
            _ = try await contract.turn(3, settling: again.settled(.dead(reason: "x")))
            let dead = try await contract.queue.jobs(in: .dead, after: nil, limit: 10).jobs
            #expect(try dead.map { try $0.job.arguments().count }.sorted() == [5_000, 100_000])
        }
    }

    @Test("a bare object pushed by hand runs, once", arguments: ContractWorld.allCases)
    func handPushed(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let text = #"{"type":"sync","args":{"list":[],"id":12345678901234567890}}"#
            try await contract.pushByHand(text, .hi)
            let batch = try #require(try await contract.turn(1).batch)
            let job = batch.jobs[0]
            #expect(job.kind == "sync")
            #expect(job.lane == .hi)
            #expect(job.id.text == "hand-\(batch.fence)-0")
            let args = String(decoding: job.payload, as: UTF8.self)
            #expect(args == #"{"list":[],"id":12345678901234567890}"#)
            // Its first worker goes without a word: the id stays, so it takes effect once.
            _ = try await contract.queue.reap(limit: 10)
            try await contract.advance(.seconds(9))
            _ = try await contract.queue.reap(limit: 10)
            for _ in 0..<3 {
                try await contract.advance(.seconds(9))
                _ = try await contract.queue.reap(limit: 10)
            }
            let solo = try #require(
                try await contract.turn(1, worker: "v", isIdle: true).batch
            )
            #expect(solo.reference.isSolo)
            #expect(solo.jobs[0].id == job.id)
            #expect(solo.fence > batch.fence)
        }
    }

    @Test(
        "garbage goes to dead whole, with its reason, and stops nobody",
        arguments: ContractWorld.allCases
    )
    func garbage(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let garbage = [
                ("nonsense", "neither an envelope nor a JSON object"),
                (#"{"args":{}}"#, "type is missing or malformed"),
                (#"{"type":"sync","args":3}"#, "args is not an object"),
                (#"{"type":"sync","x":3}"#, "member other than type and args"),
            ]
            for (text, _) in garbage { try await contract.pushByHand(text, .std) }
            try await contract.add("good")
            let batch = try #require(try await contract.turn(1).batch)
            #expect(batch.names == ["good"])
            let page = try await contract.queue.jobs(in: .dead, after: nil, limit: 10)
            let found = Dictionary(
                uniqueKeysWithValues: page.jobs.map {
                    (String(decoding: $0.job.payload, as: UTF8.self), $0.reason ?? "")
                }
            )
            #expect(found == Dictionary(uniqueKeysWithValues: garbage))
        }
    }

    @Test(
        "what only begins like an envelope is settled as dead by its worker, whole",
        arguments: ContractWorld.allCases
    )
    func spoiltEnvelope(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            let text = "v1|1|1|0|named|1|std||sync|9|0|raw||short"
            try await contract.pushByHand(text, .std)
            try await contract.add("good")
            let batch = try #require(try await contract.turn(1).batch)
            let name = "garbage-\(batch.fence)-0"
            #expect(batch.names == [name, "good"])
            let defect = try #require(batch.jobs[0].defect)
            let slots = [
                Settlement.Slot(
                    position: 0,
                    id: batch.jobs[0].id,
                    outcome: .dead(reason: defect)
                ),
                Settlement.Slot(position: 1, id: batch.jobs[1].id, outcome: .done),
            ]
            let settlement = Settlement(batch: batch.reference, slots: slots)
            #expect(try await contract.turn(2, settling: settlement, limit: 0).settled == .settled)
            let page = try await contract.queue.jobs(in: .dead, after: nil, limit: 10)
            #expect(page.jobs.map(\.job.id.text) == [name])
            #expect(page.jobs.map(\.job.payload) == [Array(text.utf8)])
            #expect(page.jobs.map(\.reason) == ["malformed envelope"])
            #expect(try await contract.queue.figures().running == 0)
        }
    }

    @Test(
        "what only begins like an envelope goes to dead when its worker dies",
        arguments: ContractWorld.allCases
    )
    func spoiltEnvelopeReaped(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.pushByHand("v1|broken", .std)
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.queue.reap(limit: 10)
            for _ in 0..<4 {
                try await contract.advance(.seconds(9))
                _ = try await contract.queue.reap(limit: 10)
            }
            let page = try await contract.queue.jobs(in: .dead, after: nil, limit: 10)
            #expect(page.jobs.map(\.job.id.text) == ["garbage-\(batch.fence)-0"])
            #expect(try await contract.queue.figures().suspects == 0)
        }
    }

    @Test("a batch settled as a whole is gone, once", arguments: ContractWorld.allCases)
    func whole(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            for name in ["a", "b", "c"] { try await contract.add(name) }
            let batch = try #require(try await contract.turn(1).batch)
            let slots = batch.jobs.enumerated()
                .map { Settlement.Slot(position: $0, id: $1.id, outcome: .done) }
            var settlement = Settlement(
                batch: batch.reference,
                slots: slots,
                wholeFence: batch.fence + 1
            )
            #expect(try await contract.turn(2, settling: settlement, limit: 0).settled == .lost)
            settlement.wholeFence = batch.fence
            #expect(try await contract.turn(3, settling: settlement, limit: 0).settled == .settled)
            let again = try await contract.turn(4, settling: settlement, limit: 0)
            #expect(again.settled == .alreadySettled)
            let figures = try await contract.queue.figures()
            #expect(figures.running == 0)
            #expect(figures.counters.succeeded == 3)
        }
    }
}
