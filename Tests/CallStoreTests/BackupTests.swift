import CallStore
import Dispatch
import Foundation
import GRDB
import Testing

@Suite("Backup and restore")
struct BackupTests {
    private static func copy(_ fixture: StoreFixture, _ name: String = "copy") -> String {
        fixture.folder.appendingPathComponent(name).path
    }

    private static func backUp(_ fixture: StoreFixture) async throws -> StoreCopyFacts {
        let copy = copy(fixture)
        return try await fixture.store.backUp(to: copy, passing: copy + ".part")
    }

    @Test("a copy is whole and consistent while others write")
    func online() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_0"))
        try await fixture.commit("j1") { _ in }
        let facts = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Each transaction adds two calls, so a consistent copy holds an odd number.
                for number in 1...200 {
                    try await fixture.store.write { writer in
                        try writer.record(.sample("conv_\(number)"))
                        try writer.record(.sample("conv_\(number)b"))
                    }
                }
            }
            let facts = try await Self.backUp(fixture)
            try await group.waitForAll()
            return facts
        }
        #expect(facts.calls % 2 == 1)
        #expect(facts.lastJobMilliseconds != nil)
        #expect(facts.phoneKeyIDs == ["test"])
        #expect(try await StoreBackup.verify(Self.copy(fixture)) == facts)
        let attributes = try FileManager.default.attributesOfItem(atPath: Self.copy(fixture))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(!FileManager.default.fileExists(atPath: Self.copy(fixture) + ".part"))
    }

    @Test("a file that is there is not replaced")
    func occupied() async throws {
        let fixture = try await StoreFixture()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: Self.copy(fixture)))
        await #expect(throws: StoreError.self) { try await Self.backUp(fixture) }
        let kept = try Data(contentsOf: URL(fileURLWithPath: Self.copy(fixture)))
        #expect(kept == Data("mine".utf8))
        #expect(!FileManager.default.fileExists(atPath: Self.copy(fixture) + ".part"))
    }

    @Test("what is damaged, newer or somebody else's is refused")
    func refusals() async throws {
        let fixture = try await StoreFixture()
        for number in 0..<300 { try await fixture.record(.sample("conv_\(number)")) }
        _ = try await Self.backUp(fixture)
        let sound = try Data(contentsOf: URL(fileURLWithPath: Self.copy(fixture)))
        var broken = sound
        for offset in stride(from: 8192, to: broken.count, by: 4096) {
            broken.replaceSubrange(offset..<(offset + 64), with: Data(repeating: 0xFF, count: 64))
        }
        let damaged = Self.copy(fixture, "damaged")
        try broken.write(to: URL(fileURLWithPath: damaged))
        let foreign = Self.copy(fixture, "foreign")
        try await DatabaseQueue(path: foreign).write { try $0.execute(sql: "create table t (x)") }
        for path in [damaged, foreign] {
            let error = await #expect(throws: StoreError.self) {
                _ = try await StoreBackup.verify(path)
            }
            #expect(error?.caseName == "damaged")
        }
        try await DatabaseQueue(path: Self.copy(fixture)).write { database in
            try database.execute(sql: "pragma user_version = 99")
        }
        let error = await #expect(throws: StoreError.self) {
            _ = try await StoreBackup.verify(Self.copy(fixture))
        }
        #expect(error?.caseName == "newerSchema")
        await #expect(throws: StoreError.self) {
            _ = try await StoreBackup.verify(Self.copy(fixture, "nothing"))
        }
    }

    @Test("a copy whose last commits stand in a log beside it is refused until they are in it")
    func copyWithLog() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        let copy = Self.copy(fixture)
        let place = Self.copy(fixture, "place")
        let files = FileManager.default
        for suffix in ["", "-wal"] {
            try files.copyItem(atPath: fixture.path + suffix, toPath: copy + suffix)
        }
        func restore() async throws {
            try await StoreBackup.restore(
                copy,
                to: place,
                keepingOldAt: Self.copy(fixture, "aside"),
                ambient: fixture.time.ambient(seed: 3)
            )
        }
        let seen = await #expect(throws: StoreError.self) {
            _ = try await StoreBackup.verify(copy)
        }
        let met = await #expect(throws: StoreError.self) { try await restore() }
        for error in [seen, met] {
            #expect(error?.caseName == "unavailable")
            #expect("\(String(describing: error))".contains("pragma journal_mode = delete"))
        }
        #expect(!files.fileExists(atPath: place))
        #expect(!files.fileExists(atPath: place + ".restoring"))
        // What the line says to do.
        try await DatabaseQueue(path: copy).writeWithoutTransaction { database in
            try database.execute(sql: "pragma journal_mode = delete")
        }
        #expect(try await StoreBackup.verify(copy).calls == 1)
        try await restore()
        #expect(try await StoreBackup.verify(place).calls == 1)
    }

    @Test("a log that holds nothing keeps no copy from being restored")
    func copyWithEmptyLog() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        #expect(try await fixture.store.emptyLog())
        let copy = Self.copy(fixture)
        try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
        // As a look at it leaves one.
        try Data().write(to: URL(fileURLWithPath: copy + "-wal"))
        #expect(try await StoreBackup.verify(copy).calls == 1)
        #expect(try await StoreBackup.verify(copy).calls == 1)
    }

    @Test("a checkpoint of somebody else fails neither a copy nor a long look")
    func collidingCheckpoint() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        let (waits, wait) = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        // A full checkpoint has SQLite's lock of checkpoints while it waits for a writer's end, and
        // asks here whether to wait on.
        var patient = Configuration()
        patient.busyMode = .callback { _ in
            wait.yield()
            release.wait()
            return false
        }
        var lasting = Configuration()
        lasting.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: fixture.path, configuration: patient)
        let writer = try DatabaseQueue(path: fixture.path, configuration: lasting)
        try await writer.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Told not to wait, it says that it could not do all.
                await #expect(throws: DatabaseError.self) {
                    _ = try await other.writeWithoutTransaction { try $0.checkpoint(.full) }
                }
                wait.finish()
            }
            // However this ends, or the group would wait for ever.
            defer { release.signal() }
            _ = await waits.first { _ in true }
            #expect(try await fixture.store.checkpoint() > 0)
            #expect(try await Self.backUp(fixture).calls == 1)
            _ = try await fixture.store.look { try $0.mark() }
        }
        try await writer.writeWithoutTransaction { try $0.rollback() }
        #expect(try await fixture.store.checkpoint() == 0)
    }

    @Test("a store that somebody has open is left alone; then it is replaced and kept aside")
    func restores() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        _ = try await Self.backUp(fixture)
        try await fixture.record(.sample("conv_2"))
        let aside = Self.copy(fixture, "aside")
        func restore() async throws {
            try await StoreBackup.restore(
                Self.copy(fixture),
                to: fixture.path,
                keepingOldAt: aside,
                ambient: fixture.time.ambient(seed: 3)
            )
        }
        let error = await #expect(throws: StoreError.self) { try await restore() }
        #expect("\(String(describing: error))".contains("another process has it open"))
        #expect(try await fixture.store.counts().total == 2)
        try fixture.store.close()
        try await restore()
        let store = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 4)
        )
        #expect(try await store.counts().total == 1)
        try store.close()
        #expect(try await StoreBackup.verify(aside).calls == 2)
    }

    @Test("the log of a store that is gone is not played over the copy")
    func strayLog() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        _ = try await Self.backUp(fixture)
        try await fixture.record(.sample("conv_2"))
        let place = Self.copy(fixture, "place")
        let aside = Self.copy(fixture, "aside")
        try FileManager.default.copyItem(atPath: fixture.path + "-wal", toPath: place + "-wal")
        try await StoreBackup.restore(
            Self.copy(fixture),
            to: place,
            keepingOldAt: aside,
            ambient: fixture.time.ambient(seed: 3)
        )
        #expect(try await StoreBackup.verify(place).calls == 1)
        #expect(FileManager.default.fileExists(atPath: aside + "-wal"))
        try fixture.store.close()
    }
}
