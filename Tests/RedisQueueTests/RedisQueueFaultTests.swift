import Ambient
import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// What only a real server does: run full, forget scripts, refuse rights.
///
/// All of these servers run without persistence.
@Suite("Queue on Redis: faults")
struct RedisQueueFaultTests {
    @Test("a full server refuses producers, and everything else goes on")
    func full() async throws {
        var options = PrivateRedisOptions()
        options.memoryMaxBytes = 100 * 1024 * 1024
        let server = try await PrivateRedis.start(options)
        try await withQueue(on: server) { queue, client in
            let jobs = try (0..<6).map { try newJob("job-\($0)") }
            _ = try await queue.enqueue(jobs, call: try EnqueueCallID("before"))
            let batch = try #require(try await queue.turn(request(1, nil, limit: 3)).batch)
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))

            // What was measured before is good for a second, and forgotten here.
            _ = try await client.send(RedisCommand("HDEL", queue.keys.control, "memoryAt"))

            // The marks hold before the server does; only what passes them learns that it is full.
            await #expect(throws: QueueError.overloaded(lane: .std, retryAfter: .seconds(5))) {
                try await queue.enqueue([newJob("late")], call: try EnqueueCallID("late"))
            }
            let urgent = try newJob("urgent", lane: .hi)
            await #expect(throws: QueueError.full) {
                try await queue.enqueue([urgent], call: try EnqueueCallID("urgent"))
            }
            await #expect(throws: QueueError.full) {
                try await queue.fire(
                    Tick(schedule: "poll", instantMilliseconds: 1, job: urgent)
                )
            }
            #expect(try await queue.lastTick(ofSchedule: "poll") == nil)
            _ = try await queue.reap(limit: 1)
            // Three lost leases' worth of beats: the batch must live.
            let contract = ContractQueue(queue: queue, advance: { _ in }, pushByHand: { _, _ in })
            #expect(try await contract.beat([batch.reference]).lost.isEmpty)
            let outcomes: [Outcome] = [
                .done, .retry(after: .zero, reason: "again"), .dead(reason: "never"),
            ]
            let settlement = Settlement(
                batch: batch.reference,
                slots: batch.jobs.indices.map {
                    .init(position: $0, id: batch.jobs[$0].id, outcome: outcomes[$0])
                }
            )
            let next = try await queue.turn(request(2, settlement))
            #expect(next.settled == .settled)
            let rest = try #require(next.batch)
            #expect(rest.jobs.count == 4)
            try await queue.pause(by: "ann", reason: "full")
            _ = try await queue.resume(by: "ann")
            _ = try await queue.turn(request(3, rest.settled(.done)))
            #expect(try await queue.discardDead([batch.jobs[2].id]) == 1)
            let figures = try await queue.figures()
            #expect(figures.counters.succeeded == 5)
            #expect(figures.running + figures.later + figures.dead == 0)
        }
    }

    @Test("jobs of limit keys drain while the server is full, and their limits hold")
    func fullWithLimits() async throws {
        var options = PrivateRedisOptions()
        options.memoryMaxBytes = 100 * 1024 * 1024
        let server = try await PrivateRedis.start(options)
        try await withQueue(on: server) { queue, client in
            let key = try LimitKey("upstream:x")
            let jobs = try (0..<6).map { try newJob("job-\($0)", limit: key.text) }
            _ = try await queue.enqueue(jobs, call: try EnqueueCallID("before"))
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            try await queue.setLimit(key, LimitSettings(concurrency: 2))
            let first = try #require(try await queue.turn(request(1, nil)).batch)
            #expect(first.jobs.count == 2)
            let outcomes: [Outcome] = [
                .rest(after: .milliseconds(1), reason: "429"), .retry(after: .zero, reason: "x"),
            ]
            let settlement = Settlement(
                batch: first.reference,
                slots: first.jobs.indices.map {
                    .init(position: $0, id: first.jobs[$0].id, outcome: outcomes[$0])
                }
            )
            var reply = try await queue.turn(request(2, settlement))
            #expect(reply.batch == nil)
            var done = 0
            // The rest of a millisecond ends by the server's clock.
            for number in 3..<5000 where done < 6 {
                guard let batch = reply.batch else {
                    reply = try await queue.turn(request(number, nil))
                    continue
                }
                #expect(batch.jobs.count <= 2)
                done += batch.jobs.count
                reply = try await queue.turn(request(number, batch.settled(.done)))
            }
            #expect(done == 6)
            _ = try await queue.reap(limit: 5)
            let figures = try await queue.figures()
            #expect(figures.running + figures.later + figures.suspects == 0)
            #expect(try await queue.limits().first?.running == 0)
        }
    }

    @Test("a key that has no settings is forgotten a day after its upstream's rest")
    func forgottenTrial() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, client in
            for (name, settings) in [
                ("upstream:bare", nil), ("upstream:set", LimitSettings(concurrency: 2)),
            ] {
                let key = try LimitKey(name)
                if let settings { try await queue.setLimit(key, settings) }
                let call = try EnqueueCallID(name)
                _ = try await queue.enqueue([try newJob(name, limit: name)], call: call)
            }
            let batch = try #require(try await queue.turn(request(1, nil)).batch)
            let rest = batch.settled(.rest(after: .seconds(10), reason: "429"))
            _ = try await queue.turn(request(2, rest))
            func life(_ name: String) async throws -> Int64 {
                let key = queue.keys.leases.replacing("lease", with: "limit:\(name)")
                guard case .integer(let life) = try await client.send(RedisCommand("PTTL", key))
                else { return 0 }
                return life
            }
            let bare = try await life("upstream:bare")
            #expect((86_300_000...86_410_000).contains(bare))
            #expect(try await life("upstream:set") == -1)
            #expect(try await queue.limit(of: try LimitKey("upstream:bare")).isOnTrial)
            // Settings of its own keep it.
            try await queue.setLimit(try LimitKey("upstream:bare"), LimitSettings(concurrency: 3))
            #expect(try await life("upstream:bare") == -1)
        }
    }

    @Test("a limit key's count is repaired when its batches are gone")
    func repairedCount() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, client in
            let key = try LimitKey("agent:1")
            try await queue.setLimit(key, LimitSettings(concurrency: 1))
            let jobs = try ["a", "b"].map { try newJob($0, limit: key.text) }
            _ = try await queue.enqueue(jobs, call: try EnqueueCallID("both"))
            let batch = try #require(try await queue.turn(request(1, nil)).batch)
            #expect(batch.names == ["a"])
            // Somebody removes the batch by hand.
            _ = try await client.send(RedisCommand("DEL", queue.keys.run(batch.reference)))
            _ = try await client.send(RedisCommand("DEL", queue.keys.leases))
            try await queue.setLimit(key, LimitSettings(concurrency: 1))
            #expect(try await queue.turn(request(2, nil)).batch?.names == ["b"])
        }
    }

    @Test("producers slow down and are refused by the server's memory, too")
    func memoryPressure() async throws {
        var options = PrivateRedisOptions()
        options.memoryMaxBytes = 400 * 1024 * 1024
        let server = try await PrivateRedis.start(options)
        try await withQueue(on: server) { queue, _ in
            let used = try await queue.pressure(setting: [:]).memoryPercent
            func answer(_ lane: Lane, _ name: String) async throws -> EnqueueReply {
                try await queue.enqueue(
                    [newJob(name, lane: lane)],
                    call: try EnqueueCallID(name)
                )
            }
            #expect(try await answer(.low, "free").slowDown == nil)
            _ = try await queue.pressure(setting: [
                .softMemory: used, .hardMemory: 100, .lastMemory: 100,
            ])
            #expect(try await answer(.low, "soft").slowDown != nil)
            _ = try await queue.pressure(setting: [.hardMemory: used])
            let refusal = QueueError.overloaded(lane: .low, retryAfter: .seconds(5))
            await #expect(throws: refusal) { try await answer(.low, "hard") }
            #expect(try await answer(.std, "hard-std").slowDown != nil)
            _ = try await queue.pressure(setting: [.lastMemory: used])
            await #expect(throws: QueueError.self) { try await answer(.std, "last") }
            #expect(try await answer(.hi, "last-hi").answers == [.queued])
        }
    }

    @Test("a beat that the server refuses for lack of replicas is repeated, and ends no worker")
    func withoutReplicas() async throws {
        try await withQueue(on: try await PrivateRedis.start()) { queue, client in
            try await queue.prepare()
            _ = try await client.send(RedisCommand("CONFIG", "SET", "min-replicas-to-write", "1"))
            let call = try EnqueueCallID("refused")
            await #expect {
                try await queue.enqueue([newJob("refused")], call: call)
            } throws: { error in
                guard case .unavailable? = error as? QueueError else { return false }
                return true
            }
            let presence = Presence(
                worker: try WorkerID("w"),
                host: "host",
                processID: 7,
                version: "1",
                startedMilliseconds: 1,
                slots: 4,
                busy: 0,
                batches: []
            )
            let answers = AsyncStream<BeatAnswer>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await queue.keepAlive(every: .milliseconds(1)) {
                        presence
                    } answer: {
                        answers.continuation.yield($0)
                    }
                }
                try await Self.refusals(of: client, atLeast: 10)
                _ = try await client.send(
                    RedisCommand("CONFIG", "SET", "min-replicas-to-write", "0")
                )
                for await _ in answers.stream { break }
                group.cancelAll()
                await #expect(throws: QueueError.cancelled) { try await group.waitForAll() }
            }
        }
    }

    /// Waits until the server has refused so many commands for lack of replicas.
    private static func refusals(of client: RedisClient, atLeast count: Int) async throws {
        let isReached = try await eventually(within: .seconds(30), every: .milliseconds(5)) {
            let reply = try await client.send(RedisCommand("INFO", "errorstats"))
            guard case .bytes(let bytes) = reply else { throw QueueError.cancelled }
            let text = String(decoding: bytes, as: UTF8.self)
            let found = text.split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("errorstat_NOREPLICAS:count=") }
                .flatMap { Int($0.drop { $0 != "=" }.dropFirst()) }
            return found ?? 0 >= count
        }
        try #require(isReached, "no beat was refused")
    }

    @Test("a server that forgot its scripts is given them again")
    func scriptFlush() async throws {
        try await withQueue(on: try await PrivateRedis.start()) { queue, client in
            for number in 1...3 {
                _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
                let call = try EnqueueCallID("call-\(number)")
                _ = try await queue.enqueue([newJob("job-\(number)")], call: call)
                _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
                let batch = try #require(try await queue.turn(request(2 * number, nil)).batch)
                let settled = try await queue.turn(
                    request(2 * number + 1, batch.settled(.done))
                )
                #expect(settled.settled == .settled)
            }
        }
    }

    @Test("connections that are killed between calls cost nothing")
    func killedConnections() async throws {
        let server = try await PrivateRedis.start()
        try await withQueue(on: server) { queue, _ in
            try await withRedisClient(server) { killer in
                for number in 1...5 {
                    let call = try EnqueueCallID("call-\(number)")
                    _ = try await queue.enqueue([newJob("job-\(number)")], call: call)
                    let kill = RedisCommand(
                        "CLIENT",
                        "KILL",
                        "TYPE",
                        "normal",
                        "SKIPME",
                        "yes"
                    )
                    _ = try await killer.send(kill)
                }
            }
            #expect(try await queue.turn(request(1, nil)).batch?.jobs.count == 5)
        }
    }

    @Test("keys of a newer layout are left alone")
    func layout() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, client in
            try await queue.prepare()
            _ = try await client.send(RedisCommand("HSET", queue.keys.control, "layout", "7"))
            let error = QueueError.layoutTooNew(found: 7, known: QueueScripts.layout)
            await #expect(throws: error) {
                try await queue.enqueue([newJob("a")], call: try EnqueueCallID("a"))
            }
            await #expect(throws: error) { try await queue.turn(request(1, nil)) }
            await #expect(throws: error) { try await queue.figures() }
            await #expect(throws: error) { try await queue.prepare() }
        }
    }

    @Test("unique keys and remembered calls end by themselves")
    func lives() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, client in
            var job = try newJob("a", unique: "u", delay: .seconds(100))
            job.uniqueHorizon = .seconds(1000)
            _ = try await queue.enqueue([job], call: try EnqueueCallID("call"))
            let unique = queue.keys.unique(try UniqueKey("u"))
            let call = queue.keys.call(try EnqueueCallID("call"))
            #expect(try await Self.life(unique, client) == 1_100_000)
            #expect(try await Self.life(call, client) == 300_000)
            _ = try await queue.runNow([job.id])
            let batch = try #require(try await queue.turn(request(1, nil)).batch)
            let retry = batch.settled(.retry(after: .seconds(50), reason: "x"))
            _ = try await queue.turn(request(2, retry))
            #expect(try await Self.life(unique, client) == 1_050_000)
        }
    }

    /// The life that a key was given, to the nearest ten seconds: some has passed since.
    private static func life(_ key: String, _ client: RedisClient) async throws -> Int64 {
        guard case .integer(let rest) = try await client.send(RedisCommand("PTTL", key)) else {
            return -1
        }
        return (rest + 9_999) / 10_000 * 10_000
    }

    @Test("a key of a wrong type stops a turn before it writes")
    func wrongType() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, client in
            _ = try await queue.enqueue([newJob("a")], call: try EnqueueCallID("a"))
            let batch = try #require(try await queue.turn(request(1, nil)).batch)
            _ = try await client.send(RedisCommand("SET", queue.keys.ready(.low), "x"))
            await #expect(throws: QueueError.self) {
                try await queue.turn(request(2, batch.settled(.done)))
            }
            _ = try await client.send(RedisCommand("DEL", queue.keys.ready(.low)))
            let reply = try await queue.turn(request(2, batch.settled(.done)))
            #expect(reply.settled == .settled)
            #expect(try await queue.figures().counters.succeeded == 1)
        }
    }

    @Test("a payload of 64 MB pushed by hand goes to dead whole")
    func hugePayload() async throws {
        let server = try await PrivateRedis.start()
        try await withQueue(on: server) { queue, client in
            let size = 64 * 1024 * 1024
            let head = Array(#"{"type":"sync","args":{"x":""#.utf8)
            let body = head + Array(repeating: 0x78, count: size) + Array(#""}}"#.utf8)
            let key = Array(queue.keys.ready(.std).utf8)
            _ = try await client.send(RedisCommand([Array("LPUSH".utf8), key, body]))
            _ = try await queue.enqueue([newJob("good")], call: try EnqueueCallID("a"))
            #expect(try await queue.turn(request(1, nil)).batch?.names == ["good"])
            let page = try await queue.jobs(in: .dead, after: nil, limit: 1)
            #expect(page.jobs.first?.reason == "over the size limit")
            #expect(page.jobs.first?.job.payload.count == body.count)
        }
    }

    @Test("nobody does without the rights, and is told which to give")
    func rights() async throws {
        var options = PrivateRedisOptions()
        options.users = [
            "poor on >secret ~ringback:* +@read +@scripting +@connection +time +info +zrem",
            "good on >secret ~ringback:* +@read +@write +@scripting +@blocking +@connection "
                + "+time +info",
        ]
        let server = try await PrivateRedis.start(options)
        for (user, isFatal) in [("poor", true), ("good", false)] {
            try await withQueue(on: server, user: user) { queue, _ in
                let findings = try await queue.check()
                #expect(findings.contains { $0.isFatal } == isFatal, "\(user): \(findings)")
                // This server keeps no file, and is not silent about it.
                #expect(findings.contains { $0.message.contains("append-only") })
            }
        }
    }

    @Test(
        "a missing right is named, with what gives it",
        arguments: [
            ("+@all -hset -lset", "run LSET, HSET", "+lset +hset"),
            ("+@all -blpop", "run BLPOP", "+blpop"),
            ("+@all -evalsha -eval", "run EVALSHA", "+evalsha"),
            ("+@all -scan", "run SCAN", "+scan"),
        ]
    )
    func missingRight(rights: String, message: String, fix: String) async throws {
        var options = PrivateRedisOptions()
        options.users = ["user on >secret ~ringback:* \(rights)"]
        let server = try await PrivateRedis.start(options)
        try await withQueue(on: server, user: "user") { queue, _ in
            let fatal = try await queue.check().filter(\.isFatal)
            #expect(fatal.count == 1, "\(fatal)")
            #expect(fatal.first?.message == "Redis does not let this user \(message)")
            #expect(fatal.first?.fix == "ACL SETUSER <user> \(fix)")
        }
    }

    @Test("a user who may not touch the keys is told which they are")
    func missingKeys() async throws {
        var options = PrivateRedisOptions()
        options.users = ["user on >secret ~other:* +@all"]
        let server = try await PrivateRedis.start(options)
        try await withQueue(on: server, user: "user") { queue, _ in
            let fatal = try await queue.check().filter(\.isFatal)
            #expect(fatal.map(\.fix) == ["ACL SETUSER <user> ~ringback:*"], "\(fatal)")
        }
    }

    @Test("many producers at once are served by few calls, each with its own answer")
    func coalescing() async throws {
        let server = try await PrivateRedis.start()
        try await withQueue(on: server) { queue, client in
            let answers = try await withThrowingTaskGroup(of: EnqueueAnswer.self) { group in
                for index in 0..<1000 {
                    group.addTask {
                        let job = try newJob("job-\(index)", unique: "u-\(index % 500)")
                        let call = try EnqueueCallID("call-\(index)")
                        return try await queue.enqueue([job], call: call)[0]
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0 == .queued } == 500)
            #expect(try await queue.figures().ready[.std] == 500)
            let script = try await client.send(RedisCommand("INFO", "commandstats"))
            guard case .bytes(let bytes) = script else {
                Issue.record("no statistics")
                return
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let line = text.split(separator: "\r\n").first { $0.contains("cmdstat_evalsha:") }
            let calls = line?.split(separator: "=").dropFirst().first?.prefix { $0.isNumber }
            #expect((calls.flatMap { Int($0) } ?? 1000) < 500)
        }
    }

    @Test("a cancelled producer does not take others with it")
    func cancelledLeader() async throws {
        try await withQueue(on: try await PrivateRedis.shared()) { queue, _ in
            for round in 0..<20 {
                let queued = await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        await withTaskGroup(of: Bool.self) { inner in
                            for index in 0..<10 {
                                inner.addTask { await Self.isQueued(queue, "c-\(round)-\(index)") }
                            }
                            inner.cancelAll()
                            return await inner.reduce(true) { result, _ in result }
                        }
                    }
                    for index in 0..<10 {
                        group.addTask { await Self.isQueued(queue, "job-\(round)-\(index)") }
                    }
                    return await group.reduce(true) { $0 && $1 }
                }
                #expect(queued, "round \(round)")
            }
        }
    }

    private static func isQueued(_ queue: RedisQueue, _ name: String) async -> Bool {
        do {
            return try await queue.enqueue([newJob(name)], call: try EnqueueCallID(name)).answers
                == [.queued]
        } catch {
            return false
        }
    }

    private func request(
        _ number: Int,
        _ settlement: Settlement?,
        limit: Int = 10
    ) throws -> TurnRequest {
        TurnRequest(
            worker: try WorkerID("w"),
            number: number,
            settlement: settlement,
            limit: limit,
            isIdle: false
        )
    }

    /// A queue under a name of its own, with the shipped scripts and the server's clock.
    private func withQueue(
        on server: PrivateRedis,
        user: String? = nil,
        _ body: (RedisQueue, RedisClient) async throws -> Void
    ) async throws {
        var configuration = RedisConfiguration(address: .unix(path: server.socketPath))
        configuration.user = user
        configuration.password = user == nil ? nil : "secret"
        try await withRedisClient(configuration) { client in
            try await withRedisQueue("faults-\(Ambient.live().newID())", on: client) { queue in
                try await body(queue, client)
            }
        }
    }
}
