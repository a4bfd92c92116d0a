import Ambient
import Foundation
import JobQueue
import JobWorker
import Logging
import Synchronization
import TestSupport

/// A queue, a ledger and worker processes that live and die, all in virtual time.
struct Stage: Sendable {
    let ambient: Ambient
    let queue: InMemoryQueue
    let ledger: FakeLedger
    var handler: ScriptHandler
    let shutdown = ShutdownSignal()
    let log = LogLines()
    let errors = Record<WorkerError>()
    var concurrency = 4
    var limits = WorkerLimits()

    /// In place of `ambient`, where a test's workers have a clock of their own.
    var workerAmbient: Ambient?

    /// In place of `log`, where a test looks at more than lines.
    var logger: Logger?

    init(
        _ simulation: Simulation,
        queue name: String = "sync",
        ledger: FakeLedger? = nil,
        policy: JobPolicy = Stage.policy,
        script: @escaping ScriptHandler.Script
    ) throws {
        let ambient = simulation.ambient()
        self.ambient = ambient
        queue = InMemoryQueue(name: try QueueName(name), ambient: ambient)
        self.ledger = ledger ?? FakeLedger(ambient: ambient)
        handler = ScriptHandler(policy: policy, script: script)
    }

    static let policy = JobPolicy(
        retry: RetryPolicy(attemptsMax: 50, base: .seconds(1), cap: .seconds(10)),
        timeout: .seconds(60)
    )

    func worker(
        _ name: String,
        board: WorkerBoard = WorkerBoard(),
        shutdown: ShutdownSignal? = nil,
        abandon: @escaping @Sendable (WorkerError) -> Void = { _ in }
    ) throws -> Worker<ScriptHandler, FakeLedger> {
        Worker(
            queue: queue,
            handler: handler.of(name),
            committer: ledger,
            configuration: WorkerConfiguration(
                worker: try WorkerID(name),
                host: "host",
                processID: 1,
                version: "test",
                concurrency: concurrency,
                limits: limits
            ),
            ambient: workerAmbient ?? ambient,
            logger: logger ?? Logger(label: "test") { [log] _ in log.handler() },
            shutdown: shutdown ?? self.shutdown,
            board: board,
            abandon: abandon
        )
    }

    /// Runs one process until it ends by itself, is killed, or its life is over.
    func process(_ name: String, life: Duration?) async throws {
        let worker = try worker(name)
        let deaths = handler.deaths
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(WorkerError) {
                    try await worker.run()
                } catch {
                    errors.append(error)
                }
            }
            group.addTask { await deaths.wait(for: name) }
            if let life {
                group.addTask { await sleep(life) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Starts a process anew whenever it ends, until the shutdown; each has a name of its own.
    func supervise(_ name: String, life: @Sendable @escaping () -> Duration?) async throws {
        var generation = 0
        while !shutdown.isTripped {
            generation += 1
            try await process("\(name)-\(generation)", life: life())
            await sleep(.seconds(1))
        }
    }

    func enqueue(
        _ ids: [String],
        lane: Lane = .std,
        delay: Duration = .zero,
        kind: String? = nil
    ) async throws {
        let jobs = try ids.map { id in
            NewJob(
                id: try JobID(id),
                kind: kind ?? queue.name.text,
                lane: lane,
                payload: Array(id.utf8),
                unique: try UniqueKey("u-\(id)"),
                delay: delay
            )
        }
        for start in stride(from: 0, to: jobs.count, by: QueueLimits.jobsPerCallMax) {
            _ = try await queue.enqueue(
                Array(jobs[start..<min(start + QueueLimits.jobsPerCallMax, jobs.count)]),
                call: try EnqueueCallID(ambient.newID().uuidString)
            )
        }
    }

    /// Looks once per virtual second until a condition holds.
    func until(_ condition: () -> Bool) async {
        while !condition() { await sleep(.seconds(1)) }
    }

    func sleep(_ time: Duration) async {
        do {
            try await ambient.sleep(for: time)
        } catch {
            // Cancelled: whoever waits for this goes on at once.
        }
    }

    /// Whether the queue holds nothing, `dead` aside.
    var isEmpty: Bool {
        let model = queue.snapshot
        return model.ready.values.allSatisfy(\.isEmpty) && model.suspects.isEmpty
            && model.leases.isEmpty && model.parked.isEmpty
    }
}

/// Runs one worker beside a play that trips the shutdown at its end.
func perform(
    _ stage: Stage,
    _ simulation: Simulation,
    play: @Sendable @escaping (Stage) async throws -> Void
) throws {
    try simulation.run(limit: .seconds(4 * 3600)) {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stage.process("w-1", life: nil) }
            group.addTask {
                try await play(stage)
                stage.shutdown.trip()
            }
            try await group.waitForAll()
        }
    }
}

/// A handler that does what a closure says.
struct ScriptHandler: JobHandler {
    typealias Script = @Sendable (Job, Play) async throws -> HandlerResult<String>

    /// What a script may use.
    struct Play: Sendable {
        let ambient: Ambient
        let deaths: Deaths

        /// The process that this handler stands in.
        let process: String

        func sleep(_ time: Duration) async throws {
            try await ambient.sleep(for: time)
        }
    }

    let policy: JobPolicy
    var kinds: Set<String>?
    let script: Script
    let deaths = Deaths()
    let runs = Record<JobID>()
    var process = ""

    func of(_ process: String) -> Self {
        var copy = self
        copy.process = process
        return copy
    }

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<String> {
        runs.append(job.id)
        return try await script(
            job,
            Play(ambient: context.ambient, deaths: deaths, process: process)
        )
    }

    func policy(forKind kind: String) -> JobPolicy { policy }

    func knows(kind: String) -> Bool { kinds?.contains(kind) ?? true }
}

/// Ends processes from within, as a job that crashes its process does.
final class Deaths: Sendable {
    private struct State {
        var streams: [String: AsyncStream<Never>.Continuation] = [:]
    }

    private let state = Mutex(State())

    func wait(for process: String) async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        state.withLock { $0.streams[process] = continuation }
        for await _ in stream {}
        state.withLock { $0.streams[process] = nil }
    }

    func kill(_ process: String) {
        state.withLock { $0.streams[process] }?.finish()
    }
}

/// Things in the order in which they came.
final class Record<Element: Sendable>: Sendable {
    private let state = Mutex<[Element]>([])

    var all: [Element] { state.withLock { $0 } }

    func append(_ element: Element) {
        state.withLock { $0.append(element) }
    }
}
