import Ambient
import ArgumentParser
import JobQueue
import JobWorker
import Logging
import NIOPosix
import RedisClient
import RedisQueue

/// One worker process of a benchmark: runs no-op jobs until it is killed.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "drain", shouldDisplay: false)

    @Option(help: "URL of the Redis server.")
    var redis: String

    @Option(help: "Name of the queue.")
    var queue: String

    func run() async throws {
        let ambient = Ambient.live()
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let client = try RedisClient(
            RedisConfiguration(url: redis),
            on: MultiThreadedEventLoopGroup.singleton.any(),
            ambient: ambient,
            logger: logger
        )
        let stage = BenchWorker(ambient: ambient, logger: logger)
        try await stage
            .worker(
                try RedisQueue(
                    try QueueName(queue),
                    commands: client,
                    ambient: ambient,
                    logger: logger
                ),
                handler: IdleHandler(effect: ()),
                committer: NoLedger(),
                shutdown: ShutdownSignal()
            )
            .run()
    }
}
