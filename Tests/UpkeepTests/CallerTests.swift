import Ambient
import CallJobs
import CallStore
import Foundation
import GRDB
import JobQueue
import JobWorker
import Logging
import PhoneNumbers
import Synchronization
import TestSupport
import Testing
import Upkeep

/// A store with a caller in it, and export files beside it.
final class CallerFixture: Sendable {
    static let number = "+14155550123"
    static let other = "+4915112345678"

    private let scratch: ScratchFolder
    let store: CallStore
    fileprivate let clock = UpkeepClock()

    var folder: URL { scratch.url }
    var exports: String { folder.appendingPathComponent("exports").path }
    var path: String { folder.appendingPathComponent("s.sqlite").path }

    init() async throws {
        scratch = try ScratchFolder()
        try scratch.makeFolder("exports")
        store = try await CallStore.open(
            path: scratch.file("s.sqlite"),
            ambient: clock.ambient,
            phoneKey: PhoneKey(id: "test", secret: Data("a secret of the tests only".utf8))
        )
    }

    var number: CallerIdentity {
        get throws { try #require(CallerIdentity(stored: Self.number)) }
    }

    /// Calls of the caller and of somebody else, a recipient, and an export that names the caller.
    func fill(calls: Int = 3) async throws {
        let started = clock.unix - 3600
        try await store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            for (index, number) in [Self.number, Self.other].enumerated() {
                try writer.add(
                    NewRecipient(
                        campaign: campaign,
                        reference: "customer-\(index)",
                        name: "Person \(index)",
                        phone: Self.party(number)
                    )
                )
            }
            for index in 0..<calls {
                try writer.record(Self.record("conv_a\(index)", Self.number, started, "zyxomma"))
                try writer.storeRaw(
                    RawBody(
                        kind: .detail,
                        conversationID: "conv_a\(index)",
                        receivedAtMilliseconds: 1,
                        body: Data("{\"number\":\"\(Self.number)\"}".utf8)
                    )
                )
            }
            try writer.record(Self.record("conv_b", Self.other, started, "ordinary"))
        }
        try file("calls-20261121T120000Z-1.csv", "conv_a0,\(Self.number)\r\n")
        try file("calls-20261121T120000Z-1.manifest.json", "{}")
        try file("calls-20261121T130000Z-2.csv", "conv_b,\(Self.other)\r\n")
        try file("calls-20261121T140000Z-3.csv.part", "0 (415) 555-0123")
        try file("mine.txt", Self.number)
        let now = clock.unix * 1000
        try await store.write { writer in
            _ = try writer.add(
                ExportRecord(
                    jobID: "e1",
                    what: "calls",
                    dialect: "data",
                    fileName: "calls-20261121T120000Z-1.csv",
                    manifestName: "calls-20261121T120000Z-1.manifest.json",
                    rows: 1,
                    bytes: 1,
                    sha256: String(repeating: "0", count: 64),
                    filter: "all calls",
                    createdBy: "grace",
                    createdMilliseconds: now,
                    expiresMilliseconds: now + 86_400_000
                )
            )
        }
    }

    func file(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: exports + "/" + name))
    }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: exports).sorted() }
    }

    static func party(_ number: String) -> PartyNumber {
        PartyNumber(raw: number, e164: E164(stored: number), kind: .e164, normaliserVersion: "t")
    }

    static func record(
        _ id: String,
        _ number: String,
        _ started: Int64,
        _ word: String
    ) -> CallRecord {
        record(id, party(number), started, word)
    }

    static func record(
        _ id: String,
        _ caller: PartyNumber,
        _ started: Int64,
        _ word: String
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: .detail,
            fetchedAtMilliseconds: started * 1000,
            agentID: "agent_1",
            status: .done
        )
        record.startedUnix = started
        record.durationSeconds = 60
        record.channel = .phone
        record.direction = .inbound
        record.caller = caller
        record.callSuccessful = "success"
        record.summary = "The caller said \(word)."
        record.transcript = [
            Turn(speaker: .caller, message: "I say \(word), ünïcode.", secondsIn: 1)
        ]
        return record
    }

    func eraser(jobs: JobCopies = .none) -> Eraser {
        Eraser(store: store, exportsFolder: exports, jobs: jobs, ambient: clock.ambient)
    }

    /// Whether the bytes of the database or its log hold a text.
    func holds(_ text: String) throws -> Bool {
        for suffix in ["", "-wal"] {
            let url = URL(fileURLWithPath: path + suffix)
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            if try Data(contentsOf: url).range(of: Data(text.utf8)) != nil { return true }
        }
        return false
    }
}

private final class UpkeepClock: Sendable {
    private let seconds = Mutex<Int64>(1_794_700_000)

    var unix: Int64 { seconds.withLock { $0 } }

    func advance(days: Int64) { seconds.withLock { $0 += days * 86_400 } }

    var ambient: Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: TimeInterval(self.unix)) },
            newID: live.newID,
            chance: live.chance
        )
    }
}

private struct Killed: Error {}

@Suite("a caller's data")
struct CallerTests {
    // MARK: Erasure

    @Test("erasing empties the database's own bytes, and removes files that name the caller")
    func erases() async throws {
        let fixture = try await CallerFixture()
        try await fixture.fill()
        #expect(try fixture.holds("zyxomma"))
        #expect(try fixture.holds(CallerFixture.number))
        let eraser = fixture.eraser()
        let id = try await eraser.begin(try fixture.number, by: "ada")
        #expect(try await eraser.begin(try fixture.number, by: "bob") == id)
        let done = try await eraser.run(id)
        #expect(done.step == .done)
        #expect(done.caller == nil)
        #expect((done.report.calls, done.report.recipients, done.report.bodies) == (3, 1, 3))
        #expect(
            done.report.files == [
                "calls-20261121T120000Z-1.csv", "calls-20261121T140000Z-3.csv.part",
            ]
        )
        #expect(done.report.sentTo.map(\.person) == ["grace"])
        #expect(try fixture.files == ["calls-20261121T130000Z-2.csv", "mine.txt"])
        #expect(try !fixture.holds("zyxomma"))
        #expect(try !fixture.holds(CallerFixture.number))
        #expect(try fixture.holds("ordinary"))
        #expect(try fixture.holds(CallerFixture.other))
        let later = fixture.store
        let asked = try await later.dueOutboxSoon(fixture.clock)
            .filter { $0.job.kind == "sync" }
            .map { String(decoding: $0.job.payload, as: UTF8.self) }
        #expect(asked.count == 3)
        #expect(asked.allSatisfy { $0.contains("\"erase\":\"conv_a") })
        #expect(try await fixture.store.verifyAuditLog().brokenAt == nil)
    }

    @Test("an erasure that dies in any step is finished by the next one who takes it up")
    func resumes() async throws {
        for step in Erasure.Step.allCases where step != .done {
            let fixture = try await CallerFixture()
            try await fixture.fill(calls: 2)
            let eraser = fixture.eraser()
            let id = try await eraser.begin(try fixture.number, by: "ada")
            await #expect(throws: Killed.self, "\(step)") {
                _ = try await fixture.eraser(
                    jobs: JobCopies(queues: []) {
                        // The last thing that is done of the last step.
                        if step == .database { throw Killed() }
                    }
                ).run(id, until: step)
            }
            let handler = UpkeepHandler(
                store: fixture.store,
                settings: UpkeepSettings(exportsFolder: fixture.exports)
            )
            let open = try await fixture.store.openErasures()
            #expect(open.map(\.step) == [step])
            let context = JobContext(
                ambient: fixture.clock.ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                fence: 1
            )
            let result = try await handler.run(try Self.job(.erasures), in: context)
            guard case .done = result else {
                Issue.record("\(step): \(result)")
                return
            }
            let done = try #require(try await fixture.store.erasure(id))
            #expect(done.step == .done, "\(step)")
            #expect(try !fixture.holds("zyxomma"), "\(step)")
            #expect(try !fixture.holds(CallerFixture.number), "\(step)")
            #expect(try fixture.files == ["calls-20261121T130000Z-2.csv", "mine.txt"], "\(step)")
            #expect((done.report.calls, done.report.upstream) == (2, 2), "\(step)")
        }
    }

    // MARK: Copy for the caller

    @Test("the archive is a ZIP that others unpack, and holds the caller's data alone")
    func archive() async throws {
        let fixture = try await CallerFixture()
        try await fixture.fill()
        let path = fixture.folder.appendingPathComponent("copy.zip").path
        let calls = try await CallerArchive(store: fixture.store).write(
            try fixture.number,
            to: path,
            at: fixture.clock.ambient.now()
        )
        #expect(calls == 3)
        let rights = try FileManager.default.attributesOfItem(atPath: path)
        #expect(rights[.posixPermissions] as? Int == 0o600)
        let script = """
            import json, sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            assert archive.testzip() is None
            caller = json.loads(archive.read("caller.json"))
            call = json.loads(archive.read("calls/conv_a1.json"))
            print(" ".join(sorted(archive.namelist())))
            print(caller["number"], caller["calls"], caller["recipients"][0]["reference"])
            print(caller["dataGivenTo"][0]["person"])
            print(call["transcript"][0]["message"])
            print(archive.read("transcripts/conv_a1.txt").decode().strip())
            print(len(archive.read("calls.csv").decode().splitlines()))
            print("\(CallerFixture.other)" in str([archive.read(n) for n in archive.namelist()]))
            """
        let process = try await ChildProcess.launch(
            ChildProcess.Command(["python3", "-c", script, path])
        )
        let ending = await process.ended()
        #expect(ending == .exited(0), "\(process.recentOutput)")
        let lines = process.recentOutput.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "caller.json calls.csv calls/conv_a0.json calls/conv_a1.json calls/conv_a2.json "
                    + "transcripts/conv_a0.txt transcripts/conv_a1.txt transcripts/conv_a2.txt",
                "\(CallerFixture.number) 3 customer-0",
                "grace",
                "I say zyxomma, ünïcode.",
                "[1 s] caller: I say zyxomma, ünïcode.",
                "4",
                "False",
            ]
        )
        await #expect(throws: ArchiveError.self) {
            _ = try await CallerArchive(store: fixture.store).write(
                try fixture.number,
                to: path,
                at: fixture.clock.ambient.now()
            )
        }
    }

    // MARK: Retention

    @Test("numbers and transcripts go when their time is over, figures stay, and it is told")
    func retention() async throws {
        let fixture = try await CallerFixture()
        try await fixture.fill()
        fixture.clock.advance(days: 40)
        try await fixture.store.write { writer in
            try writer.record(
                CallerFixture.record(
                    "conv_new",
                    CallerFixture.number,
                    fixture.clock.unix - 3600,
                    "fresh"
                )
            )
        }
        var settings = UpkeepSettings(exportsFolder: fixture.exports, batch: 2)
        settings.numbers = .days(60)
        settings.transcripts = .days(30)
        try await run([.numbers, .transcripts, .recipientNumbers], fixture, settings)
        func count(_ sql: String) throws -> Int {
            try DatabaseQueue(path: fixture.path).read { try Int.fetchOne($0, sql: sql) ?? -1 }
        }
        #expect(try count("select count(*) from call_parties") == 5)
        #expect(try count("select count(distinct call_id) from turns") == 1)
        #expect(try count("select count(*) from calls where summary is not null") == 1)
        #expect(try count("select count(*) from raw_bodies") == 0)
        settings.numbers = .days(30)
        try await run([.numbers, .transcripts, .recipientNumbers], fixture, settings)
        #expect(try count("select count(*) from call_parties") == 1)
        #expect(try count("select count(*) from recipients where raw is not null") == 0)
        #expect(try count("select count(*) from calls where call_successful = 'success'") == 5)
        let told = try await fixture.store.auditLog(action: "retention", limit: 100)
        var removed: [String: Int64] = [:]
        for entry in told {
            guard case .integer(let count) = entry.note.after?["removed"] else { continue }
            removed[entry.note.object, default: 0] += count
        }
        #expect(
            removed == [
                "class:transcripts": 4, "class:numbers": 4, "class:recipient-numbers": 2,
            ]
        )
    }

    private func run(
        _ tasks: [UpkeepArguments.Task],
        _ fixture: CallerFixture,
        _ settings: UpkeepSettings
    ) async throws {
        let handler = UpkeepHandler(store: fixture.store, settings: settings)
        let context = JobContext(
            ambient: fixture.clock.ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            fence: 1
        )
        var waiting = tasks.map { UpkeepArguments($0) }
        var turns = 0
        while !waiting.isEmpty, turns < 100 {
            turns += 1
            let arguments = waiting.removeFirst()
            let result = try await handler.run(
                try Self.job(arguments.task, after: arguments.after),
                in: context
            )
            guard case .done(let change) = result else {
                Issue.record("\(result)")
                return
            }
            let added = try await fixture.store.write { writer in
                try change(writer)
                return writer.outboxAdded
            }
            waiting += try added.map { try UpkeepArguments(payload: $0.job.payload) }
        }
    }

    private static func job(_ task: UpkeepArguments.Task, after: Int64 = 0) throws -> Job {
        Job(
            id: try JobID("u1"),
            kind: "upkeep",
            lane: .low,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: UpkeepArguments(task, after: after).payload,
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
    }
}

extension CallStore {
    /// What waits in the outbox, as of a day from now.
    fileprivate func dueOutboxSoon(_ clock: UpkeepClock) async throws -> [OutboxEntry] {
        clock.advance(days: 1)
        return try await dueOutbox(limit: 100)
    }
}

extension Eraser {
    /// Goes through the steps and dies before this one, or at the very end of it.
    fileprivate func run(_ id: ErasureID, until step: Erasure.Step) async throws -> Erasure {
        try await run(id) { erasure in
            guard erasure.step == step, step != .database else { return }
            throw Killed()
        }
    }
}
