import CallStore
import Foundation
import GRDB
import Testing

@Suite("the audit log")
struct AuditLogTests {
    private func filled() async throws -> StoreFixture {
        let fixture = try await StoreFixture()
        for number in 1...5 {
            try await fixture.store.write { writer in
                try writer.audit(
                    AuditNote(
                        actor: "ada",
                        action: number.isMultiple(of: 2) ? "queue.pause" : "call.assign",
                        object: "queue:sync",
                        before: ["paused": .bool(false)],
                        after: ["paused": .bool(true)],
                        reason: "call me at +1 415 555 0123"
                    )
                )
            }
        }
        return fixture
    }

    @Test("is a chain from its first entry on, and shows no number")
    func chain() async throws {
        let fixture = try await filled()
        let store = fixture.store
        let entries = try await store.auditLog(limit: 10)
        #expect(entries.map(\.position) == [5, 4, 3, 2, 1])
        #expect(entries.allSatisfy { $0.note.reason == "call me at [number]" })
        for (later, earlier) in zip(entries, entries.dropFirst()) {
            #expect(later.previous == earlier.hash)
        }
        let verdict = try await store.verifyAuditLog(noted: entries[2].hashText)
        #expect((verdict.sound, verdict.brokenAt) == (5, nil))
        #expect(verdict.head == entries[0].hashText)
        #expect(verdict.holdsNoted == true)
        #expect(try await store.auditLog(action: "queue", limit: 10).map(\.position) == [4, 2])
        #expect(try await store.auditLog(action: "call.assign", limit: 10).count == 3)
        #expect(try await store.auditLog(before: 3, limit: 10).map(\.position) == [2, 1])
        #expect(try fixture.number("select count(*) from audit_log") == 5)
    }

    @Test("is only added to")
    func onlyAdded() async throws {
        let fixture = try await filled()
        for statement in ["update audit_log set actor = 'eve'", "delete from audit_log"] {
            #expect(throws: DatabaseError.self) {
                try fixture.sql { try $0.execute(sql: statement) }
            }
        }
        #expect(try fixture.number("select count(*) from audit_log where actor = 'ada'") == 5)
    }

    @Test(
        "tells where it was changed by somebody who took the guards away",
        arguments: [
            ("update audit_log set actor = 'eve' where position = 3", Int64(3)),
            ("update audit_log set reason = null where position = 2", Int64(2)),
            ("delete from audit_log where position = 2", Int64(3)),
            ("update audit_log set position = 9 where position = 5", Int64(9)),
        ]
    )
    func tellsChanges(statement: String, brokenAt: Int64) async throws {
        let fixture = try await filled()
        try fixture.sql { database in
            try database.execute(sql: "drop trigger audit_log_stays; drop trigger audit_log_keeps")
            try database.execute(sql: statement)
        }
        #expect(try await fixture.store.verifyAuditLog().brokenAt == brokenAt)
    }

    @Test("a noted head tells that the end was cut off")
    func tellsCut() async throws {
        let fixture = try await filled()
        let head = try await fixture.store.verifyAuditLog().head
        try fixture.sql { database in
            try database.execute(sql: "drop trigger audit_log_keeps")
            try database.execute(sql: "delete from audit_log where position = 5")
        }
        let verdict = try await fixture.store.verifyAuditLog(noted: head)
        #expect(verdict.brokenAt == nil)
        #expect(verdict.holdsNoted == false)
    }
}
