import Ambient
import CallJobs
import CallStore
import Export
import Foundation
import JobQueue
import JobWorker
import Logging
import PhoneNumbers
import TestSupport

/// A store with calls, an exports folder and a handler.
final class ExportFixture: Sendable {
    static let now: Int64 = 1_794_800_000

    private let scratch: ScratchFolder
    let store: CallStore
    let ambient: Ambient
    let handler: ExportHandler

    var folder: URL { scratch.url }
    var exports: String { folder.appendingPathComponent("exports").path }

    init() async throws {
        scratch = try ScratchFolder()
        let live = Ambient.live(seed: 1)
        ambient = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: TimeInterval(Self.now)) },
            newID: live.newID,
            chance: live.chance
        )
        store = try await CallStore.open(
            path: scratch.file("s.sqlite"),
            ambient: ambient,
            phoneKey: try PhoneKey(id: "t", secret: Data("a secret of the tests only".utf8))
        )
        handler = ExportHandler(
            store: store,
            settings: ExportSettings(folder: scratch.file("exports"))
        )
    }

    func run(
        _ arguments: ExportArguments,
        job: String = "export-1",
        fence: Int64 = 7
    ) async throws -> HandlerResult<StoreChange> {
        try await run(payload: arguments.payload, job: job, fence: fence)
    }

    func run(
        payload: [UInt8],
        job: String = "export-1",
        fence: Int64 = 7
    ) async throws -> HandlerResult<StoreChange> {
        let job = try Job.first(job, kind: "export", payload: payload)
        let context = JobContext(
            ambient: ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            fence: fence
        )
        return try await handler.run(job, in: context)
    }

    /// Commits a handler's effect as its job's result.
    func commit(
        _ result: HandlerResult<StoreChange>,
        job: String = "export-1",
        fence: Int64 = 7
    ) async throws -> LedgerVerdict? {
        guard case .done(let change) = result else { return nil }
        let entry = LedgerEntry(
            id: try JobID(job),
            kind: "export",
            worker: try WorkerID("w"),
            fence: fence,
            attempt: 1
        )
        return try await store.commit([LedgerJob(entry: entry, change: change)]).verdicts.first
    }

    /// Runs one export to its end and gives its record; each number is a job of its own.
    func export(_ arguments: ExportArguments, number: Int = 1) async throws -> ExportRecord? {
        let job = "export-\(number)"
        let fence = Int64(number) + 100
        let result = try await run(arguments, job: job, fence: fence)
        guard try await commit(result, job: job, fence: fence) == .applied else { return nil }
        return try await store.exports(limit: 1).first
    }

    /// Every job of the outbox, also what the sweep leaves to whoever committed it.
    func outbox() async throws -> [OutboxEntry] {
        let live = Ambient.live(seed: 2)
        let later = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: TimeInterval(Self.now) + 3_600) },
            newID: live.newID,
            chance: live.chance
        )
        let store = try await CallStore.open(path: store.path, ambient: later)
        let entries = try await store.dueOutbox(limit: 500)
        try store.close()
        return entries
    }

    func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: exports + "/" + name)))
    }

    /// The rows of an export as dictionaries by column.
    func rows(_ record: ExportRecord) throws -> [[String: String]] {
        let records = try CSVReader.records(try file(record.fileName))
        guard let header = records.first else { return [] }
        return records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }

    @discardableResult
    func addCall(
        _ number: Int,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) async throws
        -> Recorded
    {
        var record = CallRecord(
            identity: CallIdentity(conversationID: "conv_\(number)"),
            source: .detail,
            fetchedAtMilliseconds: Self.now * 1000,
            agentID: "agent_1",
            status: .done
        )
        record.startedUnix = 1_794_700_000 + Int64(number)
        record.durationSeconds = 60 + number
        record.channel = .phone
        record.direction = .inbound
        record.caller = PartyNumber(
            raw: "(415) 555-0123",
            e164: E164(stored: "+14155550123"),
            kind: .e164,
            normaliserVersion: "t"
        )
        record.callSuccessful = "success"
        change(&record)
        let reading = record
        return try await store.write { try $0.record(reading) }
    }
}
