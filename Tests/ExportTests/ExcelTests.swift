import CallJobs
import CallStore
import Export
import Foundation
import Testing

@Suite("Exports for spreadsheets")
struct ExcelTests {
    private static func rows(
        _ phones: ExportArguments.PhoneStyle,
        _ titles: [String]
    ) async throws -> [[String: String]] {
        let fixture = try await ExportFixture()
        for (number, title) in titles.enumerated() {
            try await fixture.addCall(number) {
                $0.title = title
                $0.costCredits = -5
            }
        }
        let record = try #require(
            try await fixture.export(
                ExportArguments(dialect: .excel, phones: phones, person: "ana")
            )
        )
        let bytes = try fixture.file(record.fileName)
        #expect(bytes.prefix(3) == [0xEF, 0xBB, 0xBF])
        let records = try CSVReader.records(Array(bytes.dropFirst(3)))
        let manifest = try JSONDecoder().decode(
            ExportManifest.self,
            from: Data(try fixture.file(record.manifestName))
        )
        #expect(manifest.phones == phones.rawValue)
        #expect(manifest.columns == records.first)
        return records.dropFirst().map {
            Dictionary(uniqueKeysWithValues: zip(manifest.columns, $0))
        }
    }

    @Test(
        "puts an apostrophe before texts that would be formulas, and before nothing else",
        arguments: [
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@A1", "'@A1"), ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"), ("\n=1", "'\n=1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")"),
            ("a=1", "a=1"), ("'=1", "'=1"), (" =1", " =1"), ("", ""), ("1-1", "1-1"),
            ("ümläut", "ümläut"),
        ]
    )
    func formulas(title: String, expected: String) async throws {
        let rows = try await Self.rows(.apostrophe, [title])
        #expect(rows[0]["title"] == expected)
        // A column of numbers holds numbers: a negative one stays one.
        #expect(rows[0]["cost_credits"] == "-5")
        #expect(rows[0]["started_at"] == "2026-11-14T23:46:40Z")
    }

    @Test(
        "writes phone numbers as the setting says",
        arguments: [
            (ExportArguments.PhoneStyle.apostrophe, "'+14155550123"), (.space, " +14155550123"),
            (.digits, "14155550123"),
        ]
    )
    func phones(style: ExportArguments.PhoneStyle, expected: String) async throws {
        let rows = try await Self.rows(style, ["t"])
        #expect(rows[0]["caller_number"] == expected)
    }
}
