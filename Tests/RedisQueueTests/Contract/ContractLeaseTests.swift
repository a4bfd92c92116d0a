import JobQueue
import TestSupport
import Testing

@Suite("Contract: leases and administration")
struct ContractLeaseTests {
    @Test(
        "a worker that is gone loses its batch, and its jobs run alone",
        arguments: ContractWorld.allCases
    )
    func reap(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a", "b")
            let batch = try #require(try await contract.turn(1).batch)
            let report = try await contract.outliveLease()
            #expect(report == ReapReport(batches: 1, suspects: 2, dead: 0, isGrace: false))
            let late = try await contract.turn(2, settling: batch.settled(.done), limit: 0)
            #expect(late.settled == .lost)
            #expect(late.suspects == 2)
            #expect(try await contract.beat([batch.reference]).lost == [batch.reference])
            // One that is busy gets no suspect, an idle one gets one at a time.
            #expect(try await contract.turn(3).batch == nil)
            let solo = try #require(try await contract.turn(4, isIdle: true).batch)
            #expect(solo.reference.isSolo)
            #expect(solo.names == ["a"])
            #expect(solo.jobs[0].attempt == 1)
            #expect(solo.jobs[0].crashes == 0)
        }
    }

    @Test(
        "a job that kills its worker three times alone is dead",
        arguments: ContractWorld.allCases
    )
    func killer(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("killer", unique: "u"))
            _ = try await contract.turn(1)
            #expect(try await contract.outliveLease().suspects == 1)
            for crash in 1...3 {
                let solo = try #require(
                    try await contract.turn(1, worker: "w-\(crash)", isIdle: true).batch
                )
                #expect(solo.jobs[0].crashes == crash - 1)
                #expect(try await contract.outliveLease().dead == (crash == 3 ? 1 : 0))
            }
            let record = try await contract.queue.job(try JobID("killer"))
            #expect(record?.state == .dead)
            #expect(record?.reason == "crashed worker")
            #expect(try await contract.add(newJob("next", unique: "u")) == .queued)
        }
    }

    @Test("when everybody was away nothing is reaped at first", arguments: ContractWorld.allCases)
    func grace(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.queue.reap(limit: 10)
            try await contract.add("a")
            let batch = try #require(try await contract.turn(1).batch)
            try await contract.advance(.seconds(3600))
            let first = try await contract.queue.reap(limit: 10)
            #expect(first == ReapReport(batches: 0, suspects: 0, dead: 0, isGrace: true))
            #expect(try await contract.beat([batch.reference]).remaining == [1])
            // A clock that goes back does not make a lease longer than a lease.
            try await contract.advance(.seconds(-1000))
            let report = try await contract.outliveLease()
            #expect(report.suspects == 1)
        }
    }

    @Test("beats keep a batch alive", arguments: ContractWorld.allCases)
    func beats(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            let batch = try #require(try await contract.turn(1).batch)
            for _ in 0..<10 {
                try await contract.advance(.seconds(9))
                #expect(try await contract.beat([batch.reference]).lost.isEmpty)
                #expect(try await contract.queue.reap(limit: 10).batches == 0)
            }
            let workers = try await contract.queue.workers()
            #expect(workers.map(\.presence.worker.text) == ["w"])
            #expect(workers.first?.presence.batches == [batch.reference])
            #expect(try await contract.queue.figures().slots == 4)
            try await contract.queue.leave(try WorkerID("w"))
            #expect(try await contract.queue.workers().isEmpty)
        }
    }

    @Test("old suspects make one worker fall idle", arguments: ContractWorld.allCases)
    func soloDuty(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            _ = try await contract.turn(1)
            _ = try await contract.outliveLease()
            try await contract.add("b", "c")
            #expect(try await contract.turn(2, limit: 1).isSoloWorker == false)
            try await contract.advance(.seconds(6))
            let busy = try await contract.turn(3, limit: 1)
            #expect(busy.isSoloWorker)
            #expect(busy.batch == nil)
            #expect(busy.oldestSuspectAge >= .seconds(6))
            // Others go on.
            let other = try await contract.turn(1, worker: "v", limit: 1)
            #expect(other.isSoloWorker == false)
            #expect(other.batch?.names == ["c"])
            try await contract.add("d")
            let solo = try #require(try await contract.turn(4, isIdle: true).batch)
            #expect(solo.names == ["a"])
            // Each suspect is followed by an ordinary batch.
            let next = try await contract.turn(5, settling: solo.settled(.done), isIdle: true)
            #expect(next.batch?.names == ["d"])
        }
    }

    @Test(
        "the duty of suspects stays with a worker that ends what it has in hand, while it lives",
        arguments: ContractWorld.allCases
    )
    func soloDutyLasts(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            _ = try await contract.turn(1)
            _ = try await contract.outliveLease()
            try await contract.advance(.seconds(6))
            #expect(try await contract.turn(2, limit: 1).isSoloWorker)
            // It has jobs of a minute in hand, and fetches nothing.
            for _ in 0..<9 {
                try await contract.advance(.seconds(9))
                _ = try await contract.beat([])
                _ = try await contract.queue.reap(limit: 5)
            }
            #expect(try await contract.turn(1, worker: "v", limit: 1).isSoloWorker == false)
            #expect(try await contract.turn(3, limit: 0).isSoloWorker)
            // While somebody else runs the last suspect, there is nothing to fall idle for.
            let solo = try #require(try await contract.turn(2, worker: "v", isIdle: true).batch)
            #expect(solo.reference.isSolo)
            #expect(try await contract.turn(4, limit: 0).isSoloWorker == false)
            // Given back untouched it waits to run alone again.
            let back = solo.settled(.release)
            _ = try await contract.turn(3, worker: "v", settling: back, limit: 0)
            #expect(try await contract.turn(5, limit: 0).isSoloWorker)
        }
        try await withContractQueue(world) { contract in
            try await contract.add("a")
            _ = try await contract.turn(1)
            _ = try await contract.outliveLease()
            try await contract.advance(.seconds(6))
            #expect(try await contract.turn(2, limit: 1).isSoloWorker)
            _ = try await contract.beat([])
            // It dies: another one takes the duty once that is seen, not only when it ends.
            for _ in 0..<4 {
                try await contract.advance(.seconds(8))
                _ = try await contract.queue.reap(limit: 5)
            }
            #expect(try await contract.turn(2, worker: "v", limit: 1).isSoloWorker)
            // Nor does a clock that goes back leave it to somebody for longer.
            try await contract.advance(.seconds(-3600))
            _ = try await contract.queue.reap(limit: 5)
            #expect(try await contract.queue.situation().soloWorker == nil)
        }
    }

    @Test("cancelling ends jobs wherever they are", arguments: ContractWorld.allCases)
    func cancel(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            try await contract.add("running")
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.add(newJob("waiting", unique: "u1"))
            _ = try await contract.add(newJob("parked", unique: "u2", delay: .seconds(60)))
            let ids = try ["running", "waiting", "parked"].map { try JobID($0) }
            #expect(try await contract.queue.cancel(ids, by: "ann") == 3)
            #expect(try await contract.queue.figures().later == 0)
            #expect(try await contract.beat([batch.reference]).cancelled == [ids[0]])
            #expect(try await contract.turn(2).batch == nil)
            let end = batch.settled(.discard(reason: "cancelled"))
            _ = try await contract.turn(3, settling: end)
            #expect(try await contract.beat([]).cancelled.isEmpty)
            #expect(try await contract.total() == 0)
            #expect(try await contract.queue.figures().counters.discarded == 3)
            #expect(try await contract.add(newJob("x", unique: "u1")) == .queued)
            #expect(try await contract.add(newJob("y", unique: "u2")) == .queued)
        }
    }

    @Test("dead jobs are shown, run again and discarded", arguments: ContractWorld.allCases)
    func dead(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("a", unique: "u"))
            try await contract.add("b")
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.turn(2, settling: batch.settled(.dead(reason: "so")))
            let page = try await contract.queue.jobs(in: .dead, after: nil, limit: 10)
            #expect(page.jobs.map(\.job.id.text) == ["a", "b"])
            #expect(page.jobs.map(\.reason) == ["so", "so"])
            #expect(page.next == nil)
            _ = try await contract.add(newJob("c", unique: "u"))
            let ids = try ["a", "b", "none"].map { try JobID($0) }
            let answers = try await contract.queue.retryDead(ids)
            #expect(answers == [.held(by: try JobID("c")), .queued, .notFound])
            #expect(try await contract.queue.discardDead(ids) == 1)
            #expect(try await contract.turn(3).batch?.names == ["c", "b"])
        }
    }

    @Test("dead is trimmed by number and by age", arguments: ContractWorld.allCases)
    func trim(world: ContractWorld) async throws {
        var tuning = QueueTuning()
        tuning.deadMax = 3
        tuning.deadAge = .seconds(100)
        try await withContractQueue(world, tuning: tuning) { contract in
            for index in 0..<5 {
                try await contract.add("job-\(index)")
                let batch = try #require(try await contract.turn(2 * index + 1).batch)
                let end = batch.settled(.dead(reason: "x"))
                _ = try await contract.turn(2 * index + 2, settling: end)
                try await contract.advance(.seconds(1))
            }
            let page = try await contract.queue.jobs(in: .dead, after: nil, limit: 10)
            #expect(page.jobs.map(\.job.id.text) == ["job-2", "job-3", "job-4"])
            try await contract.advance(.seconds(101))
            try await contract.add("job-5")
            let batch = try #require(try await contract.turn(20).batch)
            _ = try await contract.turn(21, settling: batch.settled(.dead(reason: "x")))
            #expect(try await contract.queue.figures().dead == 1)
        }
    }

    @Test("the worker whose commit won removes the other copy", arguments: ContractWorld.allCases)
    func forget(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            _ = try await contract.add(newJob("a", unique: "u", delay: .seconds(60)))
            try await contract.add("b")
            let batch = try #require(try await contract.turn(1).batch)
            _ = try await contract.turn(2, settling: batch.settled(.dead(reason: "x")))
            try await contract.queue.forget([try JobID("a"), try JobID("b")])
            #expect(try await contract.total() == 0)
            #expect(try await contract.add(newJob("c", unique: "u")) == .queued)
        }
    }

    @Test("pages walk every job once", arguments: ContractWorld.allCases)
    func pages(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            var jobs: [NewJob] = []
            for index in 0..<30 {
                jobs.append(try newJob("r-\(index)", lane: Lane.allCases[index % 3]))
                jobs.append(try newJob("p-\(index)", delay: .seconds(100)))
            }
            _ = try await contract.queue.enqueue(jobs, call: try EnqueueCallID("all"))
            let batch = try #require(try await contract.turn(1, limit: 6).batch)
            for (state, count) in [(JobState.ready, 24), (.later, 30), (.running, 6), (.dead, 0)] {
                var names: [String] = []
                var cursor: JobCursor?
                repeat {
                    let page = try await contract.queue.jobs(in: state, after: cursor, limit: 7)
                    names += page.jobs.map(\.job.id.text)
                    cursor = page.next
                } while cursor != nil
                #expect(names.count == count, "\(state)")
                #expect(Set(names).count == count, "\(state)")
            }
            let record = try await contract.queue.job(batch.jobs[0].id)
            #expect(record?.state == .running)
            #expect(record?.batch == batch.reference)
            #expect(try await contract.queue.job(try JobID("p-3"))?.state == .later)
            #expect(try await contract.queue.job(try JobID("r-29"))?.state == .ready)
            #expect(try await contract.queue.job(try JobID("none")) == nil)
        }
    }

    @Test("figures tell how long the first has waited", arguments: ContractWorld.allCases)
    func figures(world: ContractWorld) async throws {
        try await withContractQueue(world) { contract in
            #expect(try await contract.queue.figures().oldestReady == nil)
            try await contract.add("a")
            try await contract.advance(.seconds(5))
            try await contract.add("b", lane: .low)
            let figures = try await contract.queue.figures()
            let oldest = try #require(figures.oldestReady)
            let first = try #require(try await contract.queue.job(try JobID("a")))
            let waited = figures.nowMilliseconds - first.job.readyMilliseconds
            #expect(oldest == .milliseconds(waited))
            #expect(oldest >= .seconds(5))
            #expect(figures.ready == [.hi: 0, .std: 1, .low: 1])
            #expect(figures.counters.enqueued == 2)
        }
    }
}

extension ContractQueue {
    /// Lets a lease run out while somebody keeps looking, and returns what was taken back.
    fileprivate func outliveLease() async throws -> ReapReport {
        _ = try await queue.reap(limit: 10)
        var report = ReapReport(batches: 0, suspects: 0, dead: 0, isGrace: false)
        for _ in 0..<5 {
            try await advance(.seconds(8))
            report = try await queue.reap(limit: 10)
            if report.batches > 0 { break }
        }
        return report
    }
}
