import Ambient
import JobQueue
import JobWorker
import Synchronization
import TestSupport
import Testing

@Suite("Worker loop")
struct WorkerLoopTests {
    @Test("runs, commits and settles every job, in few calls", arguments: Seeds.first(20))
    func drains(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<2000).map { "job-\($0)" })
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 2000)
        #expect(stage.handler.runs.all.count == 2000)
        // Four jobs to find out how fast they are, then full batches.
        #expect(stage.ledger.commits.count <= 10)
        #expect(stage.queue.snapshot.counters.succeeded == 2000)
    }

    @Test("holds no more results than commits keep up with", arguments: Seeds.first(5))
    func waitsForCommits(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        stage.ledger.slowDown(to: .seconds(1))
        let held = Record<Int>()
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<20_000).map { "job-\($0)" })
            await stage.until {
                held.append(stage.handler.runs.all.count - stage.ledger.effects.count)
                return stage.isEmpty
            }
        }
        let limits = WorkerLimits()
        #expect(stage.ledger.effects.count == 20_000)
        // A commit under way, what waits for the next one, and what was fetched ahead.
        let most = 2 * limits.commitMax + 2 * limits.batchMax
        #expect(held.all.contains { $0 > limits.commitMax })
        #expect(held.all.allSatisfy { $0 <= most }, "\(held.all.max() ?? 0)")
        #expect(stage.ledger.commits.allSatisfy { $0.count <= limits.commitMax })
    }

    @Test("results of fast jobs share commits; those of slow jobs wait for none")
    func gathers() throws {
        let gathered = try commits(gatherFor: WorkerLimits().gatherFor, attempt: .microseconds(20))
        let single = try commits(gatherFor: .zero, attempt: .microseconds(20))
        #expect(gathered < single, "\(gathered) and \(single)")
        for attempt in [Duration.milliseconds(5), .milliseconds(60), .milliseconds(100)] {
            let slow = try commits(gatherFor: WorkerLimits().gatherFor, attempt: attempt)
            let slowSingle = try commits(gatherFor: .zero, attempt: attempt)
            #expect(slow == slowSingle)
        }
    }

    @Test(
        "results that gathered are committed in time, however much passes between two looks",
        arguments: [300, 700, 850, 900, 950, 1500]
    )
    func gathersInTime(microsecondsPerLook: Int) throws {
        let simulation = Simulation(seed: 1)
        var stage = try Stage(simulation) { job, play in
            if job.id.text == "slow" { try await play.sleep(.seconds(40)) }
            return .done("effect")
        }
        let looks = Mutex(0)
        let steady = stage.ambient
        stage.workerAmbient = Ambient(
            clock: steady.clock,
            elapsed: {
                let count = looks.withLock { looks in
                    looks += 1
                    return looks
                }
                return steady.elapsed() + .microseconds(microsecondsPerLook) * count
            },
            now: steady.now,
            newID: steady.newID,
            chance: steady.chance
        )
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["fast-0"])
            await stage.until { stage.isEmpty }
            try await stage.enqueue(["slow"])
            for number in 1...10 {
                await stage.sleep(.seconds(2))
                try await stage.enqueue(["fast-\(number)"])
                await stage.sleep(.milliseconds(200))
                #expect(stage.ledger.effects.count == number + 1)
            }
            await stage.until { stage.isEmpty }
        }
    }

    /// Commits of a worker with 20,000 jobs that take so long, or 200 slow ones.
    private func commits(gatherFor: Duration, attempt: Duration) throws -> Int {
        let jobs = attempt < .milliseconds(1) ? 20_000 : 200
        let simulation = Simulation(seed: 1)
        var stage = try Stage(simulation) { _, play in
            try await play.sleep(attempt)
            return .done("effect")
        }
        stage.concurrency = 16
        stage.limits.gatherFor = gatherFor
        stage.ledger.slowDown(to: .microseconds(500))
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<jobs).map { "job-\($0)" })
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == jobs)
        return stage.ledger.commits.count
    }

    @Test("an idle worker wakes by the bell at once, and by the clock for parked jobs")
    func wakes() throws {
        let simulation = Simulation(seed: 1)
        let times = Record<Duration>()
        let stage = try Stage(simulation) { _, play in
            times.append(play.ambient.elapsed())
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            await stage.sleep(.seconds(100.5))
            try await stage.enqueue(["now"])
            try await stage.enqueue(["later"], delay: .seconds(30))
            await stage.until { stage.isEmpty }
        }
        let all = times.all
        #expect(all.count == 2)
        #expect(all.first == .seconds(100.5))
        #expect(all.last.map { $0 >= .seconds(130.5) && $0 < .seconds(130.6) } == true)
    }

    @Test("a live job begins at once while the low lane is full", arguments: Seeds.first(20))
    func livesBesideLow(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let starts = Record<Duration>()
        let stage = try Stage(simulation) { job, play in
            if job.lane == .low {
                try await play.sleep(.seconds(20))
            } else {
                starts.append(play.ambient.elapsed())
            }
            return .done("effect")
        }
        let calls = Record<Duration>()
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<100).map { "low-\($0)" }, lane: .low)
            for number in 0..<10 {
                await stage.sleep(.seconds(7))
                calls.append(stage.ambient.elapsed())
                try await stage.enqueue(["live-\(number)"])
            }
            await stage.until { stage.isEmpty }
        }
        #expect(starts.all.count == 10)
        for (start, call) in zip(starts.all, calls.all) { #expect(start - call < .seconds(1)) }
        #expect(stage.ledger.effects.count == 110)
    }

    @Test("an idle hour costs a few calls per second at most")
    func idles() throws {
        let simulation = Simulation(seed: 2)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        let calls = Counter()
        stage.queue.setFaults { call in
            if case .turn = call { calls.add() }
            return .none
        }
        try perform(stage, simulation) { stage in await stage.sleep(.seconds(3600)) }
        #expect(calls.value < 4000)
    }

    @Test("a job that the ledger has is settled without being run")
    func skipsFinished() throws {
        let simulation = Simulation(seed: 3)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a"])
            await stage.until { stage.isEmpty }
            try await stage.enqueue(["a", "b"])
            await stage.until { stage.isEmpty }
        }
        #expect(stage.handler.runs.all.map(\.text) == ["a", "b"])
        #expect(stage.ledger.effects.values.allSatisfy { $0 == 1 })
    }

    @Test("results of fast neighbours are settled within a second", arguments: Seeds.first(20))
    func settlesPartially(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let stage = try Stage(simulation) { job, play in
            if job.id.text == "slow" { try await play.sleep(.seconds(50)) }
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a", "slow", "b", "c"])
            await stage.sleep(.seconds(3))
            #expect(stage.queue.snapshot.counters.succeeded == 3)
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 4)
    }

    @Test("nothing is settled before its commit, and a full disk stops fetching alone")
    func waitsForDisk() throws {
        let simulation = Simulation(seed: 4)
        let stage = try Stage(simulation) { _, play in
            try await play.sleep(.milliseconds(100))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<40).map { "job-\($0)" })
            stage.ledger.goDown(until: .seconds(300))
            await stage.sleep(.seconds(290))
            #expect(stage.queue.snapshot.counters.succeeded == 0)
            #expect(stage.queue.snapshot.counters.reaped == 0)
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 40)
        // Backed off to at most ten seconds: no storm against a full disk, no long sleep either.
        #expect((30..<100).contains(stage.ledger.attemptsWhileDown))
        #expect(stage.queue.snapshot.counters.failed == 0)
    }

    @Test("a ledger that can be read, and not written, is not taken for one that is back")
    func readOnlyLedger() throws {
        let simulation = Simulation(seed: 41)
        let stage = try Stage(simulation) { _, play in
            try await play.sleep(.milliseconds(100))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            stage.ledger.goDown(until: .seconds(300), readable: true)
            for number in 0..<100 {
                try await stage.enqueue(["job-\(number)"])
                await stage.sleep(.milliseconds(500))
            }
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 100)
        let told = stage.log.all.filter { $0.contains("committed") }
        #expect(told.count == 2, "\(told)")
        #expect((30..<100).contains(stage.ledger.attemptsWhileDown))
    }

    @Test("an attempt over its time is cancelled and tried again, its neighbours are not touched")
    func timesOut() throws {
        let simulation = Simulation(seed: 5)
        let policy = JobPolicy(
            retry: RetryPolicy(attemptsMax: 3, base: .seconds(1), cap: .seconds(2)),
            timeout: .seconds(20)
        )
        let stage = try Stage(simulation, policy: policy) { job, play in
            if job.id.text == "slow" { try await play.sleep(.seconds(500)) }
            try await play.sleep(.seconds(15))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a", "slow", "b"])
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 2)
        let dead = stage.queue.snapshot.dead
        #expect(dead.keys.map(\.text) == ["slow"])
        #expect(dead.values.first?.reason == "no end within 20.0 seconds")
        #expect(stage.handler.runs.all.count == 5)
        #expect(stage.errors.all.isEmpty)
    }

    @Test("a handler that does not end is given up: the rest goes back and the worker ends")
    func givesUpStuckHandlers() throws {
        let simulation = Simulation(seed: 6)
        let policy = JobPolicy(timeout: .seconds(20))
        let gate = Gate()
        let stage = try Stage(simulation, policy: policy) { job, play in
            if job.id.text == "stuck", job.attempt == 1 { await gate.wait() }
            return .done("effect")
        }
        let abandoned = Record<WorkerError>()
        let worker = try stage.worker("w-1") { error in
            abandoned.append(error)
            // A process would end here; in a test the handler comes loose instead.
            gate.open()
        }
        let error = #expect(throws: WorkerError.self) {
            try simulation.run(limit: .seconds(3600)) {
                try await stage.enqueue(["a", "stuck"])
                try await worker.run()
            }
        }
        let stuck = WorkerError.stuckHandlers(jobs: [try JobID("stuck")])
        #expect(error == stuck)
        #expect(abandoned.all == [stuck])
        #expect(stage.ledger.effects.keys.map(\.text) == ["a"])
        let model = stage.queue.snapshot
        #expect(model.parked.keys.map(\.text) == ["stuck"])
        #expect(model.parked.values.first?.job.attempt == 2)
        #expect(model.leases.isEmpty)
        #expect(simulation.clock.now.elapsed < .seconds(60))
    }

    @Test("a worker that its queue refuses ends also when a handler does not")
    func givesUpWhenRefused() throws {
        let simulation = Simulation(seed: 60)
        let gate = Gate()
        let stage = try Stage(simulation) { _, _ in
            await gate.wait()
            return .done("effect")
        }
        let abandoned = Record<WorkerError>()
        let worker = try stage.worker("w-1") { error in
            abandoned.append(error)
            // A process would end here; in a test the handler comes loose instead.
            gate.open()
        }
        let refusal = QueueError.layoutTooNew(found: 9, known: 1)
        let error = #expect(throws: WorkerError.self) {
            try simulation.run(limit: .seconds(3600)) {
                try await stage.enqueue(["stuck"])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await worker.run() }
                    group.addTask {
                        await stage.sleep(.seconds(20))
                        stage.queue.setFaults { call in
                            if case .beat = call { return .failBefore(refusal) }
                            return .none
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
        #expect(error == .queue(refusal))
        #expect(abandoned.all == [.queue(refusal)])
        #expect(simulation.clock.now.elapsed < .seconds(60))
    }

    @Test("a running job that somebody cancels ends within a beat and is discarded")
    func cancels() throws {
        let simulation = Simulation(seed: 7)
        let stage = try Stage(simulation) { _, play in
            try await play.sleep(.seconds(55))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a", "b", "c", "d", "e", "f"])
            await stage.sleep(.seconds(1))
            _ = try await stage.queue.cancel([JobID("a"), JobID("f")], by: "me")
            await stage.sleep(.seconds(7))
            #expect(stage.queue.snapshot.counters.discarded >= 1)
            await stage.until { stage.isEmpty }
        }
        #expect(Set(stage.ledger.effects.keys.map(\.text)) == ["b", "c", "d", "e"])
        #expect(stage.queue.snapshot.counters.discarded == 2)
        // Whoever keeps its jobs hears that it is over; the other one was removed at its fetch.
        #expect(stage.ledger.ended.map(\.text) == ["a"])
    }

    @Test("what a handler discards is over for whoever keeps its jobs")
    func discards() throws {
        let simulation = Simulation(seed: 70)
        let stage = try Stage(simulation) { job, _ in
            job.id.text == "a" ? .discard(reason: "nothing to do") : .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a", "b"])
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.ended.map(\.text) == ["a"])
        #expect(stage.ledger.effects.keys.map(\.text) == ["b"])
    }

    @Test("says once that its queue is paused, and once that it goes on")
    func tellsOfPauses() throws {
        let simulation = Simulation(seed: 71)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(stage, simulation) { stage in
            try await stage.queue.pause(by: "me", reason: "why not")
            try await stage.enqueue(["a"])
            await stage.sleep(.seconds(20))
            _ = try await stage.queue.resume(by: "me")
            await stage.until { stage.isEmpty }
        }
        let told = stage.log.all.filter { $0.contains("paused") || $0.contains("resumed;") }
        #expect(told.count == 2)
        #expect(told.first?.hasPrefix("queue is paused") == true)
        #expect(told.last?.hasPrefix("queue is resumed") == true)
    }

    @Test("tells of a grace after everybody was away")
    func tellsOfGrace() throws {
        let simulation = Simulation(seed: 72)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(stage, simulation) { stage in
            await stage.sleep(.seconds(10))
            let before = stage.log.all.count { $0.contains("leases last longer") }
            stage.queue.shiftClock(by: .seconds(60))
            await stage.sleep(.seconds(10))
            #expect(stage.log.all.count { $0.contains("leases last longer") } == before + 1)
        }
    }

    @Test("a graceful shutdown finishes what runs and hands back the rest at once")
    func shutsDown() throws {
        let simulation = Simulation(seed: 8)
        let policy = JobPolicy(timeout: .seconds(600))
        let stage = try Stage(simulation, policy: policy) { job, play in
            try await play.sleep(job.id.text == "long" ? .seconds(500) : .seconds(10))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["long", "a", "b", "c"])
            await stage.sleep(.seconds(5))
            try await stage.enqueue(["d", "e"])
        }
        #expect(stage.ledger.effects.keys.map(\.text).sorted() == ["a", "b", "c"])
        let model = stage.queue.snapshot
        // Released, not retried: the attempt does not count.
        #expect(model.counters.released == 1)
        #expect(model.counters.failed == 0)
        #expect(model.leases.isEmpty)
        #expect(model.presences.isEmpty)
        #expect(model.ready[.std]?.count == 3)
        #expect(stage.errors.all.isEmpty)
        #expect(simulation.clock.now.elapsed < .seconds(32))
    }

    @Test("an idle worker, which waits in the queue for the bell, ends at once")
    func shutsDownIdle() throws {
        let simulation = Simulation(seed: 8)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a"])
            await stage.sleep(.milliseconds(2300))
        }
        #expect(stage.ledger.effects.count == 1)
        #expect(stage.queue.snapshot.presences.isEmpty)
        #expect(simulation.clock.now.elapsed < .milliseconds(2400))
    }

    @Test("a paused queue is settled but not fetched from")
    func pauses() throws {
        let simulation = Simulation(seed: 9)
        let stage = try Stage(simulation) { _, play in
            try await play.sleep(.seconds(5))
            return .done("effect")
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<4).map { "early-\($0)" })
            await stage.sleep(.seconds(1))
            try await stage.queue.pause(by: "me", reason: "test")
            try await stage.enqueue((0..<4).map { "late-\($0)" })
            await stage.sleep(.seconds(60))
            #expect(stage.ledger.effects.count == 4)
            _ = try await stage.queue.resume(by: "me")
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.count == 8)
    }

    @Test("a worker goes on when the batch that its ledger failed at was lost")
    func losesWhatTheLedgerFailedAt() throws {
        let simulation = Simulation(seed: 1)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        stage.ledger.goDown(until: .seconds(90))
        stage.queue.setFaults { [ambient = stage.ambient] call in
            // No beat arrives for longer than a lease.
            guard case .beat = call, ambient.elapsed() < .seconds(60) else { return .none }
            return .failBefore(.unavailable(reason: "away"))
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["early"])
            await stage.until { stage.queue.snapshot.counters.reaped == 1 }
            try await stage.enqueue(["late"])
            await stage.until { stage.isEmpty }
        }
        #expect(stage.ledger.effects.values.sorted() == [1, 1])
        #expect(stage.errors.all.isEmpty)
    }

    @Test("the call whose reply was lost is repeated as it was", arguments: Seeds.first(20))
    func repeatsCalls(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let stage = try Stage(simulation) { _, play in
            try await play.sleep(.seconds(1))
            return .done("effect")
        }
        let requests = Record<TurnRequest>()
        let random = SharedRandom(seed: seed)
        stage.queue.setFaults { call in
            guard case .turn(let request) = call else { return .none }
            requests.append(request)
            return random.chance() < 0.5 ? .loseReply(.unavailable(reason: "lost")) : .none
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<30).map { "job-\($0)" })
            await stage.until { stage.isEmpty }
        }
        let byNumber = Dictionary(grouping: requests.all, by: \.number)
        #expect(byNumber.values.contains { $0.count > 1 })
        #expect(byNumber.values.allSatisfy { same in same.allSatisfy { $0 == same[0] } })
        #expect(stage.handler.runs.all.count == 30)
        #expect(stage.ledger.effects.values.allSatisfy { $0 == 1 })
        #expect(stage.queue.snapshot.counters.reaped == 0)
    }

    @Test("only the job that kills its process goes to dead", arguments: Seeds.first(30))
    func findsKillers(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let crashes = Record<Int>()
        let stage = try Stage(simulation) { job, play in
            if job.id.text == "killer" {
                play.deaths.kill(play.process)
                try await play.sleep(.seconds(1000))
            }
            crashes.append(job.crashes)
            try await play.sleep(.milliseconds(300))
            return .done("effect")
        }
        try simulation.run(limit: .seconds(4 * 3600)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<2 {
                    group.addTask { try await stage.supervise("w\(index)") { nil } }
                }
                group.addTask {
                    try await stage.enqueue((0..<6).map { "before-\($0)" } + ["killer"])
                    try await stage.enqueue((0..<30).map { "after-\($0)" })
                    await stage.until { stage.isEmpty }
                    stage.shutdown.trip()
                }
                try await group.waitForAll()
            }
        }
        let replay: Comment = "\(Seeds.replay(seed, filter: "WorkerLoopTests"))"
        let model = stage.queue.snapshot
        #expect(model.dead.keys.map(\.text) == ["killer"], replay)
        #expect(crashes.all.allSatisfy { $0 == 0 }, replay)
        #expect(stage.ledger.effects.count == 36, replay)
        #expect(stage.ledger.effects.values.allSatisfy { $0 == 1 }, replay)
    }

    @Test("who was cut off still offers its results, and whoever commits first wins")
    func zombiesOffer() throws {
        let simulation = Simulation(seed: 11)
        let stage = try Stage(simulation) { job, play in
            try await play.sleep(.seconds(45))
            return .done("effect")
        }
        // The first worker is cut off from the queue for longer than a lease.
        stage.queue.setFaults { call in
            let isFirst: Bool
            switch call {
            case .turn(let request): isFirst = request.worker.text == "w-1"
            case .beat(let worker): isFirst = worker.text == "w-1"
            default: isFirst = false
            }
            let now = simulation.clock.now.elapsed
            let isCut = isFirst && now > .seconds(1) && now < .seconds(80)
            return isCut ? .failBefore(.unavailable(reason: "cut")) : .none
        }
        let other = try stage.worker("other")
        try perform(stage, simulation) { stage in
            try await stage.enqueue(["a", "b"])
            await stage.sleep(.seconds(5))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await other.run() }
                await stage.until { stage.isEmpty }
                stage.shutdown.trip()
                try await group.waitForAll()
            }
        }
        #expect(stage.ledger.effects.count == 2)
        #expect(stage.ledger.effects.values.allSatisfy { $0 == 1 })
        #expect(stage.queue.snapshot.counters.reaped == 2)
        #expect(stage.queue.snapshot.dead.isEmpty)
    }

    @Test("a queue that refuses for good ends the worker")
    func endsWhenRefused() throws {
        let simulation = Simulation(seed: 12)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        stage.queue.setFaults { call in
            guard case .turn = call else { return .none }
            return .failBefore(.layoutTooNew(found: 9, known: 1))
        }
        let worker = try stage.worker("w-1")
        #expect(throws: WorkerError.queue(.layoutTooNew(found: 9, known: 1))) {
            try simulation.run { try await worker.run() }
        }
    }

    @Test("two queues with their workers do not disturb each other", arguments: Seeds.first(10))
    func twoQueues(seed: UInt64) throws {
        let simulation = Simulation(seed: seed)
        let ledger = FakeLedger(ambient: simulation.ambient())
        let stages = try ["sync", "export"].map { name in
            try Stage(simulation, queue: name, ledger: ledger) { _, play in
                try await play.sleep(.seconds(play.ambient.chance()))
                return .done("effect")
            }
        }
        try simulation.run(limit: .seconds(3600)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for stage in stages {
                    group.addTask { try await stage.process("w-\(stage.queue.name)", life: nil) }
                    group.addTask {
                        try await stage.enqueue((0..<50).map { "\(stage.queue.name)-\($0)" })
                        await stage.until { stage.isEmpty }
                        stage.shutdown.trip()
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(ledger.effects.count == 100)
        #expect(ledger.effects.values.allSatisfy { $0 == 1 })
    }

    @Test("jobs that run alone have batches and slots of their own")
    func runsAlone() throws {
        let simulation = Simulation(seed: 13)
        let policy = JobPolicy(timeout: .seconds(600), runsAlone: true)
        let stage = try Stage(simulation, policy: policy) { _, play in
            try await play.sleep(.seconds(10))
            return .done("effect")
        }
        let limits = Record<Int>()
        stage.queue.setFaults { call in
            if case .turn(let request) = call { limits.append(request.limit) }
            return .none
        }
        try perform(stage, simulation) { stage in
            try await stage.enqueue((0..<8).map { "job-\($0)" })
            await stage.until { stage.isEmpty }
        }
        #expect(limits.all.allSatisfy { $0 <= 1 })
        #expect(stage.ledger.commits.allSatisfy { $0.count <= 4 })
        // Four slots, eight jobs of ten seconds.
        #expect(simulation.clock.now.elapsed < .seconds(24))
    }
}

/// Counts calls.
private final class Counter: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    func add() {
        state.withLock { $0 += 1 }
    }
}

/// Holds those who wait, whatever happens to their tasks, until it is opened.
private final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
