import CallJobs
import CallStore
import Export
import Foundation
import PhoneNumbers
import Testing

@Suite("Feeds of conversions")
struct FeedTests {
    private static func feed(
        _ fixture: ExportFixture,
        _ profile: ExportArguments.Profile,
        since: ExportArguments.Since,
        number: Int
    ) async throws -> ExportRecord {
        let arguments = ExportArguments(
            subject: .feed,
            profile: profile,
            since: since,
            timeZone: "America/New_York",
            person: "ana"
        )
        return try #require(try await fixture.export(arguments, number: number))
    }

    private static func label(
        _ fixture: ExportFixture,
        _ call: CallID,
        _ word: Ternary,
        type: String = "booking"
    ) async throws {
        try await fixture.store.write {
            try $0.label(call, ManualLabel(type: type, label: word, person: "ana"))
        }
    }

    private static func changes(
        _ fixture: ExportFixture,
        _ record: ExportRecord
    ) throws
        -> [[String]]
    {
        try fixture.rows(record).map { row in
            [row["change"], row["conversation_id"], row["conversion_type"]].map { $0 ?? "" }
        }
    }

    @Test("tells what is new, changed and withdrawn since its cursor, and nothing twice")
    func adjustments() async throws {
        let fixture = try await ExportFixture()
        var added: [CallID] = []
        for number in 0..<5 { added.append(try await fixture.addCall(number).call) }
        let calls = added
        for number in [0, 1, 2] { try await Self.label(fixture, calls[number], .yes) }
        var record = try await Self.feed(fixture, .plain, since: .last, number: 1)
        #expect(
            try Self.changes(fixture, record) == [
                ["new", "conv_0", "booking"], ["new", "conv_1", "booking"],
                ["new", "conv_2", "booking"],
            ]
        )
        let start = try #require(record.cursor)
        // One withdrawn, one of another type, one that came and went, one judged the same again,
        // and one excluded.
        try await Self.label(fixture, calls[0], .no)
        try await fixture.store.write { _ = try $0.unlabel(calls[1], type: "booking", by: "ana") }
        try await Self.label(fixture, calls[1], .yes, type: "order")
        try await Self.label(fixture, calls[3], .yes)
        try await Self.label(fixture, calls[3], .no)
        try await Self.label(fixture, calls[4], .yes)
        try await fixture.store.write { try $0.exclude(calls[2], for: .test, by: "ana") }
        record = try await Self.feed(fixture, .plain, since: .last, number: 2)
        #expect(
            try Self.changes(fixture, record).sorted { $0[1] < $1[1] } == [
                ["withdrawn", "conv_0", "booking"], ["changed", "conv_1", "order"],
                ["withdrawn", "conv_2", "booking"], ["new", "conv_4", "booking"],
            ]
        )
        #expect(try #require(record.cursor) > start)
        let again = try await Self.feed(fixture, .plain, since: .last, number: 3)
        #expect(again.rows == 0)
        #expect(again.cursor == record.cursor)
        // An older cursor tells the same again; another profile begins at its own.
        let old = try await Self.feed(fixture, .plain, since: .cursor(start), number: 4)
        #expect(try Self.changes(fixture, old) == (try Self.changes(fixture, record)))
        let other = try await Self.feed(fixture, .google, since: .last, number: 5)
        #expect(other.rows == 2)
    }

    @Test("writes what Google's template asks for, in the zone, with retractions")
    func google() async throws {
        let fixture = try await ExportFixture()
        let call = try await fixture.addCall(0).call
        let hidden = try await fixture.addCall(1) { $0.caller = nil }.call
        try await Self.label(fixture, call, .yes)
        try await Self.label(fixture, hidden, .yes)
        let first = try await Self.feed(fixture, .google, since: .cursor(0), number: 1)
        let row = try #require(try fixture.rows(first).first)
        #expect(first.rows == 1)
        #expect(row["Caller's Phone Number"] == "+14155550123")
        #expect(row["Call Start Time"] == "2026-11-14 18:46:40-05:00")
        #expect(row["Conversion Time"] == "2026-11-14 18:47:40-05:00")
        #expect(row["Conversion Name"] == "booking")
        #expect(row["Adjustment Type"] == "")
        try await Self.label(fixture, call, .no)
        let second = try await Self.feed(fixture, .google, since: .last, number: 2)
        let adjusted = try #require(try fixture.rows(second).first)
        #expect(adjusted["Adjustment Type"] == "RETRACT")
        #expect(adjusted["Adjustment Time"] == "2026-11-15 22:33:20-05:00")
    }

    @Test("hashes numbers for Meta as its own example does, and holds none in the clear")
    func meta() async throws {
        let fixture = try await ExportFixture()
        let call = try await fixture.addCall(0) {
            $0.caller?.raw = "+16505551212"
            $0.caller?.e164 = E164(stored: "+16505551212")
        }.call
        try await Self.label(fixture, call, .yes)
        let record = try await Self.feed(fixture, .meta, since: .cursor(0), number: 1)
        let text = String(decoding: try fixture.file(record.fileName), as: UTF8.self)
        struct Event: Decodable {
            struct User: Decodable { var ph: [String] }

            var eventName: String
            var eventTime: Int64
            var eventId: String
            var actionSource: String
            var userData: User
            var adjustment: String
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let event = try decoder.decode(Event.self, from: Data(text.utf8))
        #expect(event.eventName == "booking")
        #expect(event.eventTime == 1_794_700_060)
        #expect(event.eventId == "conv_0:booking")
        #expect(event.adjustment == "new")
        #expect(event.userData.ph.count == 1)
        #expect(event.userData.ph[0].hasPrefix("e323ec62"))
        #expect(event.userData.ph[0].hasSuffix("ab3176"))
        #expect(!text.contains("6505551212"))
    }

    @Test("writes campaigns with their figures, named as the definitions name them")
    func campaigns() async throws {
        let fixture = try await ExportFixture()
        let call = try await fixture.addCall(0).call
        try await fixture.store.write { writer in
            let spring = try writer.add(NewCampaign(name: "=Spring", channel: .mail))
            _ = try writer.add(NewCampaign(name: "Empty", channel: .sms))
            try writer.pin(call, ManualPin(campaign: spring, person: "ana"))
        }
        try await Self.label(fixture, call, .yes)
        var number = 0
        for dialect in ExportArguments.Dialect.allCases {
            let arguments = ExportArguments(subject: .campaigns, dialect: dialect, person: "ana")
            number += 1
            let record = try #require(try await fixture.export(arguments, number: number))
            #expect(record.rows == 2)
            var bytes = try fixture.file(record.fileName)
            guard dialect != .ndjson else {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.split(separator: "\n").count == 2)
                #expect(text.contains(#""campaign":"=Spring","channel":"mail""#))
                #expect(text.contains(#""calls":1,"#))
                #expect(text.contains(#""conversionRate":null"#))
                continue
            }
            if dialect == .excel { bytes.removeFirst(3) }
            let records = try CSVReader.records(bytes)
            let rows = records.dropFirst().map {
                Dictionary(uniqueKeysWithValues: zip(records[0], $0))
            }
            #expect(rows[0]["campaign"] == (dialect == .excel ? "'=Spring" : "=Spring"))
            #expect(rows.map { $0["calls"] } == ["1", "0"])
            #expect(rows.map { $0["conversions"] } == ["1", "0"])
            #expect(rows.map { $0["conversionRate"] } == ["1.0", ""])
        }
    }
}
