import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Dispatch
import Foundation
import JobQueue
import JobWorker
import Logging
import NIOPosix
import RedisClient
import RedisQueue

/// One worker process of a run.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

    @OptionGroup var place: ChaosPlace
    @OptionGroup var terms: ChaosTerms

    @Option(help: "Milliseconds that a holding job holds its slot.")
    var hold = 0

    func run() async throws {
        let ambient = Ambient.live()
        let process = ChaosProcess(place: place, terms: terms, ambient: ambient)
        let (queue, client) = try await process.openQueue()
        let store = try await CallStore.open(path: place.database, ambient: ambient)
        let relay = OutboxRelay(
            store: store,
            queues: [queue],
            ambient: ambient,
            logger: process.logger
        )
        let shutdown = ShutdownSignal()
        let stopping = ChaosProcess.onTerminate { shutdown.trip() }
        let name = "chaos-\(getpid())-\(ambient.newID().uuidString.lowercased().prefix(8))"
        let worker = Worker(
            queue: queue,
            handler: ChaosHandler(hold: .milliseconds(hold)),
            committer: StoreCommitter(store: store, relay: relay),
            configuration: WorkerConfiguration(
                worker: try WorkerID(name),
                host: "chaos",
                processID: getpid(),
                version: "chaos",
                concurrency: terms.slots,
                limits: terms.workerLimits
            ),
            ambient: ambient,
            logger: process.logger,
            shutdown: shutdown,
            abandon: { _ in _exit(70) }
        )
        ChaosHandler.say("working")
        try await worker.run()
        ChaosHandler.say("ended in order")
        stopping.cancel()
        await queue.close()
        await client.close()
        try store.close()
    }
}

/// What the processes of a run have in common.
struct ChaosProcess: Sendable {
    let place: ChaosPlace
    let terms: ChaosTerms
    let ambient: Ambient

    /// Warnings go to standard error, for the report of a run that failed.
    let logger: Logger = {
        var logger = Logger(label: "chaos") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }()

    /// The queue; waits until Redis is there.
    func openQueue() async throws -> (RedisQueue, RedisClient) {
        var configuration = try RedisConfiguration(url: place.url)
        configuration.limits = terms.redisLimits
        let client = try RedisClient(
            configuration,
            on: MultiThreadedEventLoopGroup.singleton.next(),
            ambient: ambient,
            logger: logger
        )
        let queue = try RedisQueue(
            try ChaosTerms.queueName(),
            commands: client,
            tuning: terms.tuning,
            ambient: ambient,
            logger: logger
        )
        while try await !isPrepared(queue) {
            try await ambient.sleep(for: .milliseconds(100))
        }
        return (queue, client)
    }

    /// Marks the queue's keys; false when it cannot be reached yet.
    private func isPrepared(_ queue: RedisQueue) async throws(QueueError) -> Bool {
        do throws(QueueError) {
            try await queue.prepare()
            return true
        } catch {
            switch error {
            case .unavailable, .full: return false
            default: throw error
            }
        }
    }

    /// Calls something when the process is asked to end; keep what it returns.
    static func onTerminate(
        _ action: @escaping @Sendable () -> Void
    ) -> any DispatchSourceSignal {
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler(handler: action)
        source.resume()
        return source
    }
}
