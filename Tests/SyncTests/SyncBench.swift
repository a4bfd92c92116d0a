import Ambient
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging
import PhoneNumbers
import Sync
import Synchronization
import TestSupport
import Testing

/// A store of its own, a scripted upstream, and the sync handler between them.
///
/// Jobs are run by hand, one after the other, as a worker would.
struct SyncBench {
    /// 2026-03-01T12:00:00Z, where the bench's clock starts.
    static let start: Int64 = 1_772_366_400

    let upstream: ScriptedUpstream
    let store: CallStore
    let handler: SyncHandler
    let ambient: Ambient
    let clock: BenchClock
    let log = BenchLog()
    private let scratch: ScratchFolder

    /// Runs the body on a bench and removes the bench's files.
    static func run(
        _ conversations: [ScriptedUpstream.Conversation] = [],
        pageSize: Int = 100,
        _ body: (SyncBench) async throws -> Void
    ) async throws {
        let bench = try await SyncBench(conversations, pageSize: pageSize)
        do {
            try await body(bench)
        } catch {
            try bench.close()
            throw error
        }
        try bench.close()
    }

    private init(_ conversations: [ScriptedUpstream.Conversation], pageSize: Int) async throws {
        upstream = ScriptedUpstream(conversations, pageSize: pageSize)
        let clock = BenchClock(unix: Self.start)
        self.clock = clock
        let live = Ambient.live(seed: 1)
        ambient = Ambient(
            clock: live.clock,
            elapsed: { .seconds(clock.unix - Self.start) },
            now: { Date(timeIntervalSince1970: TimeInterval(clock.unix)) },
            newID: live.newID,
            chance: live.chance
        )
        scratch = try ScratchFolder()
        store = try await CallStore.open(
            path: scratch.file("store.sqlite"),
            ambient: ambient,
            phoneKey: PhoneKey(id: "test", secret: Data(repeating: 7, count: 32))
        )
        handler = SyncHandler(
            source: upstream,
            store: store,
            reader: CallReader(normalizer: NumberNormalizer(), region: Region("US"))
        )
    }

    private func close() throws {
        try store.close()
    }

    // MARK: Running jobs

    /// How one attempt ended.
    enum End: Equatable {
        case committed
        case rejected(String)
        case stale(String)
        case retry(String)
        case snooze(Duration)
        case discard(String)
        case dead(String)
    }

    /// Runs one attempt and commits what it brings.
    func attempt(_ job: Job) async throws -> End {
        switch try await result(of: job) {
        case .done(let change): return try await commit(change, of: job)
        case .retry(let reason, _): return .retry(reason)
        case .snooze(let wait, _), .rest(let wait, _): return .snooze(wait)
        case .discard(let reason): return .discard(reason)
        case .unknown(let reason): return .discard("unknown: \(reason)")
        case .dead(let reason): return .dead(reason)
        }
    }

    /// Runs one attempt and commits nothing, as a worker that dies before its commit.
    func result(of job: Job) async throws -> HandlerResult<StoreChange> {
        let log = log
        let logger = Logger(label: "test") { _ in log.handler() }
        let context = JobContext(ambient: ambient, logger: logger, fence: 1)
        return try await handler.run(job, in: context)
    }

    func commit(_ change: @escaping StoreChange, of job: Job) async throws -> End {
        let entry = LedgerEntry(
            id: job.id,
            kind: job.kind,
            worker: try WorkerID("test"),
            fence: 1,
            attempt: job.attempt
        )
        let receipt = try await store.commit([LedgerJob(entry: entry, change: change)])
        return switch receipt.verdicts.first {
        case .applied, .alreadyApplied, nil: .committed
        case .stale(let reason): .stale(reason)
        case .rejected(let reason): .rejected(reason)
        }
    }

    func job(_ arguments: SyncArguments, id: String? = nil, lane: Lane = .std) throws -> Job {
        Job(
            id: try JobID(id ?? "sync-\(ambient.newID().uuidString.lowercased())"),
            kind: JobKind.sync.rawValue,
            lane: lane,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: arguments.payload,
            unique: nil,
            uniqueHorizon: .seconds(3600),
            trace: nil
        )
    }

    /// Runs a job and the sync jobs that follow from it, until none is left; delays count as over.
    @discardableResult
    func drain(_ arguments: SyncArguments, attemptsMax: Int = 200) async throws -> [End] {
        var ends = [try await attempt(try job(arguments))]
        while ends.count < attemptsMax, let next = try await waiting().first {
            ends.append(try await attempt(next))
        }
        return ends
    }

    /// Sync jobs that wait in the outbox.
    func waiting() async throws -> [Job] {
        try await outbox().filter { $0.job.kind == JobKind.sync.rawValue }.map { entry in
            var job = try job(.recent, id: entry.id.text, lane: entry.job.lane)
            job.payload = entry.job.payload
            return job
        }
    }

    /// Everything that waits in the outbox, whenever it is due.
    func outbox() async throws -> [OutboxEntry] {
        let seen = clock.unix
        clock.unix = seen + 10 * 24 * 3600
        defer { clock.unix = seen }
        return try await store.dueOutbox(limit: 500)
    }

    /// Arguments of the jobs of a kind that wait in the outbox.
    func payloads(_ kind: JobKind) async throws -> [String] {
        try await outbox().filter { $0.job.kind == kind.rawValue }
            .map { String(decoding: $0.job.payload, as: UTF8.self) }
    }

    func call(_ id: String) async throws -> Call? {
        try await store.call(CallIdentity(conversationID: id))
    }

    /// Puts a webhook into the inbox as the server does.
    func receive(_ body: String) async throws -> InboxID {
        let now = clock.unix * 1000
        return try await store.write { writer in
            let receipt = try writer.receive(
                InboxDelivery(
                    type: nil,
                    conversationID: nil,
                    receivedAtMilliseconds: now,
                    body: Data(body.utf8)
                )
            )
            return switch receipt {
            case .kept(let id), .known(let id): id
            case .erased: throw StoreError.notFound(what: "an erased conversation")
            }
        }
    }

    /// Takes a webhook in, and works through it.
    func deliver(_ body: String) async throws {
        let id = try await receive(body)
        #expect(try await attempt(try job(.inbox(id))) == .committed)
    }
}

/// A wall clock that moves when a test says so.
final class BenchClock: Sendable {
    private let seconds: Mutex<Int64>

    init(unix: Int64) { seconds = Mutex(unix) }

    var unix: Int64 {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }
}

/// Keeps what a handler logs at `critical`.
final class BenchLog: Sendable {
    private let lines = Mutex<[String]>([])

    var critical: [String] { lines.withLock { $0 } }

    func handler() -> any LogHandler { Handler(log: self) }

    private func add(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: BenchLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.level == .critical else { return }
            log.add("\(event.message) \(event.metadata ?? [:])")
        }
    }
}
