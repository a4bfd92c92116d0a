import Ambient
import JobQueue
import Logging
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// What the network does to calls that the server has carried out.
///
/// Everything goes through a proxy that loses replies; `direct` looks from beside it. These servers
/// run without persistence: nothing kills them.
@Suite("Queue on Redis: lost replies")
struct LostReplyTests {
    @Test("of an enqueue: the same call again enters its jobs once")
    func enqueue() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            for number in 1...5 {
                proxy.plan(.isLost, ofCommandWith: "call-\(number)")
                let jobs = try (0..<3).map { try newJob("job-\(number)-\($0)") }
                let reply = try await queue.enqueue(
                    jobs,
                    call: try EnqueueCallID("call-\(number)")
                )
                #expect(reply.answers == [.queued, .queued, .queued])
                #expect(try await direct.figures().ready[.std] == 3 * number)
            }
            #expect(proxy.counts.lostReplies == 5)
            #expect(try await direct.figures().counters.enqueued == 15)
        }
    }

    @Test("of an enqueue with a unique key: the job itself does not count as another holder")
    func enqueueUnique() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            proxy.plan(.isLost, ofCommandWith: "call-1")
            let job = try newJob("job", unique: "one")
            let reply = try await queue.enqueue([job], call: try EnqueueCallID("call-1"))
            #expect(reply.answers == [.queued])
            #expect(proxy.counts.lostReplies == 1)
            #expect(try await direct.figures().ready[.std] == 1)
            let second = try newJob("second", unique: "one")
            let answers = try await queue.enqueue([second], call: try EnqueueCallID("call-2"))
            #expect(answers.answers == [.held(by: job.id)])
        }
    }

    @Test("of a tick: the instant fires once")
    func tick() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            proxy.plan(.isLost, ofCommandWith: "tick:poll")
            let answer = try await queue.fire(
                Tick(schedule: "poll", instantMilliseconds: 7, job: newJob("poll@7"))
            )
            #expect([.fired, .alreadyFired].contains(answer))
            #expect(proxy.counts.lostReplies == 1)
            #expect(try await direct.figures().ready[.std] == 1)
            #expect(try await direct.lastTick(ofSchedule: "poll") == 7)
        }
    }

    @Test("of a turn: the same batch is given again, and fetched once")
    func turn() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            let jobs = try (0..<6).map { try newJob("job-\($0)") }
            _ = try await queue.enqueue(jobs, call: try EnqueueCallID("jobs"))
            let first = try #require(try await queue.turn(request(1, limit: 2)).batch)
            proxy.plan(.isLost, ofCommandWith: "b-w.2")
            let settling = first.settled(.done)
            let reply = try await queue.turn(request(2, settling, limit: 2))
            #expect(reply.settled == .settled)
            let second = try #require(reply.batch)
            #expect(second.names == ["job-2", "job-3"])
            #expect(proxy.counts.lostReplies == 1)
            // Whoever asks once more is told the same, from beside the proxy, too.
            let again = try await direct.turn(request(2, settling, limit: 2))
            #expect(again.batch == second)
            let figures = try await direct.figures()
            #expect(figures.counters.fetched == 4)
            #expect(figures.counters.succeeded == 2)
            #expect(figures.running == 2)
        }
    }

    @Test("of the last settlement: nothing is settled twice and nothing is left")
    func settlement() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            _ = try await queue.enqueue([newJob("a")], call: try EnqueueCallID("a"))
            let batch = try #require(try await queue.turn(request(1)).batch)
            proxy.plan(.isLost, ofCommandWith: "b-w.2")
            let reply = try await queue.turn(request(2, batch.settled(.done)))
            #expect(proxy.counts.lostReplies == 1)
            #expect(reply.settled == .settled)
            #expect(reply.batch == nil)
            let late = try await queue.turn(request(3, batch.settled(.done)))
            #expect(late.settled == .alreadySettled)
            let figures = try await direct.figures()
            #expect(figures.counters.succeeded == 1)
            #expect(figures.running == 0)
        }
    }

    @Test(
        "that break off anywhere: the batch comes whole",
        arguments: [0, 1, 2, 5, 12, 40, 90, 150, 400]
    )
    func brokenReply(bytes: Int) async throws {
        try await withProxiedQueue { queue, direct, proxy in
            let jobs = try (0..<5).map { try newJob("job-\($0)") }
            _ = try await queue.enqueue(jobs, call: try EnqueueCallID("jobs"))
            proxy.plan(.breaksOff(afterBytes: bytes), ofCommandWith: "b-w.1")
            let batch = try #require(try await queue.turn(request(1)).batch)
            #expect(proxy.counts.brokenReplies == 1)
            #expect(batch.names == jobs.map(\.id.text))
            #expect(try await direct.turn(request(1)).batch == batch)
            #expect(try await direct.figures().counters.fetched == 5)
        }
    }

    @Test("of a reap: the call says so, and the next look goes on")
    func reap() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            _ = try await queue.enqueue([newJob("a")], call: try EnqueueCallID("a"))
            _ = try await queue.turn(request(1))
            _ = try await queue.reap(limit: 5)
            proxy.plan(.isLost, ofCommandWith: "EVALSHA")
            await #expect(throws: QueueError.self) { try await queue.reap(limit: 5) }
            #expect(try await queue.reap(limit: 5).batches == 0)
            #expect(try await direct.figures().running == 1)
        }
    }

    @Test("a connection that only the server's side closes is made anew")
    func halfClosed() async throws {
        try await withProxiedQueue { queue, direct, proxy in
            for number in 1...5 {
                _ = try await queue.enqueue(
                    [newJob("job-\(number)")],
                    call: try EnqueueCallID("call-\(number)")
                )
                proxy.halfClose()
            }
            let batch = try #require(try await queue.turn(request(1)).batch)
            #expect(batch.jobs.count == 5)
            #expect(proxy.counts.halfCloses >= 5)
            #expect(try await direct.figures().counters.enqueued == 5)
        }
    }

    @Test("cuts between and under calls cost nothing", arguments: Seeds.first(3))
    func cuts(seed: UInt64) async throws {
        try await withProxiedQueue { queue, direct, proxy in
            var random = Seeded(seed: seed)
            var done: [String] = []
            var batch: Batch?
            for number in 1...60 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: proxy.cut()
                case 1: proxy.plan(.isLost, ofCommandWith: "", passing: 1)
                case 2:
                    let bytes = Int.random(in: 0..<300, using: &random)
                    proxy.plan(.breaksOff(afterBytes: bytes), ofCommandWith: "", passing: 1)
                case 3: proxy.halfClose()
                default: break
                }
                _ = try await surely {
                    try await queue.enqueue(
                        [newJob("job-\(number)")],
                        call: try EnqueueCallID("call-\(number)")
                    )
                }
                let settling = batch?.settled(.done)
                let reply = try await surely {
                    try await queue.turn(request(number, settling, limit: 3))
                }
                #expect(settling == nil || reply.settled == .settled)
                done += reply.batch?.names ?? []
                batch = reply.batch
            }
            proxy.forgetPlans()
            _ = try await surely { try await queue.turn(request(61, batch?.settled(.done))) }
            let replay: Comment = "\(Seeds.replay(seed, filter: "LostReplyTests"))"
            #expect(done == (1...60).map { "job-\($0)" }, replay)
            #expect(proxy.counts.lostReplies > 0, replay)
            let figures = try await direct.figures()
            #expect(figures.counters.enqueued == 60, replay)
            #expect(figures.counters.succeeded == 60, replay)
            #expect(figures.running + figures.later + figures.suspects + figures.dead == 0, replay)
        }
    }

    /// Repeats the same call while its tries are used up by the network.
    private func surely<Value: Sendable>(
        _ call: () async throws -> Value
    ) async throws -> Value {
        for _ in 0..<20 {
            do {
                return try await call()
            } catch QueueError.unavailable {
                continue
            }
        }
        return try await call()
    }

    private func request(
        _ number: Int,
        _ settlement: Settlement? = nil,
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

    /// A queue behind a proxy, the same queue beside it, and the proxy.
    private func withProxiedQueue(
        _ body: (RedisQueue, RedisQueue, RedisProxy) async throws -> Void
    ) async throws {
        let server = try await PrivateRedis.shared()
        let proxy = try await RedisProxy.start(to: server.socketPath)
        let name = "lost-\(Ambient.live().newID())"
        let outcome: Result<Void, any Error>
        do {
            try await withQueue(name, at: server.url) { direct, client in
                try await warm(client)
                try await withQueue(name, at: proxy.url) { queue, _ in
                    try await body(queue, direct, proxy)
                }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await proxy.end()
        try outcome.get()
    }

    private func withQueue(
        _ name: String,
        at url: String,
        _ body: (RedisQueue, RedisClient) async throws -> Void
    ) async throws {
        let configuration = try RedisConfiguration(url: url)
        try await withRedisClient(configuration, logger: Self.quiet) { client in
            try await withRedisQueue(name, on: client, logger: Self.quiet) { queue in
                try await body(queue, client)
            }
        }
    }

    /// Lets the server know the scripts, so that a plan meets the call itself.
    private func warm(_ client: RedisClient) async throws {
        let name = "warm-\(Ambient.live().newID())"
        try await withRedisQueue(name, on: client, logger: Self.quiet) { queue in
            try await queue.prepare()
            _ = try await queue.enqueue([newJob("warm")], call: try EnqueueCallID("warm"))
            _ = try await queue.fire(
                Tick(schedule: "warm", instantMilliseconds: 1, job: newJob("warm@1"))
            )
            _ = try await queue.turn(request(1))
            _ = try await queue.reap(limit: 1)
        }
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
