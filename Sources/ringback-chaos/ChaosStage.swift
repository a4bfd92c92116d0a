import Ambient
import ArgumentParser
import CallStore
import Foundation
import JobQueue
import NIOPosix
import RedisClient
import RedisQueue
import Synchronization
import TestSupport

/// Redis, the network before it, the store and the processes of one run.
final class ChaosStage: Sendable {
    let terms: ChaosTerms
    let ambient: Ambient
    let folder: String
    let redis: PrivateRedis
    let network: RedisProxy
    let effects: ChaosEffects

    /// The queue from beside the network, and its connection.
    let queue: RedisQueue
    let client: RedisClient

    private let processes = Mutex<[String: ChildProcess]>([:])
    private let stopped = Mutex<[String: Duration]>([:])

    private init(
        terms: ChaosTerms,
        ambient: Ambient,
        folder: String,
        redis: PrivateRedis,
        network: RedisProxy,
        effects: ChaosEffects,
        queue: RedisQueue,
        client: RedisClient
    ) {
        self.terms = terms
        self.ambient = ambient
        self.folder = folder
        self.redis = redis
        self.network = network
        self.effects = effects
        self.queue = queue
        self.client = client
    }

    /// Starts Redis and the network, and makes the store.
    static func start(
        _ terms: ChaosTerms,
        fsync: PrivateRedisOptions.AppendFsync,
        clock: ClockShift?,
        ambient: Ambient
    ) async throws -> ChaosStage {
        let folder = try makeFolder(ambient)
        var options = PrivateRedisOptions(appendFsync: fsync)
        options.clock = clock
        let redis = try await PrivateRedis.start(options)
        let network = try await RedisProxy.start(to: redis.socketPath)
        try await CallStore.open(path: "\(folder)/store.sqlite", ambient: ambient).close()
        let effects = try ChaosEffects(path: "\(folder)/store.sqlite")
        try effects.watch()
        let process = ChaosProcess(
            place: try ChaosPlace.parse(["--url", redis.url, "--database", "none"]),
            terms: terms,
            ambient: ambient
        )
        let (queue, client) = try await process.openQueue()
        return ChaosStage(
            terms: terms,
            ambient: ambient,
            folder: folder,
            redis: redis,
            network: network,
            effects: effects,
            queue: queue,
            client: client
        )
    }

    /// Runs a body on a stage that is taken down afterwards; tells what was said when it did not
    /// hold.
    static func report(
        _ terms: ChaosTerms,
        fsync: PrivateRedisOptions.AppendFsync = .always,
        clock: ClockShift? = nil,
        ambient: Ambient,
        _ body: (ChaosStage) async throws -> ChaosReport
    ) async throws -> ChaosReport {
        try await with(terms, fsync: fsync, clock: clock, ambient: ambient) { stage in
            let report = try await body(stage)
            if !report.failures.isEmpty {
                FileHandle.standardError.write(Data("\(stage.lastWords)\n".utf8))
            }
            return report
        }
    }

    /// Runs a body on a stage that is taken down afterwards.
    static func with<Value>(
        _ terms: ChaosTerms,
        fsync: PrivateRedisOptions.AppendFsync = .always,
        clock: ClockShift? = nil,
        ambient: Ambient,
        _ body: (ChaosStage) async throws -> Value
    ) async throws -> Value {
        let stage = try await start(terms, fsync: fsync, clock: clock, ambient: ambient)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(stage))
        } catch {
            FileHandle.standardError.write(Data("\(stage.lastWords)\n".utf8))
            result = .failure(error)
        }
        await stage.end()
        return try result.get()
    }

    private static func makeFolder(_ ambient: Ambient) throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("ringback-chaos-\(ambient.newID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        return folder.path
    }

    // MARK: - Processes

    /// Starts a worker; it reaches Redis over the network unless it is to be spared.
    func startWorker(_ name: String, hold: Int = 0, overNetwork: Bool = true) async throws {
        let address = overNetwork ? network.url : redis.url
        try await launch(
            name,
            ["worker", "--url", address, "--database", "\(folder)/store.sqlite"]
                + terms.arguments + ["--hold", "\(hold)"]
        )
    }

    func startProducer(_ name: String, arguments: [String]) async throws {
        try await launch(
            name,
            [
                "producer", "--url", network.url, "--database", "\(folder)/store.sqlite",
                "--folder", folder,
            ] + terms.arguments + arguments
        )
    }

    func process(_ name: String) -> ChildProcess? { processes.withLock { $0[name] } }

    /// Names of the processes that run and are not stopped.
    func running(_ prefix: String) -> [String] {
        let stopped = Set(stopped.withLock { $0.keys })
        return processes.withLock { processes in
            processes.filter { $0.value.isRunning && $0.key.hasPrefix(prefix) }.keys
        }
        .filter { !stopped.contains($0) }.sorted()
    }

    /// Names of those that have ended by themselves.
    func ended() -> [String] {
        processes.withLock { $0.filter { !$0.value.isRunning }.keys.sorted() }
    }

    func kill(_ name: String) async {
        stopped.withLock { $0[name] = nil }
        await process(name)?.kill()
    }

    /// Counts a process that was killed on purpose no more.
    func forget(_ name: String) {
        processes.withLock { $0[name] = nil }
    }

    /// Stops a process in its tracks until a moment of this process' clock.
    func stop(_ name: String, until moment: Duration) {
        stopped.withLock { $0[name] = moment }
        process(name)?.signal(SIGSTOP)
    }

    /// Lets those go on whose time has come.
    func wake(at now: Duration) {
        let due = stopped.withLock { stopped in
            let due = stopped.filter { $0.value <= now }.keys
            for name in due { stopped[name] = nil }
            return Array(due)
        }
        for name in due { process(name)?.signal(SIGCONT) }
    }

    private func launch(_ name: String, _ arguments: [String]) async throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = try await ChildProcess.launch(ChildProcess.Command([program] + arguments))
        processes.withLock { $0[name] = process }
    }

    // MARK: - What the queue holds

    /// Waits for a condition by looking again and again, up to a limit.
    func wait(
        for what: String,
        within limit: Duration,
        every interval: Duration = .milliseconds(50),
        _ condition: () async throws -> Bool
    ) async throws {
        let end = ambient.elapsed() + limit
        while ambient.elapsed() < end {
            if try await condition() { return }
            try await ambient.sleep(for: interval)
        }
        throw ChaosFailure.tooLong(waitingFor: what)
    }

    /// Waits until some more jobs are done.
    func waitForProgress(jobs: Int) async throws {
        var start: Int?
        try await wait(for: "more jobs to be done", within: .seconds(terms.lease * 20)) {
            guard let figures = try await figures() else { return false }
            let begin = start ?? figures.counters.succeeded
            start = begin
            return figures.counters.succeeded >= begin + jobs
        }
    }

    /// Whether every job is done or dead.
    func isOver() async throws -> Bool {
        guard let figures = try await figures() else { return false }
        let waiting = figures.ready.values.reduce(0, +) + figures.suspects
        return waiting + figures.running + figures.later == 0
    }

    /// The queue's figures; nil while Redis is away.
    func figures() async throws(QueueError) -> QueueFigures? {
        do throws(QueueError) {
            return try await queue.figures()
        } catch {
            switch error {
            case .unavailable: return nil
            default: throw error
            }
        }
    }

    /// Says something to Redis from beside the network, until it is heard.
    func tell(_ words: [String]) async throws {
        try await wait(for: words.joined(separator: " "), within: .seconds(120)) {
            do throws(RedisError) {
                _ = try await client.send(RedisCommand(words.map { Array($0.utf8) }))
                return true
            } catch {
                return false
            }
        }
    }

    /// Enters jobs in calls of a hundred.
    func enqueue(_ jobs: [NewJob], prefix: String) async throws {
        for start in stride(from: 0, to: jobs.count, by: 100) {
            let call = try EnqueueCallID("\(prefix)-\(start)")
            _ = try await queue.enqueue(
                Array(jobs[start..<min(start + 100, jobs.count)]),
                call: call
            )
        }
    }

    /// Ids of dead jobs, with their reasons.
    func dead() async throws -> [JobID: String] {
        var dead: [JobID: String] = [:]
        var cursor: JobCursor?
        repeat {
            let page = try await queue.jobs(in: .dead, after: cursor, limit: 500)
            for record in page.jobs { dead[record.job.id] = record.reason ?? "" }
            cursor = page.next
        } while cursor != nil
        return dead
    }

    /// Keys that an empty queue does not have.
    func keysLeft() async throws -> [String] {
        let kept: Set = ["ctl", "stat", "workers", "bell", "cancel"]
        var left: [String] = []
        var cursor = "0"
        let prefix = queue.keys.prefix
        repeat {
            let command = RedisCommand("SCAN", cursor, "MATCH", "\(prefix)*", "COUNT", "1000")
            guard case .array(let reply) = try await client.send(command), reply.count == 2,
                case .bytes(let next) = reply[0], case .array(let names) = reply[1]
            else { throw ChaosFailure.oddReply }
            for case .bytes(let bytes) in names {
                let name = String(decoding: bytes, as: UTF8.self).dropFirst(prefix.count)
                let isKept =
                    kept.contains(String(name)) || name.hasPrefix("worker:")
                    || name.hasPrefix("tick:") || name.hasPrefix("ticks:")
                    || name.hasPrefix("call:")
                if !isKept { left.append(String(name)) }
            }
            cursor = String(decoding: next, as: UTF8.self)
        } while cursor != "0"
        return left.sorted()
    }

    /// What the processes said last.
    var lastWords: String {
        processes.withLock { processes in
            processes.sorted { $0.key < $1.key }.map { name, process in
                let lines = process.recentOutput.split(separator: "\n").suffix(25)
                return (["--- \(name)"] + lines.map(String.init)).joined(separator: "\n")
            }
            .joined(separator: "\n")
        }
    }

    private func end() async {
        wake(at: .seconds(Int64.max / 4))
        let all = processes.withLock { processes in
            defer { processes = [:] }
            return Array(processes.values)
        }
        for process in all { await process.kill() }
        await queue.close()
        await client.close()
        await network.end()
        await redis.end()
        do {
            try effects.close()
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            print("cannot remove \(folder): \(error)")
        }
    }
}

/// Why a run could not be made, or did not hold.
enum ChaosFailure: Error, Equatable {
    case tooLong(waitingFor: String)
    case oddReply
}
