import Ambient
import JobQueue
import RedisClient
import RedisQueue
import Synchronization
import TestSupport

/// The implementations that the contract binds.
enum ContractWorld: String, CaseIterable, Sendable {
    case memory
    case redis
}

/// One fresh queue of either kind, whose clock the test moves.
struct ContractQueue: Sendable {
    let queue: any WorkQueue & QueueAdministration & FeedQueue & ScheduleAdministration

    /// Moves the queue's clock, forward or back.
    let advance: @Sendable (Duration) async throws -> Void

    /// Pushes bytes as a person at a Redis prompt does.
    let pushByHand: @Sendable (String, Lane) async throws -> Void
}

/// Runs a test's body with a fresh queue.
///
/// Redis runs without persistence here: nothing kills it.
func withContractQueue(
    _ world: ContractWorld,
    tuning: QueueTuning = QueueTuning(),
    _ body: (ContractQueue) async throws -> Void
) async throws {
    switch world {
    case .memory:
        let queue = InMemoryQueue(
            name: try QueueName("contract"),
            ambient: timeless(),
            tuning: tuning
        )
        try await body(
            ContractQueue(
                queue: queue,
                advance: { queue.shiftClock(by: $0) },
                pushByHand: { queue.pushByHand(Array($0.utf8), lane: $1) }
            )
        )
    case .redis:
        let server = try await PrivateRedis.shared()
        try await withRedisClient(server) { client in
            try await withClockedQueue(client, tuning: tuning, body)
        }
    }
}

/// Time that stands still: only the test moves the queue's clock, as with Redis.
private func timeless() -> Ambient {
    let live = Ambient.live(seed: 1)
    return Ambient(
        clock: live.clock,
        elapsed: { .zero },
        now: live.now,
        newID: live.newID,
        chance: live.chance
    )
}

private let queuesMade = Atomic<Int>(0)

/// A queue under a name of its own, whose scripts read the time from a key.
private func withClockedQueue(
    _ client: RedisClient,
    tuning: QueueTuning,
    _ body: (ContractQueue) async throws -> Void
) async throws {
    let number = queuesMade.add(1, ordering: .relaxed).newValue
    let scripts = QueueScripts(tuning: tuning) { _, source in
        source.replacingTime(with: "redis.call('LRANGE', KEYS[1] .. ':clock', 0, 1)")
    }
    try await withRedisQueue(
        "contract-\(number)",
        on: client,
        tuning: tuning,
        scripts: scripts
    ) { queue in
        let clock = TestClock(client: client, key: queue.keys.leases + ":clock")
        try await clock.advance(by: .zero)
        try await body(
            ContractQueue(
                queue: queue,
                advance: { try await clock.advance(by: $0) },
                pushByHand: { text, lane in
                    _ = try await client.send(RedisCommand("LPUSH", queue.keys.ready(lane), text))
                }
            )
        )
    }
}

/// The time that one queue's scripts see.
private actor TestClock {
    private let client: RedisClient
    private let key: String
    private var milliseconds: Int64 = 1_800_000_000_000

    init(client: RedisClient, key: String) {
        self.client = client
        self.key = key
    }

    func advance(by duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        milliseconds += seconds * 1000 + attoseconds / 1_000_000_000_000_000
        _ = try await client.pipeline([
            RedisCommand("DEL", key),
            RedisCommand(
                "RPUSH",
                key,
                "\(milliseconds / 1000)",
                "\(milliseconds % 1000 * 1000)"
            ),
        ])
    }
}

// MARK: - Shorthand

extension ContractQueue {
    func add(_ ids: String..., lane: Lane = .std, limit: String? = nil) async throws {
        let jobs = try ids.map { try newJob($0, lane: lane, limit: limit) }
        let call = try EnqueueCallID("add-" + ids.joined(separator: "+"))
        let answers = try await queue.enqueue(jobs, call: call)
        precondition(answers.allSatisfy { $0 == .queued }, "The job's key is free.")
    }

    func add(_ job: NewJob, call: String? = nil) async throws -> EnqueueAnswer {
        try await queue.enqueue([job], call: try EnqueueCallID(call ?? "add-\(job.id)"))[0]
    }

    /// Fetches, settling what is given.
    func turn(
        _ number: Int,
        worker: String = "w",
        settling settlement: Settlement? = nil,
        limit: Int = 10,
        lowLimit: Int = QueueLimits.batchMax,
        isIdle: Bool = false
    ) async throws -> TurnReply {
        try await queue.turn(
            TurnRequest(
                worker: try WorkerID(worker),
                number: number,
                settlement: settlement,
                limit: limit,
                lowLimit: lowLimit,
                isIdle: isIdle
            )
        )
    }

    func beat(
        _ batches: [Batch.Reference],
        worker: String = "w"
    ) async throws -> BeatAnswer {
        let presence = Presence(
            worker: try WorkerID(worker),
            host: "host",
            processID: 7,
            version: "1",
            startedMilliseconds: 1,
            slots: 4,
            busy: 1,
            batches: batches
        )
        let answers = AsyncStream<BeatAnswer>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await queue.keepAlive(
                        every: .seconds(3600),
                        presence: { presence },
                        answer: { answers.continuation.yield($0) }
                    )
                } catch QueueError.cancelled {
                    // The test has its answer.
                }
            }
            var found: BeatAnswer?
            for await answer in answers.stream {
                found = answer
                break
            }
            group.cancelAll()
            try await group.waitForAll()
            guard let found else { throw QueueError.protocolViolation(reason: "no beat") }
            return found
        }
    }

    /// Jobs in all places.
    func total() async throws -> Int {
        let figures = try await queue.figures()
        return figures.ready.values.reduce(0, +) + figures.suspects + figures.running
            + figures.later + figures.dead
    }
}

func newJob(
    _ id: String,
    lane: Lane = .std,
    unique: String? = nil,
    delay: Duration = .zero,
    bytes: Int = 2,
    limit: String? = nil
) throws -> NewJob {
    NewJob(
        id: try JobID(id),
        kind: "sync",
        lane: lane,
        payload: Array(repeating: 0x78, count: bytes),
        unique: try unique.map { try UniqueKey($0) },
        delay: delay,
        limit: try limit.map { try LimitKey($0) }
    )
}

extension Batch {
    /// The same outcome for every job, or for some positions.
    func settled(_ outcome: Outcome, at positions: [Int]? = nil) -> Settlement {
        Settlement(
            batch: reference,
            slots: (positions ?? Array(jobs.indices)).map { position in
                Settlement.Slot(position: position, id: jobs[position].id, outcome: outcome)
            }
        )
    }

    var names: [String] { jobs.map(\.id.text) }
}
