import CallStore
import GRDB
import JobQueue
import PhoneNumbers
import Testing

@Suite("Attribution and judgement in the store")
struct DecisionTests {
    private static func credit(
        _ campaign: CampaignID?,
        _ recipient: RecipientID? = nil
    ) -> AttributionDecision {
        AttributionDecision(
            campaign: campaign,
            recipient: recipient,
            method: campaign == nil ? .none : .exactNumber,
            confidence: campaign == nil ? nil : "strong",
            reason: campaign == nil ? "no-recipient" : nil,
            evidence: ["days": .integer(3)],
            ruleVersion: "a1"
        )
    }

    private static func judgement(_ outcome: Ternary, version: String = "r1") -> Judgement {
        Judgement(
            ruleVersion: version,
            ruleName: "default",
            verdicts: [
                Verdict(
                    type: "booking",
                    outcome: outcome,
                    evidence: outcome == .yes ? [.object(["turn": .integer(2)])] : [],
                    echo: "Counts as a booking.",
                    needsReview: outcome == .unknown
                )
            ]
        )
    }

    private static func campaign(
        _ fixture: StoreFixture,
        _ name: String
    ) async throws
        -> (CampaignID, RecipientID)
    {
        try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: name, channel: .mail))
            let recipient = try writer.add(
                NewRecipient(campaign: campaign, reference: "r", phone: .number("+14155550123"))
            )
            return (campaign, recipient)
        }
    }

    @Test("writes a decision with its evidence and keeps the history of changes")
    func attribute() async throws {
        let fixture = try await StoreFixture()
        let (spring, person) = try await Self.campaign(fixture, "Spring")
        let (autumn, _) = try await Self.campaign(fixture, "Autumn")
        let id = try await fixture.record(.sample()).call
        var seen = CallRevision(content: 1, attribution: 0, judgement: 0)
        let steps: [(AttributionDecision, Decided)] = [
            (Self.credit(nil), .unchanged), (Self.credit(spring, person), .changed),
            (Self.credit(spring, person), .unchanged), (Self.credit(autumn), .changed),
            (Self.credit(nil), .changed),
        ]
        for (decision, expected) in steps {
            let now = seen
            let decided = try await fixture.store.write {
                try $0.attribute(id, seen: now, decision)
            }
            #expect(decided == expected)
            // The revision stands for the decision; the first makes it 1, whatever it says.
            if expected == .changed || seen.attribution == 0 { seen.attribution += 1 }
            let call = try #require(try await fixture.store.call(id))
            #expect(call.attribution?.decision == decision)
            #expect(call.revision == seen)
            #expect(call.attribution?.callRevision == 1)
        }
        let history = try await fixture.store.attributionHistory(of: id)
        #expect(history.map(\.campaign) == [spring, autumn, nil])
        #expect(history.map(\.campaignBefore) == [nil, spring, autumn])
        #expect(history.map(\.recipient) == [person, nil, nil])
        #expect(history.allSatisfy { $0.by == "rule" })
    }

    @Test("refuses a decision on a state that is not the present one")
    func staleAttribution() async throws {
        let fixture = try await StoreFixture()
        let (spring, _) = try await Self.campaign(fixture, "Spring")
        var reading = CallRecord.sample()
        let id = try await fixture.record(reading).call
        reading.title = "New"
        reading.fetchedAtMilliseconds += 1
        try await fixture.record(reading)
        let seen = [
            CallRevision(content: 1, attribution: 0, judgement: 0),
            CallRevision(content: 2, attribution: 1, judgement: 0),
            CallRevision(content: 3, attribution: 0, judgement: 0),
        ]
        for (number, seen) in seen.enumerated() {
            let verdict = try await fixture.commit("j\(number)") { writer in
                try writer.attribute(id, seen: seen, Self.credit(spring))
            }
            guard case .stale = verdict else {
                Issue.record("\(verdict) for \(seen)")
                continue
            }
        }
        #expect(try await fixture.store.call(id)?.attribution == nil)
        #expect(try fixture.number("select count(*) from ledger") == 0)
        let missing = try await fixture.commit("j9") { writer in
            try writer.attribute(CallID(99), seen: seen[0], Self.credit(spring))
        }
        #expect(missing == .rejected(reason: "call 99 does not exist"))
    }

    @Test("never overwrites a pin, and opens the call again when the pin is taken back")
    func pins() async throws {
        let fixture = try await StoreFixture()
        let (spring, person) = try await Self.campaign(fixture, "Spring")
        let (autumn, _) = try await Self.campaign(fixture, "Autumn")
        let id = try await fixture.record(.sample()).call
        try await fixture.store.write {
            try $0.pin(id, ManualPin(campaign: spring, recipient: person, person: "ana"))
        }
        for attribution in Int64(0)...2 {
            let seen = CallRevision(content: 1, attribution: attribution, judgement: 0)
            let decided = try await fixture.store.write {
                try $0.attribute(id, seen: seen, Self.credit(autumn))
            }
            #expect(decided == .pinned)
        }
        let pinned = try #require(try await fixture.store.call(id)?.attribution)
        #expect(pinned.isPinned)
        #expect(pinned.decision.campaign == spring)
        #expect(pinned.decision.method == .manual)
        #expect(pinned.decidedBy == "ana")
        #expect(try await fixture.store.undecided(after: nil, limit: 9).isEmpty)

        try await fixture.store.write {
            try $0.pin(id, ManualPin(campaign: nil, person: "ben", note: "a wrong number"))
        }
        #expect(try await fixture.store.counts().attributed == 0)
        #expect(try await fixture.store.write { try $0.unpin(id, by: "ben") })
        #expect(try await fixture.store.write { try $0.unpin(id, by: "ben") } == false)
        #expect(try await fixture.store.undecided(after: nil, limit: 9) == [id])
        let revision = try #require(try await fixture.store.call(id)?.revision)
        let decided = try await fixture.store.write {
            try $0.attribute(id, seen: revision, Self.credit(autumn))
        }
        #expect(decided == .changed)
        let people = try await fixture.store.attributionHistory(of: id).map(\.by)
        #expect(people == ["ana", "ben", "ben", "rule"])
    }

    @Test("refuses a recipient of another campaign")
    func foreignRecipient() async throws {
        let fixture = try await StoreFixture()
        let (_, person) = try await Self.campaign(fixture, "Spring")
        let (autumn, _) = try await Self.campaign(fixture, "Autumn")
        let recorded = try await fixture.record(.sample())
        let verdict = try await fixture.commit("j1") { writer in
            try writer.attribute(
                recorded.call,
                seen: recorded.revision,
                Self.credit(autumn, person)
            )
        }
        guard case .rejected = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(try await fixture.store.call(recorded.call)?.attribution == nil)
    }

    @Test("sweeps what is undecided, decided on older content, or found nobody before an import")
    func undecided() async throws {
        let fixture = try await StoreFixture()
        var reading = CallRecord.sample("conv_1")
        let first = try await fixture.record(reading).call
        let second = try await fixture.record(.sample("conv_2")).call
        func open() async throws -> [CallID] {
            try await fixture.store.undecided(after: nil, limit: 9)
        }
        #expect(try await open() == [first, second])
        #expect(try await fixture.store.undecided(after: first, limit: 9) == [second])
        #expect(try await fixture.store.undecided(after: nil, limit: 1) == [first])
        let seen = CallRevision(content: 1, attribution: 0, judgement: 0)
        try await fixture.store.write { writer in
            try writer.attribute(first, seen: seen, Self.credit(nil))
            try writer.attribute(second, seen: seen, Self.credit(nil))
        }
        #expect(try await open().isEmpty)
        reading.title = "New"
        reading.fetchedAtMilliseconds += 1
        try await fixture.record(reading)
        #expect(try await open() == [first])
        fixture.time.advance(by: .seconds(1))
        _ = try await Self.campaign(fixture, "Spring")
        #expect(try await open() == [first, second])
    }

    @Test("judges with evidence, keeps verdicts by version and says what changed")
    func judge() async throws {
        let fixture = try await StoreFixture()
        let id = try await fixture.record(.sample()).call
        var seen = CallRevision(content: 1, attribution: 0, judgement: 0)
        let steps: [(Judgement, Judged)] = [
            (Self.judgement(.unknown), .changed), (Self.judgement(.unknown), .unchanged),
            (Self.judgement(.yes), .changed), (Self.judgement(.no, version: "r2"), .changed),
        ]
        for (judgement, expected) in steps {
            let now = seen
            let judged = try await fixture.store.write {
                try $0.judge(id, seen: now, judgement)
            }
            #expect(judged == expected)
            seen.judgement += 1
            let conversion = try #require(try await fixture.store.call(id)?.conversion)
            #expect(conversion.outcome == judgement.outcome)
            #expect(conversion.ruleVersion == judgement.ruleVersion)
            #expect(conversion.note == (judgement.outcome == .yes ? "Counts as a booking." : nil))
        }
        let old = try await fixture.store.verdicts(of: id, ruleVersion: "r1")
        #expect(old == Self.judgement(.yes).verdicts)
        #expect(try await fixture.store.counts().conversions == 0)
        let late = try await fixture.commit("j1") { writer in
            try writer.judge(
                id,
                seen: CallRevision(content: 1, attribution: 0, judgement: 2),
                Self.judgement(.yes)
            )
        }
        #expect(late == .stale(reason: "the call was judged after it was read"))
    }

    @Test("refuses a conversion that stands on nothing")
    func noEvidence() async throws {
        let fixture = try await StoreFixture()
        let recorded = try await fixture.record(.sample())
        var judgement = Self.judgement(.yes)
        judgement.verdicts[0].evidence = []
        let empty = judgement
        let verdict = try await fixture.commit("j1") { writer in
            try writer.judge(recorded.call, seen: recorded.revision, empty)
        }
        guard case .rejected = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(try await fixture.store.call(recorded.call)?.conversion == nil)
    }

    @Test("lists what no rules have judged as it stands")
    func unjudged() async throws {
        let fixture = try await StoreFixture()
        var reading = CallRecord.sample("conv_1")
        let first = try await fixture.record(reading)
        let second = try await fixture.record(.sample("conv_2")).call
        try await fixture.record(.sample("conv_3", status: .processing))
        func open(followsCampaigns: Bool = false) async throws -> [CallID] {
            try await fixture.store.unjudged(
                followsCampaigns: followsCampaigns,
                after: nil,
                limit: 9
            )
        }
        #expect(try await open() == [first.call, second])
        try await fixture.store.write {
            try $0.judge(first.call, seen: first.revision, Self.judgement(.no))
        }
        #expect(try await open() == [second])
        try await fixture.store.write {
            try $0.attribute(first.call, seen: first.revision, Self.credit(nil))
        }
        #expect(try await open() == [second])
        #expect(try await open(followsCampaigns: true) == [first.call, second])
        reading.title = "New"
        reading.fetchedAtMilliseconds += 1
        try await fixture.record(reading)
        #expect(try await open() == [first.call, second])
    }

    @Test("lets a person's label go before the rules, before and after they judge")
    func labels() async throws {
        let fixture = try await StoreFixture()
        let id = try await fixture.record(.sample()).call
        let call = JudgedCall(store: fixture.store, id: id)
        let yes = ManualLabel(type: "booking", label: .yes, person: "ana", note: "heard it")
        try await fixture.store.write { try $0.label(id, yes) }
        #expect(try await call.conversion().outcome == .yes)
        #expect(try await call.conversion().ruleOutcome == nil)
        #expect(try await fixture.store.unjudged(after: nil, limit: 9) == [id])
        try await call.judge(Self.judgement(.no))
        #expect(try await call.conversion().outcome == .yes)
        #expect(try await call.conversion().ruleOutcome == .no)
        #expect(try await call.conversion().note == "heard it")
        try await call.judge(Self.judgement(.yes))
        let no = ManualLabel(type: "booking", label: .no, person: "ana")
        try await fixture.store.write { try $0.label(id, no) }
        #expect(try await call.conversion().outcome == .no)
        #expect(try await fixture.store.counts().conversions == 0)
        #expect(try await fixture.store.write { try $0.unlabel(id, type: "booking", by: "ana") })
        #expect(try await call.conversion().outcome == .yes)
        #expect(try await call.conversion().note == "Counts as a booking.")
        // There is nothing to take back a second time, and nothing to tell of it.
        #expect(
            try await !fixture.store.write { try $0.unlabel(id, type: "booking", by: "ben") }
        )
        let log = try await fixture.store.auditLog(action: "call", limit: 9).map(\.note)
        #expect(log.map(\.action) == ["call.unlabel", "call.label", "call.label"])
        #expect(log.map(\.actor) == ["ana", "ana", "ana"])
    }
}

/// One call whose conversion is asked for and decided again and again.
private struct JudgedCall {
    let store: CallStore
    let id: CallID

    func conversion() async throws -> Conversion {
        try #require(try await store.call(id)?.conversion)
    }

    func judge(_ judgement: Judgement) async throws {
        let seen = try #require(try await store.call(id)?.revision)
        try await store.write { try $0.judge(id, seen: seen, judgement) }
    }
}
