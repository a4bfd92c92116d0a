import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import JobQueue
import Logging
import RedisClient
import RedisQueue
import Scheduling

/// The process that makes the jobs: a producer, the scheduler and the sweep of the outbox.
struct ProducerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "producer", shouldDisplay: false)

    /// Schedules that tick each minute.
    static let schedules = 5

    @OptionGroup var place: ChaosPlace
    @OptionGroup var terms: ChaosTerms

    @Option var folder: String
    @Option var jobs: Int
    @Option var seed: UInt64

    @Option(help: "When the first job is due, Unix seconds.")
    var begin: Double

    @Option(help: "When the last job is due, Unix seconds.")
    var end: Double

    func run() async throws {
        let ambient = Ambient.live()
        let process = ChaosProcess(place: place, terms: terms, ambient: ambient)
        let (queue, _) = try await process.openQueue()
        let store = try await CallStore.open(path: place.database, ambient: ambient)
        let scheduler = Scheduler(
            timetable: try Timetable(try Self.timetable()),
            queues: [queue],
            ambient: ambient,
            logger: process.logger
        )
        let relay = OutboxRelay(
            store: store,
            queues: [queue],
            ambient: ambient,
            logger: process.logger
        )
        let sweep = OutboxSweep(relay: relay, ambient: ambient, logger: process.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await scheduler.run() }
            group.addTask { try await sweep.run() }
            group.addTask { try await produce(queue, ambient) }
            try await group.waitForAll()
        }
    }

    static func scheduleName(_ number: Int) -> String { "minute-\(number)" }

    private static func timetable() throws -> [Schedule] {
        try (0..<schedules).map { number in
            guard let name = ScheduleName(scheduleName(number)) else {
                throw ValidationError("A word and a number make a name.")
            }
            return Schedule(
                name: name,
                cadence: try Cadence(parsing: "* * * * *"),
                timeZone: .gmt,
                kind: ChaosTerms.queueText,
                payload: Array("1".utf8),
                catchUp: .all(max: 100, within: .seconds(86_400)),
                overlap: .allow
            )
        }
    }

    /// Enters the jobs in their order, each call until it is acknowledged.
    private func produce(_ queue: some WorkQueue, _ ambient: Ambient) async throws {
        let plan = ChaosPlan(seed: seed, jobs: jobs)
        let progress = ChaosProgress(folder: folder)
        var next = try progress.next()
        while next < jobs {
            let due = begin + (end - begin) * Double(next) / Double(jobs)
            let early = due - ambient.now().timeIntervalSince1970
            if early > 0 { try await ambient.sleep(for: .seconds(min(early, 5))) }
            guard early <= 5 else { continue }
            let call = try plan.call(from: next)
            try await enqueue(call.jobs, call.id, queue, ambient)
            try progress.add(
                next,
                call.jobs.count,
                at: Int64(ambient.now().timeIntervalSince1970 * 1000)
            )
            if call.isDoubled { try await enqueue(call.jobs, call.doubleID, queue, ambient) }
            next += call.jobs.count
        }
        ChaosHandler.say("all jobs are entered")
    }

    private func enqueue(
        _ jobs: [NewJob],
        _ call: EnqueueCallID,
        _ queue: some WorkQueue,
        _ ambient: Ambient
    ) async throws {
        while true {
            let failure: QueueError
            do throws(QueueError) {
                let reply = try await queue.enqueue(jobs, call: call)
                // They are taken all the same: only the next call waits.
                return try await rest(reply.slowDown ?? .zero, ambient)
            } catch {
                failure = error
            }
            try await rest(try Self.pause(after: failure), ambient)
        }
    }

    private func rest(_ time: Duration, _ ambient: Ambient) async throws(QueueError) {
        do {
            try await ambient.sleep(for: time)
        } catch {
            throw .cancelled
        }
    }

    /// How long to wait before the same call is made again.
    private static func pause(after failure: QueueError) throws(QueueError) -> Duration {
        switch failure {
        case .overloaded(_, let wait): wait
        case .unavailable, .full, .refused: .milliseconds(100)
        case .layoutTooNew, .payloadTooLarge, .protocolViolation, .cancelled: throw failure
        }
    }
}
