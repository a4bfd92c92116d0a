import Ambient
import Foundation
import JobQueue
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport

/// Two processes' views of one budget, each with a connection of its own.
struct BudgetFixture {
    let budgets: [RedisUpstreamBudget]
    let client: RedisClient
    let tag: String

    /// Runs a body with two views of a fresh budget.
    static func run(
        ceiling: Int,
        seed: UInt64 = 1,
        server: PrivateRedis? = nil,
        _ body: (BudgetFixture) async throws -> Void
    ) async throws {
        let server = if let server { server } else { try await PrivateRedis.shared() }
        let ambient = Ambient.live(seed: seed)
        let name = "test-\(Ambient.live().newID().uuidString.lowercased())"
        let clients = try (0..<2).map { _ in
            try RedisClient(
                RedisConfiguration(url: server.url),
                on: MultiThreadedEventLoopGroup.singleton.any(),
                ambient: ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        var limits = RedisBudgetLimits()
        // So long that no test lives to see a wait end by itself.
        limits.backoffBase = .seconds(1000)
        limits.quietMax = .seconds(3600)
        let budgets = try clients.map { client in
            RedisUpstreamBudget(
                name: try QueueName(name),
                ceiling: ceiling,
                redis: client,
                ambient: ambient,
                limits: limits
            )
        }
        let fixture = BudgetFixture(
            budgets: budgets,
            client: clients[0],
            tag: "ringback:{budget.\(name)}"
        )
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(fixture))
        } catch {
            outcome = .failure(error)
        }
        for client in clients { await client.close() }
        try outcome.get()
    }

    var name: QueueName {
        get throws {
            try QueueName(String(tag.dropFirst("ringback:{budget.".count).dropLast()))
        }
    }

    /// Takes a permit that must be there.
    func permit(_ view: Int = 0) async throws -> BudgetPermit {
        let answer = try await budgets[view].acquire()
        guard case .granted(let permit) = answer else { throw Refused(answer: answer) }
        return permit
    }

    struct Refused: Error {
        let answer: BudgetAnswer
    }

    func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback,
        view: Int = 0
    ) async throws {
        try await budgets[view].release(permit, feedback)
    }

    /// How long the budget makes one wait; nil when it grants (and the permit goes back).
    func wait(_ view: Int = 0) async throws -> Duration? {
        switch try await budgets[view].acquire() {
        case .wait(let duration), .open(let duration): return duration
        case .granted(let permit):
            try await release(permit, .unused, view: view)
            return nil
        }
    }

    func state(_ view: Int = 1) async throws -> BudgetState {
        try await budgets[view].state()
    }

    /// Lets the shared wait end now.
    func endQuiet() async throws {
        try await setQuiet(until: 0)
    }

    /// Lets the shared wait end at a time, in Unix ms.
    func setQuiet(until time: Int64) async throws {
        _ = try await client.send(RedisCommand("HSET", "\(tag):state", "quiet", "\(time)"))
    }

    /// Lets the lease of a permit end now.
    func expire(_ permit: BudgetPermit, at time: Int64 = 1) async throws {
        _ = try await client.send(
            RedisCommand("ZADD", "\(tag):permits", "XX", "\(time)", permit.id)
        )
    }

    /// When the lease of a permit ends, in Unix ms.
    func expiry(of permit: BudgetPermit) async throws -> Int64 {
        let reply = try await client.send(RedisCommand("ZSCORE", "\(tag):permits", permit.id))
        guard case .bytes(let bytes) = reply,
            let score = Double(String(decoding: bytes, as: UTF8.self))
        else { throw QueueError.protocolViolation(reason: "no score") }
        return Int64(score)
    }
}

/// Carries scripts out, but does not hear the reply.
struct DeafExecutor: RedisExecutor {
    let client: RedisClient

    /// What it hears instead.
    var error = RedisError.cancelled

    /// Whether what goes through cancellation does not reach the server at all.
    var isMute = false

    func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await client.send(command)
    }

    func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        try await client.pipeline(commands)
    }

    func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue {
        _ = try await client.evaluate(script, keys: keys, arguments: arguments)
        throw error
    }

    func evaluateThroughCancellation(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]]
    ) async throws(RedisError) -> RedisValue {
        guard !isMute else { throw .timeout }
        return try await client.evaluateThroughCancellation(
            script,
            keys: keys,
            arguments: arguments
        )
    }
}
