import Ambient
package import CallJobs
package import CallStore
package import ElevenLabs
import Foundation
import JobQueue
package import JobWorker
import Logging
import Settings
import Telemetry

/// What a worker's handler is made from.
package struct WorkTools: Sendable {
    package let host: Host
    package let store: CallStore
    package let queues: OpenQueues

    /// The ElevenLabs API, under the budget that all workers share.
    ///
    /// - Throws: `StartFailure` when there is no API key.
    package func upstream() throws(StartFailure) -> ElevenLabsClient {
        try host.openUpstream(http: try host.openHTTP(), queues: queues)
    }
}

extension Host {
    /// How long a worker may be out of touch before it counts as ill: a lease, after which others
    /// take its jobs.
    private static let outOfTouchMax = QueueLimits.lease

    /// Runs the worker of one kind until the process is asked to end.
    ///
    /// Opens what it needs first, waiting for Redis within a bound. Ends the process by itself,
    /// with a code, when a handler is stuck.
    ///
    /// - Parameters:
    ///   - kind: Whose queue.
    ///   - makeHandler: Makes the handler from what was opened.
    /// - Throws: `StartFailure` with one line that says what to do.
    package func work<Handler: JobHandler>(
        _ kind: JobKind,
        makeHandler: (WorkTools) async throws -> Handler
    ) async throws where Handler.Effect == StoreChange {
        let queues = try await openQueues()
        try await checkServer(of: queues)
        let store = try await openStore()
        let tools = WorkTools(host: self, store: store, queues: queues)
        let handler = try await makeHandler(tools)
        let board = WorkerBoard()
        let worker = try worker(kind, handler, tools, board)
        let queue = kind.queue
        let slots = settings.worker.concurrency
        try await withHealth {
            await checks(tools, board)
        } families: {
            board.snapshot.families(queue: queue, slots: slots)
        } _: {
            try await run(worker, kind, board)
        }
        await queues.close()
        try store.close()
    }

    private func worker<Handler: JobHandler>(
        _ kind: JobKind,
        _ handler: Handler,
        _ tools: WorkTools,
        _ board: WorkerBoard
    ) throws -> Worker<Handler, StoreCommitter> where Handler.Effect == StoreChange {
        let relay = OutboxRelay(
            store: tools.store,
            queues: tools.queues.all,
            ambient: ambient,
            logger: logger
        )
        let stop = ShutdownSignal()
        shutdown.onRequest { stop.trip() }
        let logger = logger
        return Worker(
            queue: tools.queues[kind],
            handler: handler,
            committer: StoreCommitter(store: tools.store, relay: relay),
            configuration: WorkerConfiguration(
                worker: try workerID(kind),
                host: ProcessInfo.processInfo.hostName,
                processID: getpid(),
                version: Release.version,
                concurrency: settings.worker.concurrency
            ),
            ambient: ambient,
            logger: logger,
            shutdown: stop,
            board: board,
            abandon: { error in
                logger.critical(
                    "A handler does not end; the process ends so that it can be started anew",
                    metadata: ["error": "\(error)"]
                )
                _exit(ExitCode.stuck.rawValue)
            }
        )
    }

    /// `sync-<host>-<pid>-<random>`; the random part tells two lives of one process id apart.
    private func workerID(_ kind: JobKind) throws -> WorkerID {
        let allowed = ProcessInfo.processInfo.hostName.filter { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "-")
        }
        let random = ambient.newID().uuidString.lowercased().prefix(8)
        return try WorkerID("\(kind.rawValue)-\(allowed.prefix(40))-\(getpid())-\(random)")
    }

    private func run<Handler, Committer>(
        _ worker: Worker<Handler, Committer>,
        _ kind: JobKind,
        _ board: WorkerBoard
    ) async throws {
        logger.notice(
            "Working",
            metadata: [
                "queue": "\(kind.queue)", "slots": "\(settings.worker.concurrency)",
                "version": "\(Release.version)",
            ]
        )
        do throws(WorkerError) {
            try await worker.run()
        } catch {
            switch error {
            case .stuckHandlers:
                throw StartFailure(.stuck, "a handler did not end; start the worker anew")
            case .queue(let error):
                throw RedisAccess.failure(error, address: "the address of REDIS_URL")
            }
        }
        logger.notice("Ended in order", metadata: ["jobs": "\(board.snapshot.ended)"])
    }

    private func checks(_ tools: WorkTools, _ board: WorkerBoard) async -> [HealthReport.Check] {
        let snapshot = board.snapshot
        let now = ambient.elapsed()
        func check(_ name: String, since: Duration?) -> HealthReport.Check {
            let age = since.map { now - $0 } ?? .zero
            return HealthReport.Check(
                name: name,
                isHealthy: age < Self.outOfTouchMax,
                detail: "out of reach for \(age.components.seconds) s"
            )
        }
        return [
            await redisCheck(tools.queues),
            await storeCheck(tools.store),
            check("queue", since: snapshot.queueDownSince),
            check("results", since: snapshot.commitDownSince),
        ]
    }
}
