import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import JobWorker
import RedisClient
import RedisQueue

/// One worker process of a soak; writes its count into a file when it is asked to end.
struct SoakWorkerCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak-worker",
        abstract: "One worker process of a soak.",
        shouldDisplay: false
    )

    @Option(help: "The soak's queue.")
    var queue: String

    @Option(help: "The soak's store.")
    var store: String

    @Option(help: "Jobs at once.")
    var slots: Int

    @Option(help: "Where the count is written.")
    var count: String

    func run(in session: Session) async throws {
        let host = session.host
        let signals = ProcessSignals(shutdown: host.shutdown, elapsed: host.ambient.elapsed) { _ in
            LogLine.toStandardError("soak-worker: ended at once by a second signal")
        }
        defer { withExtendedLifetime(signals) {} }
        let stop = ShutdownSignal()
        host.shutdown.onRequest { stop.trip() }

        let client = try RedisAccess(host.settings).client("soak", for: host)
        let ambient = host.ambient
        let queue = try RedisQueue(
            try QueueName(queue),
            commands: client,
            ambient: ambient,
            logger: host.logger
        )
        let store = try await CallStore.open(path: store, ambient: ambient)
        let relay = OutboxRelay(
            store: store,
            queues: [queue],
            ambient: ambient,
            logger: host.logger
        )
        let tally = SoakTally()
        let worker = Worker(
            queue: queue,
            handler: SoakHandler(tally: tally, now: ambient.now),
            committer: CountedCommitter(
                base: StoreCommitter(store: store, relay: relay),
                tally: tally
            ),
            configuration: WorkerConfiguration(
                worker: try WorkerID("soak-\(getpid())-\(ambient.newID().uuidString.lowercased())"),
                host: ProcessInfo.processInfo.hostName,
                processID: getpid(),
                version: Release.version,
                concurrency: slots
            ),
            ambient: ambient,
            logger: host.logger,
            shutdown: stop,
            abandon: { _ in _exit(Hosting.ExitCode.stuck.rawValue) }
        )
        try await worker.run()
        try JSONEncoder().encode(tally.value).write(to: URL(fileURLWithPath: count))
        await queue.close()
        await client.close()
        try store.close()
    }
}
