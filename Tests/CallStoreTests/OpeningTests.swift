import CallStore
import Foundation
import GRDB
import JobQueue
import TestSupport
import Testing

@Suite("Opening of the store")
struct OpeningTests {
    @Test("makes every table from nothing, and nothing again the second time")
    func twice() async throws {
        let fixture = try await StoreFixture()
        let before = try Self.schema(fixture)
        #expect(before.count > 20)
        try await fixture.record(.sample())
        let again = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2)
        )
        #expect(try Self.schema(fixture) == before)
        #expect(try await again.counts().total == 1)
        try again.close()
    }

    @Test("comes up in all of many openings at once on an empty folder")
    func together() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("s.sqlite")
        let time = TestTime()
        let key = try StoreFixture.phoneKey()
        let totals = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = try await CallStore.open(
                        path: path,
                        ambient: time.ambient(seed: UInt64(number)),
                        phoneKey: key
                    )
                    try await store.write { try $0.record(.sample("conv_\(number)")) }
                    let total = try await store.counts().total
                    try store.close()
                    return total
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(totals.count == 8)
        #expect(totals.max() == 8)
    }

    @Test("keeps the file from other users' eyes and commits to the disk")
    func settings() async throws {
        let fixture = try await StoreFixture()
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let mode = try fixture.sql { try String.fetchOne($0, sql: "pragma journal_mode") }
        #expect(mode == "wal")
        #expect(try fixture.number("pragma application_id") == 0x524E_4742)
        #expect(try await fixture.store.synchronousLevel() == 2)
    }

    @Test("refuses a store that a newer program has written, and leaves it alone")
    func newer() async throws {
        let fixture = try await StoreFixture()
        let known = try await fixture.store.health().schemaVersion
        try fixture.sql { try $0.execute(sql: "pragma user_version = 99") }
        await #expect(throws: StoreError.newerSchema(found: 99, known: known)) {
            _ = try await CallStore.open(
                path: fixture.path,
                ambient: fixture.time.ambient(seed: 2)
            )
        }
        #expect(try fixture.number("pragma user_version") == 99)
    }

    @Test("writes no more once a newer program has brought the store up to date")
    func newerMeanwhile() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        try await fixture.commit("j1") { _ in }
        let known = try await fixture.store.health().schemaVersion
        try fixture.sql { try $0.execute(sql: "pragma user_version = 99") }
        let refusal = StoreError.newerSchema(found: 99, known: known)
        await #expect(throws: refusal) { try await fixture.record(.sample("conv_2")) }
        await #expect(throws: refusal) {
            _ = try await fixture.commit("j2") { try $0.record(.sample("conv_3")) }
        }
        await #expect(throws: refusal) { try await fixture.store.repairFigures() }
        // What is there can still be read, and is what it was.
        #expect(try await fixture.store.counts().total == 1)
        #expect(try fixture.number("select count(*) from ledger") == 1)
        #expect(try fixture.number("pragma user_version") == 99)
    }

    @Test("refuses somebody else's database and what is none")
    func foreign() async throws {
        let folder = try ScratchFolder()
        let other = folder.file("other.sqlite")
        try await DatabaseQueue(path: other).write { try $0.execute(sql: "create table t (x)") }
        let text = folder.file("text.sqlite")
        try folder.write(String(repeating: "no database at all\n", count: 99), to: "text.sqlite")
        for path in [other, text] {
            let error = await #expect(throws: StoreError.self) {
                _ = try await CallStore.open(path: path, ambient: TestTime().ambient(seed: 1))
            }
            #expect(error?.caseName == "damaged")
        }
    }

    @Test("says that a folder is not there")
    func noFolder() async throws {
        let error = await #expect(throws: StoreError.self) {
            _ = try await CallStore.open(
                path: "/nonexistent/ringback/s.sqlite",
                ambient: TestTime().ambient(seed: 1)
            )
        }
        #expect(error?.caseName == "unavailable")
        #expect("\(String(describing: error))".contains("/nonexistent/ringback/s.sqlite"))
        #expect("\(String(describing: error))".contains("No such file"))
    }

    private static func schema(_ fixture: StoreFixture) throws -> [String] {
        try fixture.sql {
            try String.fetchAll($0, sql: "select coalesce(sql, name) from sqlite_schema order by 1")
        }
    }
}

@Suite("Writing to the store from many sides")
struct ContentionTests {
    @Test("lets several pools write at once without a lock error reaching anybody")
    func pools() async throws {
        let fixture = try await StoreFixture()
        try fixture.countEffects()
        let call = try await fixture.record(.sample()).call
        let pools = 8
        let commits = 40
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pool in 0..<pools {
                let store = try await CallStore.open(
                    path: fixture.path,
                    ambient: fixture.time.ambient(seed: UInt64(pool)),
                    phoneKey: StoreFixture.phoneKey()
                )
                group.addTask {
                    for number in 0..<commits {
                        let jobs = try (0..<3).map { part in
                            // Every job is committed by two pools: the ledger lets one through.
                            try StoreFixture.job("j-\(pool / 2)-\(number)-\(part)") { writer in
                                try writer.pin(call, ManualPin(campaign: nil, person: "p"))
                            }
                        }
                        let receipt = try await store.commit(jobs)
                        for verdict in receipt.verdicts {
                            #expect(verdict == .applied || verdict == .alreadyApplied)
                        }
                    }
                    try store.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try fixture.number("select count(*) from effects") == pools / 2 * commits * 3)
        #expect(try fixture.number("select count(*) from ledger") == pools / 2 * commits * 3)
    }

    @Test("gives a full disk as unavailable, changes nothing, and goes on when there is room")
    func full() async throws {
        let fixture = try await StoreFixture()
        var random = Seeded(seed: 1)
        let body = Data((0..<400_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        let raw = RawBody(
            kind: .detail,
            conversationID: "conv_1",
            receivedAtMilliseconds: 1,
            body: body
        )
        try await fixture.store.limitPages(toMoreBy: 20)
        let jobs = [
            try StoreFixture.job("j1") { try $0.record(.sample()) },
            try StoreFixture.job("j2") { try $0.storeRaw(raw) },
        ]
        let error = await #expect(throws: StoreError.self) {
            _ = try await fixture.store.commit(jobs)
        }
        #expect(error?.caseName == "unavailable")
        #expect("\(String(describing: error))".contains("full"))
        #expect(try await fixture.store.counts().total == 0)
        #expect(try fixture.number("select count(*) from ledger") == 0)
        try await fixture.store.limitPages(toMoreBy: 100_000)
        #expect(try await fixture.store.commit(jobs).verdicts == [.applied, .applied])
        #expect(try await fixture.store.rawBody(.detail, of: raw.identity)?.body == body)
    }
}

extension RawBody {
    var identity: CallIdentity {
        CallIdentity(workspace: workspace, conversationID: conversationID ?? "")
    }
}

extension StoreError {
    /// Which case it is, whatever it says.
    var caseName: String {
        switch self {
        case .unavailable: "unavailable"
        case .rejected: "rejected"
        case .stale: "stale"
        case .notFound: "notFound"
        case .newerSchema: "newerSchema"
        case .damaged: "damaged"
        case .cancelled: "cancelled"
        }
    }
}
