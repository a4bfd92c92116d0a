import CallStore
import Foundation
import GRDB
import JobQueue
import PhoneNumbers
import Testing

@Suite("Recording of calls")
struct RecordTests {
    @Test("gives back every field of a reading")
    func roundTrip() async throws {
        let fixture = try await StoreFixture()
        let reading = CallRecord.sample()
        let recorded = try await fixture.record(reading)
        #expect(recorded.change == .inserted)
        let call = try #require(try await fixture.store.call(recorded.call))
        #expect(call.record == reading)
        #expect(call.hasDetail)
        #expect(call.revision == CallRevision(content: 1, attribution: 0, judgement: 0))
        #expect(try await fixture.store.call(reading.identity) == call)
    }

    @Test("takes the same reading again for unchanged, whatever its values")
    func unchanged() async throws {
        let fixture = try await StoreFixture()
        var reading = CallRecord.sample()
        reading.dynamicVariables = [
            "whole": .number(2), "part": .number(0.1), "none": .null, "yes": .bool(true),
            "list": .list([.integer(1), .text("ä\u{0}\"")]),
        ]
        reading.rating = 4
        reading.successScore = 0.1 + 0.2
        try await fixture.record(reading)
        reading.fetchedAtMilliseconds += 1
        reading.listFingerprint = "f2"
        let again = try await fixture.record(reading)
        #expect(again.change == .unchanged)
        #expect(again.revision.content == 1)
        let known = try await fixture.store.knownCalls(["conv_1", "conv_2"])
        #expect(known.count == 1)
        #expect(known["conv_1"]?.listFingerprint == "f2")
        #expect(known["conv_1"]?.fetchedAtMilliseconds == reading.fetchedAtMilliseconds)
    }

    @Test("raises the revision with each change and tells the same conversation by workspace")
    func revision() async throws {
        let fixture = try await StoreFixture()
        var reading = CallRecord.sample()
        let first = try await fixture.record(reading)
        reading.title = "Another title"
        reading.fetchedAtMilliseconds += 1
        let second = try await fixture.record(reading)
        #expect(second.change == .changed)
        #expect(second.revision.content == 2)
        #expect(second.call == first.call)
        reading.identity.workspace = "other"
        let other = try await fixture.record(reading)
        #expect(other.change == .inserted)
        #expect(other.call != first.call)
    }

    @Test(
        "never lets an older state overwrite a newer one",
        arguments: [
            (.processing, 1_000), (.inProgress, 1_000), (.initiated, 1_000),
            (CallStatus("on-hold"), 1_000), (.done, -1), (.failed, -1),
        ] as [(CallStatus, Int64)]
    )
    func olderState(status: CallStatus, later: Int64) async throws {
        let fixture = try await StoreFixture()
        let newest = CallRecord.sample()
        let id = try await fixture.record(newest).call
        var older = CallRecord.sample(status: status)
        older.fetchedAtMilliseconds += later
        older.listFingerprint = "old"
        older.title = "Old title"
        older.durationSeconds = 1
        older.callSuccessful = "failure"
        older.startedUnix = 1
        older.caller = .withheld
        older.transcript = [Turn(speaker: .caller, message: "Old words", secondsIn: 0)]
        #expect(try await fixture.record(older).change == .older)
        var expected = newest
        expected.fetchedAtMilliseconds = max(
            newest.fetchedAtMilliseconds,
            older.fetchedAtMilliseconds
        )
        #expect(try await fixture.store.call(id)?.record == expected)
    }

    @Test("fills gaps from an older reading without touching what is known")
    func olderFillsGaps() async throws {
        let fixture = try await StoreFixture()
        var row = CallRecord.sample(source: .list)
        row.transcript = nil
        row.caller = nil
        row.collected = nil
        row.title = "From the list"
        let id = try await fixture.record(row).call
        #expect(try await fixture.store.call(id)?.hasDetail == false)
        var webhook = CallRecord.sample(source: .webhook)
        webhook.fetchedAtMilliseconds -= 1_000
        let recorded = try await fixture.record(webhook)
        #expect(recorded.change == .changed)
        let call = try #require(try await fixture.store.call(id))
        #expect(call.hasDetail)
        #expect(call.record.title == "From the list")
        #expect(call.record.transcript == .sample)
        #expect(call.record.caller == .number("+14155550123"))
        #expect(call.record.collected == webhook.collected)
    }

    @Test(
        "keeps what was said when the upstream has deleted it",
        arguments: [
            [], [Turn(speaker: .caller, message: nil, secondsIn: 0)],
            [Turn(speaker: .caller, message: "[deleted]", secondsIn: 0)],
        ] as [[Turn]]
    )
    func deletedTranscript(turns: [Turn]) async throws {
        let fixture = try await StoreFixture()
        let whole = CallRecord.sample()
        let id = try await fixture.record(whole).call
        var emptied = CallRecord.sample()
        emptied.fetchedAtMilliseconds += 1_000
        emptied.transcript = turns
        emptied.transcriptDeletedUnix = 1_794_800_000
        emptied.summary = ""
        emptied.criteria = []
        emptied.collected = []
        emptied.dynamicVariables = [:]
        emptied.title = "deleted"
        emptied.costCredits = 700
        #expect(try await fixture.record(emptied).change == .changed)
        let record = try #require(try await fixture.store.call(id)?.record)
        #expect(record.transcript == whole.transcript)
        #expect(record.summary == whole.summary)
        #expect(record.title == whole.title)
        #expect(record.criteria == whole.criteria)
        #expect(record.collected == whole.collected)
        #expect(record.dynamicVariables == whole.dynamicVariables)
        #expect(record.costCredits == 700)
        #expect(record.transcriptDeletedUnix == 1_794_800_000)
    }

    @Test("keeps words when a later reading has turns without any")
    func emptiedTranscript() async throws {
        let fixture = try await StoreFixture()
        let id = try await fixture.record(.sample()).call
        var redacted = CallRecord.sample()
        redacted.fetchedAtMilliseconds += 1
        redacted.transcript = [Turn(speaker: .caller, message: " ", secondsIn: 0)]
        #expect(try await fixture.record(redacted).change == .unchanged)
        #expect(try await fixture.store.call(id)?.transcript == .sample)
    }

    @Test("follows a call from the first ring to its end")
    func lifeCycle() async throws {
        let fixture = try await StoreFixture()
        var reading = CallRecord.sample(status: .initiated, source: .list)
        reading.transcript = nil
        reading.callSuccessful = nil
        reading.durationSeconds = 0
        let id = try await fixture.record(reading).call
        let states: [CallStatus] = [.inProgress, .processing, .done]
        for (step, status) in states.enumerated() {
            let unfinished = try await fixture.store.counts().unfinished
            #expect(unfinished == 1)
            reading.status = status
            reading.fetchedAtMilliseconds += 1
            let recorded = try await fixture.record(reading)
            #expect(recorded.change == .changed)
            #expect(recorded.revision.content == Int64(step) + 2)
        }
        let counts = try await fixture.store.counts()
        #expect(counts.done == 1)
        #expect(counts.unfinished == 0)
        #expect(counts.total == 1)
        #expect(try await fixture.store.call(id)?.record.status == .done)
    }

    @Test("takes a call that has ended for unread until a detail of its end is here")
    func wholeness() async throws {
        let fixture = try await StoreFixture()
        var going = CallRecord.sample(status: .inProgress)
        going.criteria = nil
        going.callSuccessful = nil
        let id = try await fixture.record(going).call
        #expect(try await fixture.store.call(id)?.hasDetail == true)
        // The list shows the end; its detail cannot be had at once.
        var row = CallRecord.sample(source: .list, fetched: going.fetchedAtMilliseconds + 1)
        row.transcript = nil
        row.criteria = nil
        try await fixture.record(row)
        #expect(try await fixture.store.call(id)?.hasDetail == false)
        // Nor does a detail from before the end that comes in late make it whole.
        going.fetchedAtMilliseconds = row.fetchedAtMilliseconds + 1
        try await fixture.record(going)
        #expect(try await fixture.store.call(id)?.hasDetail == false)
        let whole = CallRecord.sample(fetched: row.fetchedAtMilliseconds + 2)
        try await fixture.record(whole)
        let call = try #require(try await fixture.store.call(id))
        #expect(call.hasDetail)
        #expect(call.record.criteria == whole.criteria)
        // What came in pieces was not changed afterwards.
        let provenance = try await fixture.store.provenance(of: id)
        #expect(provenance.correctedMilliseconds == nil)
        #expect(provenance.changes.isEmpty)
        // A row that only adds to it leaves it whole.
        row.fetchedAtMilliseconds = whole.fetchedAtMilliseconds + 1
        try await fixture.record(row)
        #expect(try await fixture.store.call(id)?.hasDetail == true)
    }

    @Test("figures of the turns are those of the turns that are kept")
    func figuresOfTurns() async throws {
        let fixture = try await StoreFixture()
        func callerTurns() throws -> Int { try fixture.number("select caller_turns from calls") }
        var reading = CallRecord.sample()
        try await fixture.record(reading)
        let before = try callerTurns()
        #expect(before > 0)
        // An older reading whose turns are not taken tells nothing of them.
        var older = reading
        older.fetchedAtMilliseconds -= 1_000
        older.transcript = []
        try await fixture.record(older)
        #expect(try callerTurns() == before)
        // Turns in which the caller says nothing take their place.
        reading.fetchedAtMilliseconds += 1_000
        reading.transcript = [Turn(speaker: .agent, message: "Hello?", secondsIn: 0)]
        try await fixture.record(reading)
        #expect(try callerTurns() == 0)
    }

    @Test("until the turns of the end are here, the list knows better how much was said")
    func turnsOfTheEnd() async throws {
        let fixture = try await StoreFixture()
        let going = CallRecord.sample(status: .inProgress)
        try await fixture.record(going)
        var row = CallRecord.sample(source: .list, fetched: going.fetchedAtMilliseconds + 1)
        row.transcript = nil
        try await fixture.record(row)
        let unknown = "select count(*) from calls where caller_turns is null"
        #expect(try fixture.number(unknown) == 1)
        // The very turns that are stored, now of the end.
        try await fixture.record(.sample(fetched: row.fetchedAtMilliseconds + 1))
        #expect(try fixture.number(unknown) == 0)
    }

    @Test("lists unfinished calls, the longest unread first, and none that began too long ago")
    func watchList() async throws {
        let fixture = try await StoreFixture()
        for (index, status) in [CallStatus.inProgress, .done, .processing, .initiated].enumerated()
        {
            var reading = CallRecord.sample("conv_\(index)", status: status)
            reading.fetchedAtMilliseconds -= Int64(index) * 10
            reading.startedUnix = 1_794_700_000 + Int64(index)
            try await fixture.record(reading)
        }
        let now = CallRecord.sample().fetchedAtMilliseconds
        func watched(before: Int64, after: Int64 = .min, limit: Int = 9) async throws -> [String] {
            try await fixture.store.watchList(
                fetchedBefore: before,
                startedAfter: after,
                limit: limit
            )
            .map(\.identity.conversationID)
        }
        #expect(try await watched(before: now + 1) == ["conv_3", "conv_2", "conv_0"])
        #expect(try await watched(before: now) == ["conv_3", "conv_2"])
        #expect(try await watched(before: now + 1, limit: 1) == ["conv_3"])
        #expect(try await watched(before: now + 1, after: 1_794_700_002) == ["conv_3"])
    }

    @Test("names callers by the keyed hash of their number")
    func callerKey() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        try await fixture.record(.sample("conv_2"))
        var withheld = CallRecord.sample("conv_3")
        withheld.caller = .withheld
        try await fixture.record(withheld)
        let expected = try StoreFixture.phoneKey().callerKey(e164: "+14155550123")
        let matching = try fixture.number(
            "select count(*) from call_parties where caller_key = ? and key_id = 'test'",
            [expected]
        )
        #expect(matching == 2)
        let without = try fixture.number(
            "select count(*) from call_parties where caller_key is null and class = 'withheld'"
        )
        #expect(without == 1)
        // HMAC-SHA-256 of "v1|+14155550123" under the key, as Python's hmac module gives it.
        #expect(
            expected.map { String(format: "%02x", $0) }.joined()
                == "972007e7d1d7303750e7ec89964d95cc829908390d9dea7a683a5f2c391700dc"
        )
    }

    @Test("refuses numbers when it was opened without the key")
    func noKey() async throws {
        let fixture = try await StoreFixture()
        let keyless = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2)
        )
        await #expect(throws: StoreError.self) {
            try await keyless.write { try $0.record(.sample()) }
        }
        #expect(try await fixture.store.counts().total == 0)
        try keyless.close()
    }
}
