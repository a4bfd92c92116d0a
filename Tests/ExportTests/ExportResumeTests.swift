import Ambient
import CallJobs
import CallStore
import Crypto
import Export
import Foundation
import JobQueue
import JobWorker
import Logging
import Synchronization
import TestSupport
import Testing

/// Keeps the exports folder as it is on the disk when a part has been written: what a kill -9 at
/// that moment leaves.
private final class KillPoint: Sendable {
    private let seen = Mutex(0)
    let folder: String
    let copy: String
    let part: Int
    let line: String

    init(folder: String, copy: String, part: Int, line: String = "wrote a part") {
        self.folder = folder
        self.copy = copy
        self.part = part
        self.line = line
    }

    func noteLine(_ text: String) {
        guard text == line else { return }
        let number = seen.withLock { seen in
            seen += 1
            return seen
        }
        guard number == part else { return }
        do {
            try FileManager.default.copyItem(atPath: folder, toPath: copy)
        } catch {
            Issue.record("could not copy: \(error)")
        }
    }

    struct Handler: LogHandler {
        let point: KillPoint
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { point.noteLine("\(event.message)") }
    }
}

@Suite("Exports that go on")
struct ExportResumeTests {
    private static let calls = 43
    private static let partCalls = 10

    private static func run(
        _ fixture: ExportFixture,
        folder: String,
        fence: Int64,
        _ arguments: ExportArguments = ExportArguments(person: "ana"),
        point: KillPoint? = nil
    ) async throws -> HandlerResult<StoreChange> {
        let handler = ExportHandler(
            store: fixture.store,
            settings: ExportSettings(folder: folder, partCalls: partCalls)
        )
        let job = try Job.first("export-1", kind: "export", payload: arguments.payload)
        let logger = Logger(label: "test") { _ -> any LogHandler in
            guard let point else { return SwiftLogNoOpLogHandler() }
            return KillPoint.Handler(point: point)
        }
        return try await handler.run(
            job,
            in: JobContext(ambient: fixture.ambient, logger: logger, fence: fence)
        )
    }

    private static func manifest(_ folder: String, fence: Int64) throws -> ExportManifest {
        let path = folder + "/calls-20261116T033320Z-\(fence).manifest.json"
        return try JSONDecoder().decode(
            ExportManifest.self,
            from: Data(contentsOf: URL(fileURLWithPath: path))
        )
    }

    private static func file(_ folder: String, fence: Int64) throws -> [UInt8] {
        Array(
            try Data(
                contentsOf: URL(
                    fileURLWithPath: folder + "/calls-20261116T033320Z-\(fence).csv"
                )
            )
        )
    }

    private static func fixture() async throws -> ExportFixture {
        let fixture = try await ExportFixture()
        for number in 0..<calls { try await fixture.addCall(number) }
        return fixture
    }

    @Test("says from its start on how many calls it has, and one killed then begins anew")
    func reach() async throws {
        let fixture = try await Self.fixture()
        let killed = fixture.folder.appendingPathComponent("killed").path
        let point = KillPoint(
            folder: fixture.exports,
            copy: killed,
            part: 1,
            line: "chose the calls"
        )
        _ = try await Self.run(fixture, folder: fixture.exports, fence: 7, point: point)
        #expect(ExportReach.all(in: killed) == ["export-1": ExportReach(written: 0, all: 43)])
        #expect(ExportReach.all(in: fixture.exports).isEmpty)
        let copy = fixture.folder.appendingPathComponent("later").path
        let later = KillPoint(folder: killed, copy: copy, part: 3)
        _ = try await Self.run(fixture, folder: killed, fence: 8, point: later)
        #expect(ExportReach.all(in: copy)["export-1"] == ExportReach(written: 30, all: 43))
        #expect(
            try Self.file(killed, fence: 8) == (try Self.file(fixture.exports, fence: 7))
        )
        // Nothing but the file and its manifest is left of either.
        let left = try FileManager.default.contentsOfDirectory(atPath: killed)
        #expect(left.allSatisfy { $0.contains("-8.") }, "\(left)")
    }

    @Test("goes on after a kill at every part and gives the same bytes", arguments: 1...5)
    func sameBytes(part: Int) async throws {
        let fixture = try await Self.fixture()
        let killed = fixture.folder.appendingPathComponent("killed").path
        let point = KillPoint(folder: fixture.exports, copy: killed, part: part)
        _ = try await Self.run(fixture, folder: fixture.exports, fence: 7, point: point)
        let whole = try Self.file(fixture.exports, fence: 7)
        // Four whole parts of ten are noted; the last of three ends the file.
        guard part <= 4 else {
            #expect(!FileManager.default.fileExists(atPath: killed))
            return
        }
        _ = try await Self.run(fixture, folder: killed, fence: 8)
        #expect(try Self.file(killed, fence: 8) == whole)
        let manifest = try Self.manifest(killed, fence: 8)
        let first = try Self.manifest(fixture.exports, fence: 7)
        #expect(manifest.sha256 == first.sha256)
        #expect(manifest.parts == first.parts)
        #expect(manifest.mark == first.mark)
        #expect(manifest.rereadParts.isEmpty)
        #expect(manifest.rows == Int64(Self.calls))
        #expect(manifest.parts.map(\.calls) == [10, 10, 10, 10, 3])
        for part in manifest.parts {
            let bytes = whole[Int(part.offset)..<Int(part.offset + part.bytes)]
            let digest = SHA256.hash(data: bytes).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            #expect(part.sha256 == digest.joined())
        }
        // Nothing is left of what was only needed to go on.
        let names = try FileManager.default.contentsOfDirectory(atPath: killed).sorted()
        #expect(
            names == [
                "calls-20261116T033320Z-8.csv", "calls-20261116T033320Z-8.manifest.json",
            ]
        )
    }

    @Test("gives the rows as of its mark although a sync writes, and names the part it read again")
    func asOfMark() async throws {
        let fixture = try await Self.fixture()
        let killed = fixture.folder.appendingPathComponent("killed").path
        let point = KillPoint(folder: fixture.exports, copy: killed, part: 2)
        _ = try await Self.run(fixture, folder: fixture.exports, fence: 7, point: point)
        let atMark = try CSVReader.records(try Self.file(fixture.exports, fence: 7))
        // Meanwhile: new calls before, among and after the rest; one changed in a part that is
        // written, one in a part that is not; one removed.
        for number in [100, 25, -5] {
            try await fixture.addCall(number) {
                $0.identity = CallIdentity(conversationID: "new_\(number)")
                $0.startedUnix = 1_794_700_000 + Int64(number)
            }
        }
        for number in [3, 34] {
            try await fixture.addCall(number) {
                $0.fetchedAtMilliseconds += 1000
                $0.title = "changed"
            }
        }
        _ = try await Self.run(fixture, folder: killed, fence: 8)
        let manifest = try Self.manifest(killed, fence: 8)
        let resumed = try CSVReader.records(try Self.file(killed, fence: 8))
        #expect(manifest.rereadParts == [4])
        #expect(manifest.parts.map(\.changed) == [0, 0, 0, 1, 0])
        #expect(manifest.parts.allSatisfy { $0.gone == 0 })
        #expect(resumed.count == atMark.count)
        let differing = zip(resumed, atMark).filter { $0 != $1 }
        #expect(differing.count == 1)
        #expect(differing.first?.0.contains("changed") == true)
        #expect(differing.first?.0.contains("conv_34") == true)
        #expect(!resumed.joined().contains { $0.hasPrefix("new_") })
    }

    @Test("begins anew when what is left was damaged or is of another job")
    func damaged() async throws {
        let fixture = try await Self.fixture()
        let killed = fixture.folder.appendingPathComponent("killed").path
        let point = KillPoint(folder: fixture.exports, copy: killed, part: 3)
        _ = try await Self.run(fixture, folder: fixture.exports, fence: 7, point: point)
        let whole = try Self.file(fixture.exports, fence: 7)
        // The second part loses a byte: only the first is taken over.
        let path = killed + "/calls-20261116T033320Z-7.csv.part"
        let first = try Self.manifest(fixture.exports, fence: 7).parts[0]
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: UInt64(first.bytes) + 5)
        try handle.write(contentsOf: Data([0x21]))
        try handle.close()
        _ = try await Self.run(fixture, folder: killed, fence: 8)
        #expect(try Self.file(killed, fence: 8) == whole)
        #expect(try Self.manifest(killed, fence: 8).parts.count == 5)
    }
}
