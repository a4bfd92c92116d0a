import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// The short scripts in front of `enqueue` and `turn`, and what must not pass them.
///
/// The model test compares what they do with the whole scripts' model; here is what it cannot see.
@Suite("A single job on an idle queue")
struct IdleQueueTests {
    @Test("is delivered, and what is remembered of it ends")
    func passes() async throws {
        try await withIdleQueue { idle in
            #expect(try await idle.enqueue("one").slowDown == nil)
            #expect(try await idle.field("memoryAt") == idle.measuredAt, "measured for one job")
            let life = try await idle.client.send(
                RedisCommand("PTTL", idle.queue.keys.call(try EnqueueCallID("one")))
            )
            guard case .integer(let milliseconds) = life else {
                Issue.record("no time: \(life)")
                return
            }
            #expect((1...300_000).contains(milliseconds))
            #expect(try await idle.fetch().map(\.text) == ["one"])
        }
    }

    @Test("asks its producer to slow down when the server is full as measured last")
    func slowsDown() async throws {
        try await withIdleQueue { idle in
            try await idle.set("memory", "71")
            #expect(try await idle.enqueue("one").slowDown != nil)
        }
    }

    @Test("goes by a measure of ten seconds, not by an older one")
    func measures() async throws {
        try await withIdleQueue { idle in
            let at = try #require(Int64(idle.measuredAt))
            try await idle.set("memoryAt", "\(at - 11_000)")
            _ = try await idle.enqueue("one")
            let measured = try #require(Int64(try await idle.field("memoryAt")))
            #expect(measured >= at)
        }
    }

    @Test("needs no measure of its own while a worker beats")
    func beats() async throws {
        try await withIdleQueue { idle in
            try await idle.set("memoryAt", "nonsense")
            let contract = ContractQueue(
                queue: idle.queue,
                advance: { _ in },
                pushByHand: { _, _ in }
            )
            _ = try await contract.beat([])
            let at = try #require(Int64(idle.measuredAt))
            #expect(try #require(Int64(try await idle.field("memoryAt"))) >= at)
        }
    }

    @Test("is refused by a queue of a newer layout, and not fetched from it")
    func layout() async throws {
        try await withIdleQueue { idle in
            _ = try await idle.enqueue("one")
            try await idle.set("layout", "99")
            await #expect(throws: QueueError.layoutTooNew(found: 99, known: 2)) {
                try await idle.fetch()
            }
            _ = try await idle.client.send(
                RedisCommand("DEL", idle.queue.keys.ready(.std), idle.queue.keys.bell)
            )
            await #expect(throws: QueueError.layoutTooNew(found: 99, known: 2)) {
                try await idle.enqueue("two")
            }
        }
    }

    @Test("has its earlier answer when its call is repeated on a full server")
    func repeated() async throws {
        try await withIdleQueue { idle in
            _ = try await idle.enqueue("one")
            #expect(try await idle.fetch().count == 1)
            _ = try await idle.client.send(RedisCommand("DEL", idle.queue.keys.bell))
            _ = try await idle.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            #expect(try await idle.enqueue("one").answers == [.queued])
            await #expect(throws: QueueError.full) { try await idle.enqueue("two") }
        }
    }

    @Test("is not lost when what the queue counts was spoilt", arguments: ["fence", "fetches"])
    func spoilt(field: String) async throws {
        try await withIdleQueue { idle in
            _ = try await idle.enqueue("one")
            try await idle.set(field, "")
            #expect(try await idle.fetch().map(\.text) == ["one"])
        }
    }

    /// A queue in which nothing waits, on a server of its own, and its worker, which is known.
    private struct Idle {
        let queue: RedisQueue
        let client: RedisClient

        /// When the memory was measured, in Unix milliseconds of the server.
        let measuredAt: String

        func enqueue(_ name: String) async throws -> EnqueueReply {
            try await queue.enqueue([newJob(name)], call: try EnqueueCallID(name))
        }

        /// The jobs that a worker with nothing to settle gets.
        func fetch() async throws -> [JobID] {
            try await queue.turn(Self.request(10, nil)).batch?.jobs.map(\.id) ?? []
        }

        func field(_ name: String) async throws -> String {
            let value = try await client.send(
                RedisCommand("HGET", queue.keys.control, name)
            )
            guard case .bytes(let bytes) = value else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }

        func set(_ name: String, _ value: String) async throws {
            _ = try await client.send(RedisCommand("HSET", queue.keys.control, name, value))
        }

        static func request(_ number: Int, _ settlement: Settlement?) throws -> TurnRequest {
            TurnRequest(
                worker: try WorkerID("w"),
                number: number,
                settlement: settlement,
                limit: 10,
                isIdle: true
            )
        }
    }

    private func withIdleQueue(_ body: (Idle) async throws -> Void) async throws {
        let server = try await PrivateRedis.start(PrivateRedisOptions())
        let outcome: Result<Void, any Error>
        do {
            try await withRedisClient(server) { client in
                try await withRedisQueue("idle", on: client) { queue in
                    try await body(try await idle(queue, client))
                }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await server.kill()
        try outcome.get()
    }

    /// Lets the queue measure the memory and know the worker, and brings it to rest.
    private func idle(_ queue: RedisQueue, _ client: RedisClient) async throws -> Idle {
        _ = try await queue.enqueue([newJob("first")], call: try EnqueueCallID("first"))
        let batch = try #require(try await queue.turn(Idle.request(1, nil)).batch)
        _ = try await queue.turn(Idle.request(2, batch.settled(.done)))
        _ = try await client.send(RedisCommand("DEL", queue.keys.bell))
        let unmeasured = Idle(queue: queue, client: client, measuredAt: "")
        let at = try await unmeasured.field("memoryAt")
        try #require(!at.isEmpty, "the first enqueue measures")
        return Idle(queue: queue, client: client, measuredAt: at)
    }
}
