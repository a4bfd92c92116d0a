import Ambient
import CallStore
import Foundation
import PhoneNumbers
import TestSupport
import Testing
import Upkeep

/// Callers without a number, known by a SIP address alone.
@Suite("a caller with a SIP address")
struct SIPCallerTests {
    private static let alice = CallerIdentity.sip("alice@pbx.example.com")
    private static let started: Int64 = 1_794_700_000

    private static func party(_ user: String) -> PartyNumber {
        PartyNumber(
            raw: "sip:\(user)@PBX.example.com:5060;transport=udp",
            e164: nil,
            sipUser: "\(user.lowercased())@pbx.example.com",
            kind: .sipUser,
            normaliserVersion: "t"
        )
    }

    private static func record(_ id: String, _ user: String, _ word: String) -> CallRecord {
        var record = CallerFixture.record(id, party(user), started, word)
        record.dynamicVariables = ["system__caller_id": .text(party(user).raw)]
        return record
    }

    /// Two calls of Alice, one of Malice, a recipient with Alice's address, and two export files.
    private static func fill(_ folder: URL) async throws -> CallStore {
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("exports"),
            withIntermediateDirectories: true
        )
        let store = try await CallStore.open(
            path: folder.appendingPathComponent("s.sqlite").path,
            ambient: .live(seed: 1),
            phoneKey: PhoneKey(id: "test", secret: Data("a secret of the tests only".utf8))
        )
        try await store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            _ = try writer.add(
                NewRecipient(
                    campaign: campaign,
                    reference: "customer-1",
                    name: "Alice",
                    phone: party("Alice")
                )
            )
            for (id, user, word) in [
                ("conv_1", "Alice", "zyxomma"), ("conv_2", "alice", "zyxomma"),
                ("conv_3", "Malice", "ordinary"),
            ] {
                _ = try writer.record(record(id, user, word))
                _ = try writer.storeRaw(
                    RawBody(
                        kind: .detail,
                        conversationID: id,
                        receivedAtMilliseconds: 1,
                        body: Data("{\"from\":\"\(party(user).raw)\"}".utf8)
                    )
                )
            }
        }
        for (name, user) in [
            ("calls-20261121T120000Z-1.csv", "Alice"), ("calls-20261121T130000Z-2.csv", "Malice"),
        ] {
            try Data("\(party(user).raw)\r\n".utf8)
                .write(to: folder.appendingPathComponent("exports/\(name)"))
        }
        return store
    }

    /// Whether any file of the folder holds the text, in any case, and not only after that letter.
    private static func holds(
        _ text: String,
        notAfter letter: Character? = nil,
        _ folder: URL
    ) throws -> Bool {
        let wanted = Data(text.utf8)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        for name in names {
            let file = folder.appendingPathComponent(name)
            guard name != "exports" else { continue }
            let bytes = Data(
                try Data(contentsOf: file).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
            )
            var rest = bytes[...]
            while let found = rest.range(of: wanted) {
                let before = found.lowerBound > 0 ? bytes[found.lowerBound - 1] : 0
                if before != letter?.asciiValue { return true }
                rest = bytes[found.upperBound...]
            }
        }
        return false
    }

    private static func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        try await body(folder.url)
    }

    @Test("is shown, and copied for that person")
    func shown() async throws {
        try await Self.inFolder { folder in
            let store = try await Self.fill(folder)
            let caller = try await store.caller(Self.alice)
            #expect(caller.calls == 2)
            #expect(caller.durationSeconds == 120)
            #expect(caller.recipients.map(\.reference) == ["customer-1"])
            #expect(!caller.isSuppressed)
            let calls = try await store.calls(of: Self.alice, after: nil, limit: 9)
            #expect(calls.map(\.record.identity.conversationID) == ["conv_1", "conv_2"])
            let path = folder.appendingPathComponent("copy.zip").path
            let copied = try await CallerArchive(store: store).write(
                Self.alice,
                to: path,
                at: Date(timeIntervalSince1970: 1_794_800_000)
            )
            #expect(copied == 2)
            try store.close()
        }
    }

    @Test("is erased from every byte, and does not come back")
    func erased() async throws {
        try await Self.inFolder { folder in
            let store = try await Self.fill(folder)
            #expect(try Self.holds("alice@pbx.example.com", folder))
            #expect(try Self.holds("zyxomma", folder))
            let before = try await store.figureReport(FigureScope()).total
            let eraser = Eraser(
                store: store,
                exportsFolder: folder.appendingPathComponent("exports").path,
                jobs: .none,
                ambient: .live(seed: 2)
            )
            let id = try await eraser.begin(Self.alice, by: "ada")
            let done = try await eraser.run(id)
            #expect(done.step == .done)
            #expect(done.caller == nil)
            #expect((done.report.calls, done.report.recipients, done.report.bodies) == (2, 1, 2))
            #expect(done.report.files == ["calls-20261121T120000Z-1.csv"])
            #expect(try !Self.holds("zyxomma", folder))
            #expect(try !Self.holds("alice@pbx.example.com", notAfter: "m", folder))
            // Somebody else, whose user ends so.
            #expect(try Self.holds("malice@pbx.example.com", folder))
            #expect(try await store.figureReport(FigureScope()).total == before)
            #expect(try await store.caller(Self.alice).isSuppressed)
            // A poll brings the old calls, and a new one that is only counted.
            try await store.write { writer in
                for id in ["conv_1", "conv_9"] {
                    _ = try writer.record(Self.record(id, "Alice", "zyxomma"))
                }
            }
            #expect(try await store.caller(Self.alice).calls == 0)
            #expect(try await store.figureReport(FigureScope()).total.calls == before.calls + 1)
            let call = try await store.call(CallIdentity(conversationID: "conv_9"))
            #expect(call?.transcript.isEmpty == true)
            #expect(call?.record.caller == nil)
            try store.close()
        }
    }
}
