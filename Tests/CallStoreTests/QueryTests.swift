import CallStore
import Foundation
import GRDB
import PhoneNumbers
import Testing

@Suite("Queries of the store")
struct QueryTests {
    @Test(
        "pages through calls by key, newest first, without gap or repeat",
        arguments: [1, 3, 7, 40]
    )
    func pages(limit: Int) async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.write { writer in
            for number in 0..<30 {
                var reading = CallRecord.sample("conv_\(number)")
                // Several calls start in the same second: the id decides.
                reading.startedUnix = 1_794_700_000 + Int64(number / 4)
                try writer.record(reading)
            }
        }
        var seen: [String] = []
        var cursor: CallCursor?
        repeat {
            let page = try await fixture.store.calls(CallFilter(), after: cursor, limit: limit)
            #expect(page.calls.count <= limit)
            seen += page.calls.map(\.conversationID)
            cursor = page.next
        } while cursor != nil
        #expect(seen == (0..<30).reversed().map { "conv_\($0)" })
    }

    @Test("filters by each field, and by all of them together")
    func filters() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Spring", channel: .sms))
            for number in 0..<6 {
                var reading = CallRecord.sample(
                    "conv_\(number)",
                    status: number == 5 ? .processing : .done
                )
                reading.startedUnix = 1_000 + Int64(number)
                reading.agentID = number < 2 ? "a" : "b"
                reading.callSuccessful = [0: "failure", 5: nil][number] ?? "success"
                let recorded = try writer.record(reading)
                if number % 2 == 0 {
                    try writer.pin(recorded.call, ManualPin(campaign: campaign, person: "p"))
                    let label = ManualLabel(type: "t", label: .yes, person: "p")
                    try writer.label(recorded.call, label)
                }
            }
            return campaign
        }
        let cases: [(CallFilter, [Int])] = [
            (CallFilter(), [5, 4, 3, 2, 1, 0]), (CallFilter(workspace: "other"), []),
            (CallFilter(fromUnix: 1_002), [5, 4, 3, 2]), (CallFilter(toUnix: 1_002), [1, 0]),
            (CallFilter(agentID: "a"), [1, 0]), (CallFilter(campaign: .one(campaign)), [4, 2, 0]),
            (CallFilter(campaign: .unattributed), [5, 3, 1]),
            (CallFilter(status: "processing"), [5]), (CallFilter(outcome: "failure"), [0]),
            (CallFilter(outcome: "pending"), [5]), (CallFilter(conversion: .yes), [4, 2, 0]),
            (CallFilter(conversion: .unknown), [5, 3, 1]), (CallFilter(conversion: .no), []),
            (
                CallFilter(
                    fromUnix: 1_001,
                    toUnix: 1_005,
                    agentID: "b",
                    campaign: .one(campaign),
                    status: "done",
                    conversion: .yes
                ), [4, 2]
            ),
        ]
        for (filter, expected) in cases {
            let page = try await fixture.store.calls(filter, limit: 99)
            #expect(page.calls.map(\.conversationID) == expected.map { "conv_\($0)" }, "\(filter)")
            #expect(try await fixture.store.count(filter) == expected.count, "\(filter)")
        }
        let summary = try #require(
            try await fixture.store.calls(CallFilter(agentID: "a"), limit: 9).calls.last
        )
        #expect(summary.campaignName == "Spring")
        #expect(summary.isPinned)
        #expect(summary.caller == "+14155550123")
        #expect(summary.conversion == .yes)
    }

    @Test("finds recipients by number, those touched last first, with all their touches")
    func recipients() async throws {
        let fixture = try await StoreFixture()
        let people = try await fixture.store.write { writer in
            try ["Spring", "Autumn"].enumerated().map { index, name in
                let campaign = try writer.add(NewCampaign(name: name, channel: .mail))
                let person = try writer.add(
                    NewRecipient(
                        campaign: campaign,
                        reference: "r",
                        phone: .number("+14155550123")
                    )
                )
                let at = Int64(1_000 + index * 100)
                try writer.add(Touch(kind: .sent, atUnix: at), of: person)
                try writer.add(Touch(kind: .delivered, atUnix: at + 50, sentUnix: at), of: person)
                try writer.add(Touch(kind: .sent, atUnix: at + 90), of: person)
                return person
            }
        }
        let number = try #require(E164(stored: "+14155550123"))
        let other = try #require(E164(stored: "+14155550199"))
        let found = try await fixture.store.recipientsMatching([other, number])
        #expect(found.map(\.recipient.id) == [people[1], people[0]])
        #expect(found.map(\.windowStarts) == [[1_150, 1_190], [1_050, 1_090]])
        #expect(found[0].campaign.windowDays == 90)
        #expect(try await fixture.store.recipientsMatching([number], limit: 1).count == 1)
        #expect(try await fixture.store.recipientsMatching([other]).isEmpty)
        #expect(try await fixture.store.recipientsMatching([]).isEmpty)
        #expect(try await fixture.store.recipientsMatching([number], in: "other").isEmpty)
        let named = try await fixture.store.recipients(reference: "r")
        #expect(named.count == 2)
        let autumn = try #require(try await fixture.store.campaign(named: "Autumn"))
        let one = try await fixture.store.recipients(reference: "r", of: autumn.id)
        #expect(one.map(\.recipient.id) == [people[1]])
    }

    @Test("imports the same recipients and touches twice without doubling them")
    func importTwice() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write {
            try $0.add(NewCampaign(name: "Spring", channel: .mail))
        }
        let full = NewRecipient(
            campaign: campaign,
            reference: "r",
            name: "Ana",
            phone: .number("+14155550123")
        )
        for expected in [true, false] {
            let isNew = try await fixture.store.write { writer in
                let person = try writer.add(full)
                return try writer.add(Touch(kind: .sent, atUnix: 5), of: person)
            }
            #expect(isNew == expected)
        }
        try await fixture.store.write {
            try $0.add(NewRecipient(campaign: campaign, reference: "r"))
        }
        let found = try await fixture.store.recipients(reference: "r")
        #expect(found.count == 1)
        #expect(found[0].recipient.name == "Ana")
        #expect(found[0].recipient.phone == .number("+14155550123"))
        #expect(found[0].touches == [Touch(kind: .sent, atUnix: 5)])
        await #expect(throws: StoreError.notFound(what: "recipient 99")) {
            try await fixture.store.write {
                try $0.add(Touch(kind: .sent, atUnix: 5), of: RecipientID(99))
            }
        }
    }

    @Test("shows the view that people query already, column by column")
    func view() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let first = try writer.record(.sample("conv_1"))
            var pending = CallRecord.sample("conv_2", status: .processing)
            pending.callSuccessful = nil
            pending.callResult = "no_answer"
            pending.caller = .withheld
            pending.transcript = nil
            try writer.record(pending)
            let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            try writer.pin(first.call, ManualPin(campaign: campaign, person: "p"))
            let label = ManualLabel(type: "t", label: .yes, person: "p", note: "heard it")
            try writer.label(first.call, label)
            return campaign
        }
        let rows = try fixture.sql {
            try Row.fetchAll($0, sql: "select * from elevenlabs_calls order by conversation_id")
        }
        #expect(
            Array(rows[0].columnNames) == [
                "id", "conversation_id", "agent_id", "elevenlabs_phone_number",
                "caller_phone_number", "call_started_at", "call_ended_at",
                "call_duration_seconds", "call_status", "call_result", "campaign_id",
                "recipient_id", "is_conversion", "conversion_notes", "transcript_text",
                "raw_data", "synced_at", "created_at",
            ]
        )
        let expected: [String: String] = [
            "conversation_id": "conv_1", "agent_id": "agent_1",
            "elevenlabs_phone_number": "+14155550100", "caller_phone_number": "+14155550123",
            "call_started_at": "2026-11-14T23:46:40Z", "call_ended_at": "2026-11-14T23:48:14Z",
            "call_duration_seconds": "94", "call_status": "success", "call_result": "answered",
            "campaign_id": "\(campaign)", "is_conversion": "1", "conversion_notes": "heard it",
            "transcript_text": "Agent: Good morning.\nCaller: I would like to book.",
            "synced_at": "2026-11-14T23:48:20Z", "created_at": "2026-11-14T23:46:40Z",
        ]
        for (column, value) in expected {
            let found = (rows[0][column] as DatabaseValue).storage.value
            #expect(found.map { "\($0)" } == value, "\(column)")
        }
        #expect(rows[0]["recipient_id"] as Int64? == nil)
        #expect(rows[1]["call_status"] as String? == "unknown")
        #expect(rows[1]["call_result"] as String? == "no-answer")
        #expect(rows[1]["call_ended_at"] as String? == nil)
        #expect(rows[1]["is_conversion"] as Int? == 0)
        #expect(rows[1]["transcript_text"] as String? == nil)
        let raw = try #require(rows[0]["raw_data"] as String?)
        let detail = try JSONDecoder().decode(
            [String: StoredValue].self,
            from: Data(raw.utf8)
        )
        #expect(detail["conversation_id"] == .text("conv_1"))
        guard case .list(let turns) = detail["transcript"], case .object(let last) = turns.last
        else {
            Issue.record("no transcript in \(raw)")
            return
        }
        #expect(turns.count == 3)
        #expect(last["role"] == .text("agent"))
        #expect(last["message"] == .null)
    }

    @Test(
        "holds what the schema promises against whoever writes",
        arguments: [
            "update calls set status_rank = 7", "update calls set agent_id = null",
            "update calls set criteria = '{'", "update calls set channel = 'pigeon'",
            "update calls set duration_seconds = -1",
            "update calls set started_unix = 'yesterday'",
            "update call_parties set class = 'withheld'",
            "update call_parties set caller_key = x'00'",
            "update turns set speaker = 'dog'",
            "insert into turns select 99, 0, 'agent', '', 0, 0, null, null",
            "insert into attributions (call_id, method, evidence, rule_version, call_revision, decided_ms, decided_by) values (1, 'exact-number', '{}', '1', 1, 1, 'rule')",
            "insert into attributions (call_id, campaign_id, method, evidence, rule_version, call_revision, decided_ms, decided_by) values (1, 77, 'exact-number', '{}', '1', 1, 1, 'rule')",
            "insert into campaigns (workspace, name, channel, window_days, status, created_ms) values ('default', 'x', 'fax', 9, 'running', 1)",
            "insert into campaigns (workspace, name, channel, window_days, status, created_ms) values ('default', 'x', 'mail', 0, 'running', 1)",
            "insert into ledger (job_id, kind, worker, fence, attempt, finished_ms) values ('', 'k', 'w', 1, 1, 1)",
            "insert into inbox (workspace, digest, received_ms, bytes, body, state) values ('d', zeroblob(32), 1, 0, x'', 'done')",
        ]
    )
    func schema(statement: String) async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample())
        let error = #expect(throws: DatabaseError.self) {
            try fixture.sql { try $0.execute(sql: statement) }
        }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT, "\(String(describing: error))")
    }

    @Test("keeps each body once, the newest list row only, and gives it back")
    func rawBodies() async throws {
        let fixture = try await StoreFixture()
        let identity = CallIdentity(conversationID: "conv_1")
        func store(_ kind: RawBody.Kind, _ text: String, at: Int64) async throws {
            let raw = RawBody(
                kind: kind,
                conversationID: "conv_1",
                receivedAtMilliseconds: at,
                body: Data(text.utf8)
            )
            try await fixture.store.write { try $0.storeRaw(raw) }
        }
        for kind in RawBody.Kind.allCases {
            try await store(kind, "first", at: 1)
            try await store(kind, "first", at: 2)
            try await store(kind, "second", at: 3)
            try await store(kind, "", at: 4)
            let newest = try await fixture.store.rawBody(kind, of: identity)
            #expect(newest?.body == Data())
        }
        #expect(try fixture.number("select count(*) from raw_bodies where kind = 'list'") == 1)
        #expect(try fixture.number("select count(*) from raw_bodies where kind = 'detail'") == 3)
        let riddle = RawBody(
            kind: .detail,
            conversationID: nil,
            receivedAtMilliseconds: 9,
            body: Data(repeating: 7, count: 100_000),
            unreadableReason: "no id"
        )
        try await fixture.store.write { try $0.storeRaw(riddle) }
        let notes = try await fixture.store.unreadableBodies(limit: 9)
        #expect(notes.map(\.unreadableReason) == ["no id"])
        #expect(notes.map(\.bytes) == [100_000])
        let bytes = "select length(body) from raw_bodies where bytes = 100000"
        #expect(try fixture.number(bytes) < 1_000)
    }

    @Test("keeps a webhook once, however often it is sent")
    func inbox() async throws {
        let fixture = try await StoreFixture()
        let delivery = InboxDelivery(
            type: "post_call_transcription",
            conversationID: "conv_1",
            receivedAtMilliseconds: 1_794_700_000_000,
            body: Data(#"{"type":"post_call_transcription"}"#.utf8)
        )
        let first = try await fixture.store.write { try $0.receive(delivery) }
        guard case .kept(let id) = first else {
            Issue.record("\(first)")
            return
        }
        #expect(try await fixture.store.write { try $0.receive(delivery) } == .known(id))
        let item = try #require(try await fixture.store.inboxItem(id))
        #expect(item.delivery == delivery)
        #expect(item.state == .waiting)
        #expect(try await fixture.store.mark(.lastWebhook) == delivery.receivedAtMilliseconds)
        try await fixture.store.write { try $0.settleInbox(id, .dead, reason: "no detail") }
        let health = try await fixture.store.health()
        #expect(health.inboxDead == 1)
        #expect(health.inboxWaiting == 0)
        await #expect(throws: StoreError.notFound(what: "inbox item 99")) {
            try await fixture.store.write { try $0.settleInbox(InboxID(99), .done) }
        }
    }
}
