import CallJobs
import CallStore
import Crypto
import Export
import Foundation
import JobWorker
import TestSupport
import Testing

@Suite("Export of calls")
struct ExportTests {
    /// Texts that break careless writers of CSV.
    private static let hostile = [
        "", " ", ",", "\"", "\"\"", "a,b", "a\"b", "line\nbreak", "line\r\nbreak", "\r", "=1+1",
        "@SUM(A1)", "-5", "+49 151", "ümläut 你好 🎉", "tab\there", "'", "\u{FEFF}bom", "null",
        "ends with quote\"", ",\r\n\",",
    ]

    @Test("gives every text back through a reader of RFC 4180, in the order of the calls' start")
    func roundTrip() async throws {
        let fixture = try await ExportFixture()
        for (number, text) in Self.hostile.enumerated().reversed() {
            try await fixture.addCall(number) {
                $0.title = text
                $0.summary = String(text.reversed())
            }
        }
        let record = try #require(try await fixture.export(ExportArguments(person: "ana")))
        let rows = try fixture.rows(record)
        #expect(rows.map { $0["title"] } == Self.hostile)
        #expect(rows.map { $0["summary"] } == Self.hostile.map { String($0.reversed()) })
        #expect(rows.map { $0["conversation_id"] } == Self.hostile.indices.map { "conv_\($0)" })
        #expect(record.rows == Int64(Self.hostile.count))
    }

    @Test("writes random texts so that they come back", arguments: Seeds.first(20))
    func randomTexts(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let letters = Array("ab,\"\r\n ;ß🎉\t")
        let texts = (0..<60).map { _ in
            String(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    letters[Int.random(in: 0..<letters.count, using: &random)]
                }
            )
        }
        var buffer = CSVBuffer()
        for text in texts {
            for _ in 0..<3 { buffer.add(text) }
            buffer.endLine()
        }
        #expect(
            try CSVReader.records(buffer.bytes) == texts.map { [$0, $0, $0] },
            "\(Seeds.replay(seed, filter: "randomTexts"))"
        )
    }

    @Test("writes what the store knows, numbers as numbers and missing as empty")
    func values() async throws {
        let fixture = try await ExportFixture()
        let recorded = try await fixture.addCall(5) {
            $0.costCredits = 612
            $0.costDollars = 0.071
            $0.language = "en"
        }
        try await fixture.addCall(6) {
            $0.caller = nil
            $0.callSuccessful = nil
        }
        try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Spring, \"big\"", channel: .mail))
            let recipient = try writer.add(NewRecipient(campaign: campaign, reference: "r-1"))
            let decision = AttributionDecision(
                campaign: campaign,
                recipient: recipient,
                method: .exactNumber,
                confidence: "strong",
                reason: nil,
                evidence: [:],
                ruleVersion: "1"
            )
            try writer.attribute(recorded.call, seen: recorded.revision, decision)
            let verdict = Verdict(
                type: "booking",
                outcome: .yes,
                evidence: [.integer(1)],
                echo: "Counts as a booking.",
                needsReview: false
            )
            let judgement = Judgement(ruleVersion: "r", ruleName: "n", verdicts: [verdict])
            try writer.judge(recorded.call, seen: recorded.revision, judgement)
        }
        let record = try #require(
            try await fixture.export(
                ExportArguments(timeZone: "America/New_York", person: "ana")
            )
        )
        let rows = try fixture.rows(record)
        let expected = [
            "started_at": "2026-11-14T23:46:45Z",
            "started_at_local": "2026-11-14T18:46:45-05:00", "time_zone": "America/New_York",
            "caller_number": "+14155550123", "caller_class": "e164", "duration_seconds": "65",
            "cost_credits": "612", "cost_usd": "0.071", "campaign": "Spring, \"big\"",
            "recipient": "r-1", "attribution_method": "exact-number",
            "attribution_confidence": "strong", "conversion": "yes", "conversion_type": "booking",
            "conversion_note": "Counts as a booking.", "outcome": "success", "language": "en",
            "rating": "",
        ]
        for (column, value) in expected { #expect(rows[0][column] == value, "\(column)") }
        for column in ["caller_number", "campaign", "conversion", "cost_usd"] {
            #expect(rows[1][column] == "", "\(column)")
        }
        #expect(rows[1]["outcome"] == "pending")
        #expect(rows.allSatisfy { $0.keys.allSatisfy { !$0.contains("transcript") } })
    }

    @Test("describes the file in its manifest, which the store's record agrees with")
    func manifest() async throws {
        let fixture = try await ExportFixture()
        for number in 0..<50 { try await fixture.addCall(number) }
        let filter = CallFilter(fromUnix: 1_794_700_010, toUnix: 1_794_700_030)
        let arguments = ExportArguments(filter: filter, timeZone: "Europe/Berlin", person: "ana")
        let record = try #require(try await fixture.export(arguments))
        let bytes = try fixture.file(record.fileName)
        let manifest = try JSONDecoder().decode(
            ExportManifest.self,
            from: Data(try fixture.file(record.manifestName))
        )
        let digest = SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        #expect(manifest.sha256 == digest.joined())
        #expect(manifest.bytes == Int64(bytes.count))
        #expect(manifest.rows == 20)
        #expect(manifest.columns == (try CSVReader.records(bytes)).first)
        #expect(manifest.columns == CallFormat.columns(of: .calls))
        #expect(manifest.file == record.fileName)
        #expect(manifest.timeZone == "Europe/Berlin")
        #expect(manifest.createdBy == "ana")
        #expect(manifest.personalData)
        #expect(manifest.createdAt == "2026-11-16T03:33:20Z")
        #expect(manifest.expiresAt == "2026-11-17T03:33:20Z")
        #expect(manifest.filter.text == "from 2026-11-14T23:46:50Z, to 2026-11-14T23:47:10Z")
        #expect(manifest.job == "export-1")
        #expect(record.sha256 == manifest.sha256)
        #expect(record.rows == manifest.rows)
        #expect(record.bytes == manifest.bytes)
        #expect(record.expiresMilliseconds == record.createdMilliseconds + 86_400_000)
        #expect(bytes.prefix(3) != [0xEF, 0xBB, 0xBF])
        #expect(bytes.suffix(2) == [0x0D, 0x0A])
    }

    @Test("writes a header alone when no call passes the filter")
    func empty() async throws {
        let fixture = try await ExportFixture()
        let record = try #require(try await fixture.export(ExportArguments(person: "ana")))
        #expect(record.rows == 0)
        #expect(
            try CSVReader.records(try fixture.file(record.fileName)) == [
                CallFormat.columns(of: .calls)
            ]
        )
    }

    @Test("names one winner when a job is delivered twice")
    func twoDeliveries() async throws {
        let fixture = try await ExportFixture()
        try await fixture.addCall(1)
        let first = try await fixture.run(ExportArguments(person: "ana"), fence: 7)
        let second = try await fixture.run(ExportArguments(person: "ana"), fence: 8)
        #expect(try await fixture.commit(second, fence: 8) == .applied)
        #expect(try await fixture.commit(first, fence: 7) == .alreadyApplied)
        let records = try await fixture.store.exports(limit: 9)
        #expect(records.count == 1)
        #expect(records[0].fileName == "calls-20261116T033320Z-8.csv")
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.exports).sorted()
        #expect(
            files == [
                "calls-20261116T033320Z-7.csv", "calls-20261116T033320Z-7.manifest.json",
                "calls-20261116T033320Z-8.csv", "calls-20261116T033320Z-8.manifest.json",
            ]
        )
    }

    @Test(
        "gives up at once on arguments that will never do",
        arguments: [#"{"dialect":"excel98"}"#, #"{"timeZone":"Mars/Olympus"}"#, "[]"]
    )
    func badArguments(text: String) async throws {
        let fixture = try await ExportFixture()
        let result = try await fixture.run(payload: Array(text.utf8))
        guard case .dead(let reason) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("argument"))
        #expect(!FileManager.default.fileExists(atPath: fixture.exports))
    }

    @Test("leaves nothing behind when it cannot write, and says where")
    func cannotWrite() async throws {
        let fixture = try await ExportFixture()
        try Data().write(to: URL(fileURLWithPath: fixture.exports))
        let result = try await fixture.run(ExportArguments(person: "ana"))
        guard case .retry(let reason, _) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains(fixture.exports))
    }

    @Test("has no file under the final name until all of it is on the disk")
    func unfinished() async throws {
        let fixture = try await ExportFixture()
        try AtomicFile.makeFolder(fixture.exports)
        let path = fixture.exports + "/calls-20261116T033320Z-1.csv"
        var file: AtomicFile? = try AtomicFile(finalPath: path)
        try file?.write(Array("half".utf8))
        var names = try FileManager.default.contentsOfDirectory(atPath: fixture.exports)
        #expect(names == ["calls-20261116T033320Z-1.csv.part"])
        let mode = try FileManager.default.attributesOfItem(atPath: path + ".part")
        #expect(mode[.posixPermissions] as? Int == 0o600)
        file = nil
        names = try FileManager.default.contentsOfDirectory(atPath: fixture.exports)
        #expect(names.isEmpty)
    }

    @Test(
        "tells local time on the days on which clocks change",
        arguments: [
            ("Europe/Berlin", Int64(1_774_745_999), "2026-03-29T01:59:59+01:00"),
            ("Europe/Berlin", 1_774_746_000, "2026-03-29T03:00:00+02:00"),
            ("Europe/Berlin", 1_792_889_999, "2026-10-25T02:59:59+02:00"),
            ("Europe/Berlin", 1_792_890_000, "2026-10-25T02:00:00+01:00"),
            ("America/New_York", 1_772_953_199, "2026-03-08T01:59:59-05:00"),
            ("America/New_York", 1_772_953_200, "2026-03-08T03:00:00-04:00"),
            ("America/New_York", 1_793_512_799, "2026-11-01T01:59:59-04:00"),
            ("America/New_York", 1_793_512_800, "2026-11-01T01:00:00-05:00"),
            ("Asia/Kathmandu", 1_794_700_000, "2026-11-15T05:31:40+05:45"),
            ("UTC", -1, "1969-12-31T23:59:59+00:00"),
            ("UTC", 1_709_164_800, "2024-02-29T00:00:00+00:00"),
        ] as [(String, Int64, String)]
    )
    func localTime(zone: String, unix: Int64, expected: String) throws {
        var times = TimeText(zone: try #require(TimeZone(identifier: zone)))
        // The instants around it come first, so that a remembered offset would show.
        _ = times.local(unix - 86_400)
        _ = times.local(unix - 1)
        #expect(String(decoding: times.local(unix), as: UTF8.self) == expected)
    }

    @Test("agrees with Foundation on UTC at random instants", arguments: Seeds.first(5))
    func utc(seed: UInt64) {
        var random = Seeded(seed: seed)
        let style = Date.ISO8601FormatStyle()
        for _ in 0..<500 {
            let unix = Int64.random(in: -2_000_000_000...8_000_000_000, using: &random)
            let text = String(decoding: TimeText.utc(unix), as: UTF8.self)
            #expect(
                text == style.format(Date(timeIntervalSince1970: TimeInterval(unix))),
                "\(unix), \(Seeds.replay(seed, filter: "utc"))"
            )
        }
    }
}
