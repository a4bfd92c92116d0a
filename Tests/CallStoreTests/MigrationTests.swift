import CallStore
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Bringing an older store up to date")
struct MigrationTests {
    /// Makes a store as the first seven migrations left it, and puts more into it.
    static func older(at path: String, adding more: (Database) throws -> Void = { _ in }) throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/CallStore/Migrations").standardizedFileURL
        let files = try FileManager.default
            .contentsOfDirectory(atPath: sources.path(percentEncoded: false))
            .filter { $0 < "v008" }.sorted()
        #expect(files.count == 7)
        let database = try DatabaseQueue(path: path)
        try database.write { database in
            try database.execute(sql: "pragma application_id = \(0x524E_4742)")
            for file in files {
                let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
                try database.execute(sql: text)
            }
            try database.execute(sql: "pragma user_version = 7")
            try database.execute(
                sql: """
                    insert into campaigns (
                        id, workspace, name, channel, window_days, status, created_ms
                    ) values (1, 'default', 'Spring', 'mail', 60, 'running', 1),
                        (3, 'default', 'Recall', 'sms', 30, 'ended', 1);
                    insert into recipients (id, campaign_id, reference, created_ms)
                    values (1, 1, 'a', 1), (2, 3, 'a', 1);
                    insert into touches (campaign_id, recipient_id, kind, at_unix, created_ms)
                    values (1, 1, 'sent', 5, 1), (3, 2, 'sent', 6, 1), (3, null, 'scan', 7, 1);
                    insert into calls (
                        id, workspace, conversation_id, source, status, status_rank, fetched_ms,
                        has_detail, agent_id, started_unix, channel, created_ms, changed_ms
                    ) values (1, 'default', 'c1', 'detail', 'done', 3, 1, 1, 'a', 9, 'phone', 1, 1),
                        (2, 'default', 'c2', 'detail', 'done', 3, 1, 1, 'a', 9, 'phone', 1, 1);
                    insert into attributions (
                        call_id, campaign_id, recipient_id, method, evidence, rule_version,
                        call_revision, decided_ms, decided_by
                    ) values (1, 1, 1, 'exact-number', '{}', 'a', 1, 1, 'rule'),
                        (2, 3, null, 'manual', '{}', 'manual', 1, 1, 'ana');
                    insert into manual_pins (call_id, campaign_id, person, pinned_ms)
                    values (2, 3, 'ana', 1);
                    """
            )
            try more(database)
        }
        try database.close()
    }

    @Test("keeps campaigns and all that refers to them, and takes the new channel")
    func keepsCampaigns() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("store.sqlite")
        try Self.older(at: path)
        let store = try await CallStore.open(path: path, ambient: TestTime().ambient(seed: 1))
        let figures = try await store.campaignFigures()
        #expect(figures.map(\.campaign.name) == ["Spring", "Recall"])
        #expect(figures.map(\.campaign.id) == [CampaignID(1), CampaignID(3)])
        #expect(figures.map(\.campaign.windowDays) == [60, 30])
        #expect(figures.map(\.recipients) == [1, 1])
        #expect(figures.map(\.calls) == [1, 1])
        #expect(try await store.recipients(reference: "a").map(\.touches.count) == [1, 1])
        #expect(try await store.call(CallID(2))?.attribution?.isPinned == true)
        try await store.write { _ = try $0.add(NewCampaign(name: "Message", channel: .dm)) }
        try store.close()

        let database = try DatabaseQueue(path: path)
        let broken = try await database.read { database in
            try Row.fetchAll(database, sql: "pragma foreign_key_check").count
        }
        #expect(broken == 0)
        // What refers to a campaign still holds it.
        await #expect(throws: DatabaseError.self) {
            try await database.write { try $0.execute(sql: "delete from campaigns where id = 1") }
        }
        try database.close()
    }
}
