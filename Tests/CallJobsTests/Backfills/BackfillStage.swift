import Ambient
import CallJobs
import CallStore
import Foundation
import GRDB
import JobQueue
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import Scheduling
import Synchronization
import TestSupport

/// A queue on a Redis of its own, a store, feeders and workers that a seed drives step by step.
///
/// Nothing runs at the same time: each step is drawn, so a seed gives the same run. Time moves only
/// when the stage says so, for the store and for the queue's scripts alike.
final class BackfillStage: Sendable {
    static let workerCount = 3
    static let feederCount = 2

    /// Every so many slices one fails for good.
    static let failEvery = 97

    let server: PrivateRedis
    let client: RedisClient
    let queue: RedisQueue
    private let folder: ScratchFolder
    let time: StageTime
    let random: SharedRandom
    let id: BackfillID
    private let opened: Mutex<CallStore>

    var store: CallStore { opened.withLock { $0 } }
    var path: String { folder.file("s.sqlite") }

    /// The shipped scripts, but for where they take the time from.
    private static let scripts = QueueScripts(tuning: QueueTuning()) { _, source in
        source.replacingOccurrences(
            of: "redis.call('TIME')",
            with: "redis.call('LRANGE', KEYS[1] .. ':clock', 0, 1)"
        )
    }

    private init(
        server: PrivateRedis,
        client: RedisClient,
        queue: RedisQueue,
        folder: ScratchFolder,
        store: CallStore,
        time: StageTime,
        random: SharedRandom,
        id: BackfillID
    ) {
        self.server = server
        self.client = client
        self.queue = queue
        self.folder = folder
        self.time = time
        self.random = random
        self.id = id
        opened = Mutex(store)
    }

    /// Runs a body on a stage with one backfill of so many slices, and clears everything away.
    static func run(
        slices: Int,
        seed: UInt64,
        _ body: (BackfillStage) async throws -> Void
    ) async throws {
        var options = PrivateRedisOptions()
        // Acknowledged is on disk: a kill of the server loses nothing.
        options.appendFsync = .always
        let server = try await PrivateRedis.start(options)
        let client = try RedisClient(
            RedisConfiguration(address: .unix(path: server.socketPath)),
            on: MultiThreadedEventLoopGroup.singleton.next(),
            ambient: .live(seed: seed),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var failure: (any Error)?
        do {
            let stage = try await make(server, client, slices: slices, seed: seed)
            do {
                try await body(stage)
            } catch {
                failure = error
            }
            await stage.queue.close()
            try stage.store.close()
        } catch {
            failure = failure ?? error
        }
        await client.close()
        await server.kill()
        if let failure { throw failure }
    }

    private static func make(
        _ server: PrivateRedis,
        _ client: RedisClient,
        slices: Int,
        seed: UInt64
    ) async throws -> BackfillStage {
        let queue = try RedisQueue(
            JobKind.sync.queue,
            commands: client,
            scripts: scripts,
            ambient: .live(seed: seed),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let folder = try ScratchFolder()
        guard let id = BackfillID("bf-test") else { throw Failure(reason: "no id") }
        let time = StageTime()
        let store = try await CallStore.open(
            path: folder.file("s.sqlite"),
            ambient: time.ambient(seed: seed)
        )
        let range = BackfillRange(
            fromUnix: 1_700_000_000,
            toUnix: 1_700_000_000 + Int64(slices) * 60,
            sliceSeconds: 60
        )
        try await store.write { try $0.start(range, as: id, by: "test") }
        let stage = BackfillStage(
            server: server,
            client: client,
            queue: queue,
            folder: folder,
            store: store,
            time: time,
            random: SharedRandom(seed: seed),
            id: id
        )
        try await stage.advance(0)
        try stage.countEffects()
        return stage
    }

    struct Failure: Error {
        var reason: String
    }

    /// One beat of a worker.
    func beat(_ worker: WorkerID, holding batch: Batch?, slots: Int) async throws {
        let batches = batch.map { [$0.reference] } ?? []
        let presence = Presence(
            worker: worker,
            host: "test",
            processID: 1,
            version: "1",
            startedMilliseconds: 1,
            slots: slots,
            busy: batches.count,
            batches: batches
        )
        let call = ScriptCalls(keys: queue.keys, scripts: Self.scripts).beat(presence)
        _ = try await client.evaluate(call.script, keys: call.keys, arguments: call.arguments)
    }

    // MARK: - Time and stores

    /// Lets time go on for the store and the queue.
    func advance(_ seconds: Int64) async throws {
        time.advance(seconds)
        let now = time.milliseconds
        let key = queue.keys.leases + ":clock"
        _ = try await client.pipeline([
            RedisCommand("DEL", key),
            RedisCommand("RPUSH", key, "\(now / 1000)", "\(now % 1000 * 1000)"),
        ])
    }

    /// Counts each end of a slice in a table that no constraint keeps from counting twice.
    private func countEffects() throws {
        try sql { database in
            try database.execute(
                sql: """
                    create table effects (position integer) strict;
                    create trigger count_effects after insert on ledger
                    when new.kind = 'sync' begin
                        insert into effects
                        values (cast(substr(new.job_id, instr(new.job_id, '/') + 1) as integer));
                    end;
                    """
            )
        }
    }

    func sql<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: path, configuration: configuration).write(body)
    }

    func number(_ query: String) throws -> Int {
        try sql { try Int.fetchOne($0, sql: query) ?? -1 }
    }

    /// Puts the store back to an older copy, as `ringback restore` does.
    func restore(from copy: String) async throws {
        try store.close()
        try await StoreBackup.restore(
            copy,
            to: path,
            keepingOldAt: path + ".before",
            ambient: time.ambient(seed: 8)
        )
        let store = try await CallStore.open(path: path, ambient: time.ambient(seed: 9))
        opened.withLock { $0 = store }
    }

    /// A copy of the store as it is now, as `ringback backup` makes it.
    func copy() async throws -> String {
        let copy = folder.file("copy.sqlite")
        _ = try await store.backUp(to: copy, passing: copy + ".part")
        return copy
    }

    /// Where Redis keeps its append-only files.
    private var redisFiles: String { server.folder + "/appendonlydir" }

    /// A copy of what Redis holds now; it is killed and started for it.
    func copyRedis() async throws -> String {
        let copy = folder.file("redis")
        await server.kill()
        try FileManager.default.copyItem(atPath: redisFiles, toPath: copy)
        try await server.start()
        return copy
    }

    /// Puts Redis back to an older copy of its files.
    func restoreRedis(from copy: String) async throws {
        await server.kill()
        try FileManager.default.removeItem(atPath: redisFiles)
        try FileManager.default.copyItem(atPath: copy, toPath: redisFiles)
        try await server.start()
        try await advance(0)
    }
}

/// Wall time that only the stage moves.
final class StageTime: Sendable {
    private static let start: Int64 = 1_794_700_000_000
    private let state = Mutex(start)

    var milliseconds: Int64 { state.withLock { $0 } }

    func advance(_ seconds: Int64) { state.withLock { $0 += seconds * 1000 } }

    /// Time since the start.
    private var elapsed: Duration { .milliseconds(milliseconds - Self.start) }

    /// This time for people; durations are measured by it, too, only when `isElapsing`.
    func ambient(seed: UInt64, isElapsing: Bool = false) -> Ambient {
        let live = Ambient.live(seed: seed)
        let measured: @Sendable () -> Duration = { self.elapsed }
        return Ambient(
            clock: live.clock,
            elapsed: isElapsing ? measured : live.elapsed,
            now: { Date(timeIntervalSince1970: Double(self.milliseconds) / 1000) },
            newID: live.newID,
            chance: live.chance
        )
    }
}
