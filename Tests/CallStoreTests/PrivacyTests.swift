import CallStore
import Foundation
import GRDB
import PhoneNumbers
import Testing

@Suite("what is not kept of people")
struct PrivacyTests {
    private static let number = "+14155550123"

    private func e164(_ text: String = number) throws -> E164 {
        try #require(E164(stored: text))
    }

    /// Erases a caller down to the database's own pages.
    private func erase(_ number: E164, in store: CallStore) async throws -> ErasureID {
        let id = try await store.write { try $0.beginErasure(of: .number(number), by: "ada").id }
        let erasure = try #require(try await store.erasure(id))
        try await store.write { writer in
            _ = try writer.clearContent(of: erasure, limit: 100)
            _ = try writer.clearCopies(of: erasure, limit: 100)
            try writer.advance(id, to: .done)
        }
        return id
    }

    // MARK: Erasure

    @Test("an erased call keeps its figures and nothing that points to a person")
    func keepsFigures() async throws {
        let fixture = try await StoreFixture()
        let store = fixture.store
        let call = try await fixture.record(.sample()).call
        let before = try await store.counts()
        try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            let recipient = try writer.add(
                NewRecipient(
                    campaign: campaign,
                    reference: "customer-7",
                    name: "Ada Lovelace",
                    phone: .number(Self.number)
                )
            )
            try writer.add(Touch(kind: .sent, atUnix: 1_794_000_000, token: "tok-7"), of: recipient)
            try writer.attribute(
                call,
                seen: CallRevision(content: 1, attribution: 0, judgement: 0),
                AttributionDecision(
                    campaign: campaign,
                    recipient: recipient,
                    method: .exactNumber,
                    confidence: "strong",
                    reason: nil,
                    evidence: ["caller": .text(Self.number)],
                    ruleVersion: "1"
                )
            )
            try writer.judge(
                call,
                seen: CallRevision(content: 1, attribution: 1, judgement: 0),
                Judgement(
                    ruleVersion: "r1",
                    ruleName: "rules",
                    verdicts: [
                        Verdict(
                            type: "booking",
                            outcome: .yes,
                            evidence: [.text("I would like to book.")],
                            echo: "the caller asks to book",
                            needsReview: false
                        )
                    ]
                )
            )
        }
        _ = try await erase(try e164(), in: store)

        let after = try #require(try await store.call(call))
        #expect(after.record.caller == nil)
        #expect(after.transcript.isEmpty)
        #expect(after.record.summary == nil)
        #expect(after.record.title == nil)
        #expect(after.record.collected == nil)
        #expect(after.record.dynamicVariables == nil)
        #expect(after.record.criteria?.map(\.result) == ["success"])
        #expect(after.record.durationSeconds == 94)
        #expect(after.record.agentID == "agent_1")
        #expect(after.record.callSuccessful == "success")
        #expect(after.record.startedUnix == 1_794_700_000)
        #expect(after.attribution?.decision.campaign != nil)
        #expect(after.attribution?.decision.recipient == nil)
        #expect(after.attribution?.decision.evidence.isEmpty == true)
        #expect(after.conversion?.outcome == .yes)
        let counts = try await store.counts()
        #expect((counts.total, counts.done) == (before.total, before.done))
        #expect((counts.attributed, counts.conversions) == (1, 1))
        let figures = try #require(try await store.campaignFigures().first)
        #expect((figures.recipients, figures.calls, figures.conversions) == (1, 1, 1))
        for (query, what) in [
            ("select count(*) from recipients where raw is not null or name is not null", "row"),
            ("select count(*) from recipients where reference not like 'erased-%'", "reference"),
            ("select count(*) from touches where token is not null", "token"),
            ("select count(*) from verdicts where evidence like '%book%'", "verdict"),
            ("select count(*) from attribution_history where evidence <> '{}'", "history"),
            ("select count(*) from erasures where caller is not null", "erasure"),
        ] {
            #expect(try fixture.number(query) == 0, "\(what)")
        }
    }

    @Test("what people wrote on a call is gone with its caller, and was never in the audit log")
    func forgetsNotes() async throws {
        let fixture = try await StoreFixture()
        let store = fixture.store
        let call = try await fixture.record(.sample()).call
        let note = "Erika Muster, Lindenweg 4, wants Tuesday"
        let tag = try #require(CallTag("erika-muster"))
        try await store.write { writer in
            try writer.label(
                call,
                ManualLabel(type: "booking", label: .yes, person: "ana", note: note)
            )
            try writer.pin(call, ManualPin(campaign: nil, person: "ana", note: note))
            try writer.unpin(call, by: "ana", note: note)
            _ = try writer.assign(
                NewAssignment(call: call, campaign: nil, person: "ana", note: note)
            )
            try writer.exclude(call, for: .other, by: "ana", note: note)
            try writer.tag(call, tag, by: "ana")
            // Without a note there is none to tell of.
            try writer.exclude(call, for: .other, by: "ana")
            try writer.exclude(call, for: .spam, by: "ana", note: note)
            try writer.untag(call, tag, by: "ana")
            try writer.tag(call, tag, by: "ana")
        }
        let notes = try await store.auditLog(action: "call", limit: 20).map(\.note)
        #expect(
            notes.map(\.action) == [
                "call.tag", "call.untag", "call.exclude", "call.exclude", "call.tag",
                "call.exclude", "call.assign", "call.release", "call.assign", "call.label",
            ]
        )
        #expect(notes.allSatisfy { $0.reason == nil })
        let isNoted = notes.map { $0.after?["note"] == .bool(true) }
        #expect(
            isNoted == [false, false, true, false, false, true, true, true, true, true]
        )
        #expect(notes.last?.after?["type"] == .text("booking"))
        _ = try await erase(try e164(), in: store)
        let left = try fixture.sql { database in
            let tables = try String.fetchAll(
                database,
                sql: """
                    select name from sqlite_schema
                    where type = 'table' and sql not like 'create virtual%'
                    """
            )
            return try tables.filter { table in
                try Row.fetchAll(database, sql: "select * from \"\(table)\"").contains { row in
                    row.databaseValues.contains { value in
                        // What is stored as bytes is text here, or nobody's words.
                        let text = String.fromDatabaseValue(value) ?? ""
                        return text.lowercased().contains("muster")
                    }
                }
            }
        }
        #expect(left == [])
    }

    @Test("neither readings nor handlers that saw it before bring an erased call back")
    func staysErased() async throws {
        let fixture = try await StoreFixture()
        let store = fixture.store
        let call = try await fixture.record(.sample()).call
        _ = try await erase(try e164(), in: store)
        let erased = try #require(try await store.call(call))
        for source in [CallRecord.Source.list, .detail, .webhook] {
            var later = CallRecord.sample(source: source, fetched: 1_794_800_000_000)
            later.rating = 5
            later.callSuccessful = "failure"
            later.listFingerprint = "f2"
            let recorded = try await fixture.record(later)
            #expect(recorded.change == .older)
        }
        try await store.write { writer in
            try writer.storeRaw(
                RawBody(
                    kind: .detail,
                    conversationID: "conv_1",
                    receivedAtMilliseconds: 1,
                    body: Data("secret".utf8)
                )
            )
            let receipt = try writer.receive(
                InboxDelivery(
                    type: "post_call_transcription",
                    conversationID: "conv_1",
                    receivedAtMilliseconds: 1,
                    body: Data("secret".utf8)
                )
            )
            #expect(receipt == .erased)
            try writer.attribute(
                call,
                seen: CallRevision(content: 1, attribution: 0, judgement: 0),
                AttributionDecision(
                    campaign: nil,
                    recipient: nil,
                    method: .none,
                    confidence: nil,
                    reason: "no-recipient",
                    evidence: ["caller": .text(Self.number)],
                    ruleVersion: "1"
                )
            )
        }
        let after = try #require(try await store.call(call))
        #expect(after.record.rating == erased.record.rating)
        #expect(after.record.callSuccessful == "success")
        #expect(after.record.caller == nil)
        #expect(after.transcript.isEmpty)
        #expect(after.attribution?.decision.evidence.isEmpty == true)
        #expect(try fixture.number("select count(*) from raw_bodies") == 0)
        #expect(try fixture.number("select count(*) from inbox") == 0)
        // The walk need not read it again for its row's sake.
        let known = try await store.knownCalls(["conv_1"])
        #expect(known["conv_1"]?.listFingerprint == "f2")
    }

    @Test("a call that was under way when its caller was erased still ends, without content")
    func endsErased() async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample(status: .inProgress)).call
        _ = try await erase(try e164(), in: fixture.store)
        try await fixture.record(.sample(status: .done, fetched: 1_794_800_000_000))
        let after = try #require(try await fixture.store.call(call))
        #expect(after.record.status == .done)
        #expect(after.record.caller == nil)
        #expect(after.record.summary == nil)
        #expect(after.transcript.isEmpty)
    }

    @Test("a new call of an erased caller is counted and has no content")
    func suppressesNewCalls() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample())
        _ = try await erase(try e164(), in: fixture.store)
        // The list comes first and does not tell who called.
        var row = CallRecord.sample("conv_2", source: .list)
        row.caller = nil
        row.transcript = nil
        let call = try await fixture.record(row).call
        try await fixture.record(.sample("conv_2", fetched: 1_794_800_000_000))
        let after = try #require(try await fixture.store.call(call))
        #expect(after.record.caller == nil)
        #expect(after.record.summary == nil)
        #expect(after.transcript.isEmpty)
        #expect(after.record.durationSeconds == 94)
        #expect(try await fixture.store.counts().total == 2)
    }

    @Test("where new calls are kept, only what was erased stays away")
    func keepsNewCalls() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample())
        _ = try await erase(try e164(), in: fixture.store)
        let key = try StoreFixture.phoneKey()
        let other = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2),
            privacy: StorePrivacy(suppressedCalls: .kept) { PhoneKeyRing(key) }
        )
        try await other.write { writer in
            try writer.record(.sample("conv_1", fetched: 1_794_800_000_000))
            try writer.record(.sample("conv_2"))
        }
        let erased = try await other.call(CallIdentity(conversationID: "conv_1"))
        let kept = try await other.call(CallIdentity(conversationID: "conv_2"))
        #expect(erased?.record.caller == nil)
        #expect(kept?.record.caller?.e164?.text == Self.number)
        try other.close()
    }

    @Test("an erased recipient who is imported again is counted once and has no name")
    func importsErased() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            try writer.add(recipient(of: campaign))
            return campaign
        }
        _ = try await erase(try e164(), in: fixture.store)
        for _ in 0..<2 {
            try await fixture.store.write { _ = try $0.add(recipient(of: campaign)) }
        }
        #expect(try fixture.number("select count(*) from recipients") == 1)
        #expect(
            try fixture.number(
                "select count(*) from recipients where name is null and e164 is null"
            ) == 1
        )
    }

    private func recipient(of campaign: CampaignID) -> NewRecipient {
        NewRecipient(
            campaign: campaign,
            reference: "customer-7",
            name: "Ada Lovelace",
            phone: .number(Self.number)
        )
    }

    @Test("every table is known to the erasure")
    func knowsEveryTable() async throws {
        let fixture = try await StoreFixture()
        let tables = try fixture.sql { database in
            try String.fetchAll(
                database,
                sql: """
                    select name from sqlite_schema
                    where type = 'table' and name not like 'sqlite_%'
                    """
            )
        }
        // What holds something of people, and is emptied or changed by an erasure.
        let cleared: Set<String> = [
            "calls", "call_parties", "turns", "raw_bodies", "inbox", "recipients", "touches",
            "manual_pins", "attributions", "attribution_history", "verdicts", "labels",
            "conversions", "ledger", "job_index", "job_events", "exports", "erasures",
            "assignments", "call_exclusions", "call_tags", "label_readings", "caller_lists",
            "tracked_conversations", "call_texts", "call_texts_data", "call_texts_idx",
        ]
        // What holds ids, ranges, figures and names of ours.
        let impersonal: Set<String> = [
            "agents", "campaigns", "rule_versions", "outbox", "sync_marks", "walk_cursors",
            "job_index_size", "backfills", "backfill_slices", "backfill_pace", "coverage",
            "tombstones", "suppressions", "erasure_calls", "audit_log", "call_changes",
            "campaign_agent_numbers", "campaign_windows", "campaign_changes", "campaign_costs",
            "holdouts", "closed_months", "month_changes", "rule_lexicons", "rule_pointers",
            "label_samples", "label_queue", "rescores", "rescore_changes", "report_zone",
            "report_offsets", "change_sequence", "call_facts", "daily_figures",
            "duration_classes", "daily_durations", "daily_seconds", "conversion_events",
            "day_notes", "api_tokens", "rated_calls", "daily_satisfaction", "touch_figures",
            "saved_views",
            "event_endpoints", "outgoing_events", "event_deliveries", "alert_states",
            "agent_limits", "figure_rebuilds",
            "call_texts_config", "call_texts_state", "alert_settings", "call_courses_state",
            "retention_settings",
        ]
        let unknown = Set(tables).subtracting(cleared).subtracting(impersonal)
        #expect(
            unknown.isEmpty,
            "say in StoreWriter+Clearing what an erasure does to \(unknown.sorted()), and name it here"
        )
    }

    // MARK: Keys

    @Test("while secrets change, a caller has one key in every committed state")
    func rotates() async throws {
        let fixture = try await StoreFixture()
        for number in 1...30 {
            var record = CallRecord.sample("conv_\(number)")
            record.caller = .number("+1415555010\(number % 10)")
            try await fixture.record(record)
        }
        let old = try StoreFixture.phoneKey()
        let new = try PhoneKey(id: "new", secret: Data("another secret of the tests".utf8))
        let store = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2),
            privacy: StorePrivacy { PhoneKeyRing(new, previous: [old]) }
        )
        func splitCallers() throws -> Int {
            try fixture.number(
                """
                select count(*) from (
                    select e164 from call_parties group by e164
                    having count(distinct caller_key) > 1
                )
                """
            )
        }
        // A call that comes in meanwhile takes its caller's other rows along.
        var late = CallRecord.sample("conv_31")
        late.caller = .number("+14155550103")
        try await store.write { [late] in _ = try $0.record(late) }
        #expect(try splitCallers() == 0)
        var after: Int64? = 0
        var batches = 0
        while let position = after {
            after = try await store.write {
                try $0.rekey(.parties, after: position, limit: 7).last
            }
            #expect(try splitCallers() == 0)
            batches += 1
        }
        #expect(batches == 5)
        #expect(try await store.phoneKeyUses().map(\.id) == ["new"])
        #expect(try await store.phoneKeyUses().map(\.calls) == [31])
        try store.close()
    }

    @Test("an erased caller is still known after the secret has changed, and told by the old one")
    func suppressesAcrossRotation() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample())
        _ = try await erase(try e164(), in: fixture.store)
        let old = try StoreFixture.phoneKey()
        let new = try PhoneKey(id: "new", secret: Data("another secret of the tests".utf8))
        let store = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2),
            privacy: StorePrivacy { PhoneKeyRing(new, previous: [old]) }
        )
        #expect(try await store.phoneKeyUses().map(\.suppressions) == [1])
        try await store.write { _ = try $0.record(.sample("conv_2")) }
        let call = try await store.call(CallIdentity(conversationID: "conv_2"))
        #expect(call?.record.caller == nil)
        #expect(call?.transcript.isEmpty == true)
        try store.close()
    }
}
