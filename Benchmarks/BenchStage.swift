import Ambient
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import Synchronization
import TestSupport

/// What all benchmarks share: the server, the clock, and the jobs.
struct BenchStage: Sendable {
    /// Jobs in one call of enqueue, and in one raw push or pop.
    static let batch = 100

    /// Calls of enqueue that a bulk producer has on their way at the same time.
    static let callsInFlight = 4

    /// Bytes of a job's arguments.
    static let payloadBytes = 150

    let server: PrivateRedis
    let ambient: Ambient
    let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    /// Arguments of the usual size and kind: a small JSON object.
    static let payload = filled(#"{"conversation":"conv_01jx8q7m3ve5r9t2k4w6y8z0ab","#)

    /// Arguments that begin like this, filled up to the usual size.
    static func filled(_ begin: String) -> [UInt8] {
        let head = begin + #""reason":""#
        let filler = payloadBytes - head.utf8.count - 2
        return Array((head + String(repeating: "r", count: filler) + "\"}").utf8)
    }

    /// Runs a body with a queue of a name nobody used before.
    func withQueue(_ body: (RedisQueue) async throws -> Void) async throws {
        let commands = try client()
        let name = try QueueName("bench-\(ambient.newID().uuidString.lowercased())")
        let queue = try RedisQueue(name, commands: commands, ambient: ambient, logger: logger)
        let outcome: Result<Void, any Error>
        do {
            try await queue.prepare()
            outcome = .success(try await body(queue))
        } catch {
            outcome = .failure(error)
        }
        await queue.close()
        await commands.close()
        try outcome.get()
    }

    func client() throws -> RedisClient {
        try RedisClient(
            RedisConfiguration(url: server.url),
            on: MultiThreadedEventLoopGroup.singleton.any(),
            ambient: ambient,
            logger: logger
        )
    }

    /// Jobs of one call.
    func makeJobs(
        _ count: Int,
        prefix: String,
        make: (Int) -> (kind: String, payload: [UInt8]) = { _ in ("bench", payload) }
    ) throws -> [NewJob] {
        try (0..<count).map { index in
            let (kind, payload) = make(index)
            return NewJob(id: try JobID("\(prefix)-\(index)"), kind: kind, payload: payload)
        }
    }

    /// Runs a body with the path of a file in a folder of its own, which goes with it.
    func inFolder(_ body: (String) async throws -> Double) async throws -> Double {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("ringback-bench-\(ambient.newID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let result: Result<Double, any Error>
        do {
            result = .success(try await body(folder.appendingPathComponent("bench.sqlite").path))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(at: folder)
        return try result.get()
    }

    /// Seconds that a body takes.
    func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ambient.elapsed()
        try await body()
        return (ambient.elapsed() - start) / .seconds(1)
    }

    /// Fills a queue; returns the seconds that it took.
    func fill(
        _ queue: RedisQueue,
        jobs: Int,
        prefix: String,
        make: (Int) -> (kind: String, payload: [UInt8]) = { _ in ("bench", payload) }
    ) async throws -> Double {
        // Made before the clock runs, as the raw commands are.
        let calls = try stride(from: 0, to: jobs, by: Self.batch).map { start in
            (
                jobs: try makeJobs(
                    min(Self.batch, jobs - start),
                    prefix: "\(prefix).\(start)",
                    make: make
                ),
                id: try EnqueueCallID("\(prefix).\(start)")
            )
        }
        return try await seconds {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for first in 0..<Self.callsInFlight {
                    group.addTask {
                        for index in stride(from: first, to: calls.count, by: Self.callsInFlight) {
                            try await push(calls[index].jobs, call: calls[index].id, to: queue)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func push(_ jobs: [NewJob], call: EnqueueCallID, to queue: RedisQueue) async throws {
        for answer in try await queue.enqueue(jobs, call: call) where answer != .queued {
            throw RawRedis.Failure(reason: "a job was not queued")
        }
    }

    /// Lets one worker run the jobs of a queue until a count of them is committed.
    ///
    /// - Returns: Seconds from its start to the last commit.
    func drain<Handler: JobHandler, Committer: ResultCommitter>(
        _ queue: RedisQueue,
        handler: Handler,
        committer: CountingCommitter<Committer>
    ) async throws -> Double where Handler.Effect == Committer.Effect {
        let shutdown = ShutdownSignal()
        let worker = try BenchWorker(ambient: ambient, logger: logger)
            .worker(queue, handler: handler, committer: committer, shutdown: shutdown)
        let start = ambient.elapsed()
        async let ended: Void = worker.run()
        let end = await committer.done()
        shutdown.trip()
        try await ended
        return (end - start) / .seconds(1)
    }
}

extension BenchStage {
    /// Lets one worker run the jobs of a queue until the task is cancelled.
    func work<Handler: JobHandler, Committer: ResultCommitter>(
        _ queue: RedisQueue,
        handler: Handler,
        committer: Committer
    ) async throws where Handler.Effect == Committer.Effect {
        try await BenchWorker(ambient: ambient, logger: logger)
            .worker(queue, handler: handler, committer: committer, shutdown: ShutdownSignal())
            .run()
    }
}

/// Makes workers with the usual settings.
struct BenchWorker {
    let ambient: Ambient
    let logger: Logger

    func worker<Handler: JobHandler, Committer: ResultCommitter>(
        _ queue: RedisQueue,
        handler: Handler,
        committer: Committer,
        shutdown: ShutdownSignal
    ) throws -> Worker<Handler, Committer> where Handler.Effect == Committer.Effect {
        Worker(
            queue: queue,
            handler: handler,
            committer: committer,
            configuration: WorkerConfiguration(
                worker: try WorkerID("bench-\(ambient.newID().uuidString.lowercased())"),
                host: "bench",
                processID: ProcessInfo.processInfo.processIdentifier,
                version: "bench"
            ),
            ambient: ambient,
            logger: logger,
            shutdown: shutdown,
            abandon: { error in preconditionFailure("the worker is stuck: \(error)") }
        )
    }
}

/// Tells when a number of jobs is committed.
final class CountingCommitter<Wrapped: ResultCommitter>: ResultCommitter {
    typealias Effect = Wrapped.Effect

    private struct State {
        var missing: Int
        var end: Duration?
        var waiter: CheckedContinuation<Duration, Never>?
    }

    private let wrapped: Wrapped
    private let ambient: Ambient
    private let state: Mutex<State>

    init(_ wrapped: Wrapped, count: Int, ambient: Ambient) {
        self.wrapped = wrapped
        self.ambient = ambient
        state = Mutex(State(missing: count))
    }

    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        try await wrapped.finished(among: ids)
    }

    func commit(
        _ jobs: [FinishedJob],
        effects: [Wrapped.Effect],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        let verdicts = try await wrapped.commit(jobs, effects: effects, notes: notes)
        let applied = verdicts.count { $0 == .applied }
        let now = ambient.elapsed()
        let waiter: CheckedContinuation<Duration, Never>? = state.withLock { state in
            state.missing -= applied
            guard state.missing <= 0, state.end == nil else { return nil }
            state.end = now
            return state.waiter
        }
        waiter?.resume(returning: now)
        return verdicts
    }

    func isFollowed(_ job: Job) -> Bool { wrapped.isFollowed(job) }

    /// The moment of the last commit.
    func done() async -> Duration {
        await withCheckedContinuation { continuation in
            let end: Duration? = state.withLock { state in
                if state.end == nil { state.waiter = continuation }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }
}

/// Keeps nothing: the ledger is off.
struct NoLedger: ResultCommitter {
    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> { [] }

    func commit(
        _ jobs: [FinishedJob],
        effects: [Void],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        jobs.map { _ in .applied }
    }
}

/// Does nothing, and has an effect that changes nothing.
struct IdleHandler<Effect: Sendable>: JobHandler {
    let effect: Effect

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<Effect> {
        .done(effect)
    }

    func policy(forKind kind: String) -> JobPolicy { JobPolicy() }
}
