import Ambient
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging
import Synchronization
import TestSupport
import Testing
import Upkeep

/// A store and a handler in a folder of their own, with time that the test sets.
final class UpkeepFixture: Sendable {
    private let scratch: ScratchFolder
    let store: CallStore
    let ambient: Ambient
    let clock = UpkeepTime()

    var folder: URL { scratch.url }
    var exports: String { folder.appendingPathComponent("exports").path }

    init() async throws {
        scratch = try ScratchFolder()
        try scratch.makeFolder("exports")
        ambient = clock.ambient
        store = try await CallStore.open(
            path: scratch.file("s.sqlite"),
            ambient: ambient
        )
    }

    func settings(batch: Int = 1_000) -> UpkeepSettings {
        UpkeepSettings(exportsFolder: exports, batch: batch)
    }

    /// Runs one task and all that follows from it; gives the tasks in the order they ran.
    func run(_ task: UpkeepArguments.Task, batch: Int = 1_000) async throws -> [String] {
        let handler = UpkeepHandler(store: store, settings: settings(batch: batch))
        var waiting = [try UpkeepArguments(payload: UpkeepArguments(task).payload)]
        var ran: [String] = []
        while !waiting.isEmpty {
            let arguments = waiting.removeFirst()
            ran.append(arguments.task.rawValue)
            guard ran.count < 200 else { return ran }
            let result = try await handler.run(try job(ran.count, arguments), in: context)
            guard case .done(let change) = result else {
                Issue.record("\(result)")
                return ran
            }
            let entry = LedgerEntry(
                id: JobID(kind: .upkeep, ambient: ambient),
                kind: "upkeep",
                worker: try WorkerID("w"),
                fence: 1,
                attempt: 1
            )
            let receipt = try await store.commit([LedgerJob(entry: entry, change: change)])
            #expect(receipt.verdicts == [.applied])
            waiting += try receipt.outbox.map { try UpkeepArguments(payload: $0.job.payload) }
        }
        return ran
    }

    func attempt(
        _ task: UpkeepArguments.Task,
        with handler: UpkeepHandler
    ) async throws -> HandlerResult<StoreChange> {
        try await handler.run(try job(1, UpkeepArguments(task)), in: context)
    }

    private func job(_ number: Int, _ arguments: UpkeepArguments) throws -> Job {
        try Job.first("u\(number)", kind: "upkeep", lane: .low, payload: arguments.payload)
    }

    private var context: JobContext {
        JobContext(
            ambient: ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            fence: 1
        )
    }

    func touch(_ name: String, ageDays: Double) throws {
        let path = exports + "/" + name
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        let date = ambient.now().addingTimeInterval(-ageDays * 86_400)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: exports).sorted() }
    }
}

final class UpkeepTime: Sendable {
    private let seconds = Mutex<Int64>(1_794_700_000)

    func advance(days: Int64) { seconds.withLock { $0 += days * 86_400 } }

    var milliseconds: Int64 { seconds.withLock { $0 * 1000 } }

    var ambient: Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: TimeInterval(self.seconds.withLock { $0 })) },
            newID: live.newID,
            chance: live.chance
        )
    }
}

@Suite("Upkeep")
struct UpkeepTests {
    @Test("starts every other task, each once, by the outbox")
    func retention() async throws {
        let fixture = try await UpkeepFixture()
        let ran = try await fixture.run(.retention)
        let others = UpkeepArguments.Task.allCases.filter(\.isRetention)
        #expect(ran == ([.retention] + others).map(\.rawValue))
        #expect(try await fixture.store.health().ledgerRows == ran.count)
    }

    @Test("removes webhook bodies after a week, other bodies and riddles after thirteen months")
    func rawBodies() async throws {
        let fixture = try await UpkeepFixture()
        let start = fixture.clock.milliseconds
        func add(_ kind: RawBody.Kind, _ id: String, unreadable: String? = nil) async throws {
            let raw = RawBody(
                kind: kind,
                conversationID: id,
                receivedAtMilliseconds: start,
                body: Data("{\"id\":\"\(id)\"}".utf8),
                unreadableReason: unreadable
            )
            try await fixture.store.write { try $0.storeRaw(raw) }
        }
        for kind in RawBody.Kind.allCases { try await add(kind, "c1") }
        try await add(.webhook, "c2", unreadable: "no JSON")
        func left() async throws -> [Bool] {
            var found: [Bool] = []
            for kind in RawBody.Kind.allCases {
                let identity = CallIdentity(conversationID: "c1")
                found.append(try await fixture.store.rawBody(kind, of: identity) != nil)
            }
            found.append(try await !fixture.store.unreadableBodies(limit: 9).isEmpty)
            return found
        }
        for (days, expected) in [
            (Int64(6), [true, true, true, true]), (2, [true, true, false, true]),
            (387, [true, true, false, true]), (2, [false, false, false, false]),
        ] {
            fixture.clock.advance(days: days)
            _ = try await fixture.run(.rawBodies)
            #expect(try await left() == expected, "after \(days) more days")
        }
    }

    @Test("what somebody has said goes before the settings, from the next job on")
    func saidPeriods() async throws {
        let fixture = try await UpkeepFixture()
        let raw = RawBody(
            kind: .webhook,
            conversationID: "c1",
            receivedAtMilliseconds: fixture.clock.milliseconds,
            body: Data("{}".utf8)
        )
        try await fixture.store.write { try $0.storeRaw(raw) }
        try await fixture.store.write {
            _ = try $0.setRetention(
                .days(20),
                of: .webhooks,
                usual: .days(7),
                by: "ana",
                mayShorten: false
            )
        }
        let identity = CallIdentity(conversationID: "c1")
        for (days, isThere) in [(Int64(19), true), (2, false)] {
            fixture.clock.advance(days: days)
            _ = try await fixture.run(.rawBodies)
            let found = try await fixture.store.rawBody(.webhook, of: identity) != nil
            #expect(found == isThere, "after \(days) more days")
        }
    }

    @Test("removes in bounded batches and hands on while there is more", arguments: [1, 7, 50, 99])
    func batches(batch: Int) async throws {
        let fixture = try await UpkeepFixture()
        let start = fixture.clock.milliseconds
        try await fixture.store.write { writer in
            for number in 0..<50 {
                try writer.storeRaw(
                    RawBody(
                        kind: .detail,
                        conversationID: "c\(number)",
                        receivedAtMilliseconds: start,
                        body: Data("\(number)".utf8)
                    )
                )
            }
        }
        fixture.clock.advance(days: 400)
        let ran = try await fixture.run(.rawBodies, batch: batch)
        #expect(ran.count == 50 / batch + 1)
        let first = CallIdentity(conversationID: "c0")
        #expect(try await fixture.store.rawBody(.detail, of: first) == nil)
    }

    @Test("removes settled webhooks in their time and never one that waits")
    func inbox() async throws {
        let fixture = try await UpkeepFixture()
        let start = fixture.clock.milliseconds
        let ids = try await fixture.store.write { writer in
            try ["waits", "done", "dead"].map { text in
                let delivery = InboxDelivery(
                    type: "post_call_transcription",
                    conversationID: text,
                    receivedAtMilliseconds: start,
                    body: Data(text.utf8)
                )
                guard case .kept(let id) = try writer.receive(delivery) else {
                    throw StoreError.rejected(reason: "it was there already")
                }
                return id
            }
        }
        try await fixture.store.write { writer in
            try writer.settleInbox(ids[1], .done)
            try writer.settleInbox(ids[2], .dead, reason: "no JSON")
        }
        func left() async throws -> [Bool] {
            var found: [Bool] = []
            for id in ids { found.append(try await fixture.store.inboxItem(id) != nil) }
            return found
        }
        for (days, expected) in [
            (Int64(6), [true, true, true]), (2, [true, false, true]), (23, [true, false, false]),
            (400, [true, false, false]),
        ] {
            fixture.clock.advance(days: days)
            _ = try await fixture.run(.inbox)
            #expect(try await left() == expected, "after \(days) more days")
        }
        #expect(try await fixture.store.inboxItem(ids[0])?.delivery.body == Data("waits".utf8))
    }

    @Test("removes ledger rows and forgotten jobs of the outbox after forty-five days")
    func ledger() async throws {
        let fixture = try await UpkeepFixture()
        let entry = LedgerEntry(
            id: try JobID("old"),
            kind: "test",
            worker: try WorkerID("w"),
            fence: 1,
            attempt: 1
        )
        let change: StoreChange = { try $0.addToOutbox(OutboxJob(UpkeepArguments(.database))) }
        _ = try await fixture.store.commit([LedgerJob(entry: entry, change: change)])
        for (days, isThere) in [(Int64(44), true), (2, false)] {
            fixture.clock.advance(days: days)
            _ = try await fixture.run(.ledger)
            let finished = try await fixture.store.finished(among: [entry.id])
            #expect(finished.isEmpty == !isThere)
            let waiting = try await fixture.store.health().outboxWaiting
            #expect(waiting == (isThere ? 1 : 0), "after \(days) more days")
        }
    }

    @Test("removes expired exports and strays of ours, and nothing else in the folder")
    func exports() async throws {
        let fixture = try await UpkeepFixture()
        let base = "calls-20261114T234640Z"
        for fence in [1, 2] {
            let record = ExportRecord(
                jobID: "e\(fence)",
                what: "calls",
                dialect: "data",
                fileName: "\(base)-\(fence).csv",
                manifestName: "\(base)-\(fence).manifest.json",
                rows: 1,
                bytes: 1,
                sha256: String(repeating: "a", count: 64),
                filter: "all calls",
                createdBy: "ana",
                createdMilliseconds: fixture.clock.milliseconds,
                expiresMilliseconds: fixture.clock.milliseconds + Int64(fence) * 5 * 86_400_000
            )
            try await fixture.store.write { try $0.add(record) }
        }
        for fence in 1...4 {
            try fixture.touch("\(base)-\(fence).csv", ageDays: fence == 4 ? -5.5 : 0)
            try fixture.touch("\(base)-\(fence).manifest.json", ageDays: fence == 4 ? -5.5 : 0)
        }
        for suffix in [".csv.part", ".rows", ".reach", ".progress", ".progress.part"] {
            try fixture.touch("\(base)-5\(suffix)", ageDays: 0)
        }
        try fixture.touch("\(base)-6.ndjson", ageDays: 0)
        for name in ["notes.txt", "calls.csv", ".hidden", "calls-2026-1.csv"] {
            try fixture.touch(name, ageDays: 0)
        }
        try FileManager.default.createDirectory(
            atPath: fixture.exports + "/nightly",
            withIntermediateDirectories: true
        )
        try fixture.touch("nightly/\(base)-9.csv", ageDays: 0)
        try fixture.touch("nightly/notes.txt", ageDays: 0)
        let others = [".hidden", "calls-2026-1.csv", "calls.csv", "nightly", "notes.txt"]
        fixture.clock.advance(days: 6)
        _ = try await fixture.run(.exports)
        let kept = [2, 4].flatMap { ["\(base)-\($0).csv", "\(base)-\($0).manifest.json"] }
        #expect(try fixture.files == (kept + others).sorted())
        let nightly = fixture.exports + "/nightly"
        #expect(try FileManager.default.contentsOfDirectory(atPath: nightly) == ["notes.txt"])
        let records = try await fixture.store.exports(limit: 9)
        #expect(records.map(\.state) == [.finished, .expired])
        _ = try await fixture.run(.exports)
        #expect(try fixture.files == (kept + others).sorted())
        fixture.clock.advance(days: 401)
        _ = try await fixture.run(.exports)
        #expect(try fixture.files == others.sorted())
        #expect(try await fixture.store.exports(limit: 9).isEmpty)
    }

    @Test("says that an export cannot be removed, and does not call it expired")
    func cannotRemove() async throws {
        let fixture = try await UpkeepFixture()
        let record = ExportRecord(
            jobID: "e1",
            what: "calls",
            dialect: "data",
            fileName: "calls-20261114T234640Z-1.csv",
            manifestName: "calls-20261114T234640Z-1.manifest.json",
            rows: 1,
            bytes: 1,
            sha256: String(repeating: "a", count: 64),
            filter: "all calls",
            createdBy: "ana",
            createdMilliseconds: fixture.clock.milliseconds,
            expiresMilliseconds: fixture.clock.milliseconds
        )
        try await fixture.store.write { try $0.add(record) }
        // A folder in the place of the file: unlink refuses it, also for root.
        try FileManager.default.createDirectory(
            atPath: fixture.exports + "/" + record.fileName,
            withIntermediateDirectories: true
        )
        let handler = UpkeepHandler(store: fixture.store, settings: fixture.settings())
        let result = try await fixture.attempt(.exports, with: handler)
        guard case .retry(let reason, _) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains(record.fileName))
        #expect(try await fixture.store.exports(limit: 9).map(\.state) == [.finished])
    }
}
