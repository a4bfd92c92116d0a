import CallJobs
import CallStore
import Export
import Foundation
import PhoneNumbers
import TestSupport
import Testing

/// What other programs make of the files.
@Suite("Exports, read by others")
struct ExportReadersTests {
    private static let texts = [
        "", " ", ",", "\"", "\"\"", "a,b", "line\nbreak", "line\r\nbreak", "\r", "=1+1", "@SUM(A1)",
        "-5", "+49 151", "ümläut 你好 🎉", "tab\there", "'", "\u{FEFF}bom", "null", "end\"", "\\n",
        ",\r\n\",", "1.50", "0042",
    ]

    private static func fixture() async throws -> ExportFixture {
        let fixture = try await ExportFixture()
        for (number, text) in texts.enumerated() {
            try await fixture.addCall(number) {
                $0.title = text
                $0.summary = String(text.reversed())
                $0.language = number.isMultiple(of: 2) ? nil : "en"
                $0.costDollars = number.isMultiple(of: 3) ? nil : Double(number) / 7
                $0.costCredits = Int64(number) * 100
                $0.rating = number.isMultiple(of: 5) ? 4.5 : nil
            }
        }
        return fixture
    }

    /// The rows of the store as texts, by another way than an export's.
    private static func stored(_ fixture: ExportFixture) async throws -> [[String]] {
        let calls = try await fixture.store.calls(CallFilter(), limit: 1_000).calls.reversed()
        var rows: [[String]] = []
        for summary in calls {
            let call = try #require(try await fixture.store.call(summary.id))
            rows.append([
                call.record.identity.conversationID, call.record.title ?? "",
                call.record.summary ?? "", call.record.language ?? "",
                call.record.costDollars.map { "\($0)" } ?? "",
                call.record.costCredits.map { "\($0)" } ?? "",
                call.record.rating.map { "\($0)" } ?? "",
                call.record.caller?.e164?.text ?? "",
            ])
        }
        return rows
    }

    private static let columns = [
        "conversation_id", "title", "summary", "language", "cost_usd", "cost_credits", "rating",
        "caller_number",
    ]

    /// Costs as numbers: other programs may write the same fraction differently.
    private static func same(_ read: [[String]], _ stored: [[String]]) -> Bool {
        read.count == stored.count
            && zip(read, stored).allSatisfy { left, right in
                left.count == right.count
                    && zip(left, right).enumerated().allSatisfy { column, pair in
                        guard column == 4, let one = Double(pair.0), let other = Double(pair.1)
                        else { return pair.0 == pair.1 }
                        return one == other
                    }
            }
    }

    @Test("gives Python's csv module exactly what the store holds")
    func python() async throws {
        let fixture = try await Self.fixture()
        let record = try #require(try await fixture.export(ExportArguments(person: "ana")))
        let script = """
            import csv, json, sys
            with open(sys.argv[1], newline='', encoding='utf-8') as file:
                rows = list(csv.DictReader(file, strict=True))
            print(json.dumps([[row[name] for name in sys.argv[2].split(',')] for row in rows]))
            """
        let output = try await OtherProgram.run(
            [
                "python3", "-c", script, fixture.exports + "/" + record.fileName,
                Self.columns.joined(separator: ","),
            ]
        )
        let read = try JSONDecoder().decode([[String]].self, from: output)
        let stored = try await Self.stored(fixture)
        #expect(stored.count == Self.texts.count)
        #expect(Self.same(read, stored), "\(read)\n\(stored)")
    }

    @Test("gives the sqlite3 shell exactly what the store holds")
    func sqlite() async throws {
        let fixture = try await Self.fixture()
        let record = try #require(try await fixture.export(ExportArguments(person: "ana")))
        let output = try await OtherProgram.run(
            [
                "sqlite3", ":memory:",
                ".import --csv '\(fixture.exports)/\(record.fileName)' calls",
                """
                select json_group_array(json_array(\(Self.columns.joined(separator: ", "))))
                from calls
                """,
            ]
        )
        let read = try JSONDecoder().decode([[String]].self, from: output)
        #expect(Self.same(read, try await Self.stored(fixture)), "\(read)")
    }

    @Test("gives a reader of JSON lines the same, numbers as numbers and missing as null")
    func jsonLines() async throws {
        let fixture = try await Self.fixture()
        let record = try #require(
            try await fixture.export(ExportArguments(dialect: .ndjson, person: "ana"))
        )
        #expect(record.fileName.hasSuffix(".ndjson"))
        let script = """
            import json, sys
            with open(sys.argv[1], newline='\\n', encoding='utf-8') as file:
                rows = [json.loads(line) for line in file.read().split('\\n')[:-1]]
            assert all(row['schema'] == 1 for row in rows)
            assert all(isinstance(row['cost_credits'], int) for row in rows)
            assert len({tuple(row) for row in rows}) == 1
            assert list(rows[0])[1:5] == ['id', 'conversation_id', 'workspace', 'started_at']
            print(json.dumps([
                ['' if row[name] is None else str(row[name]) for name in sys.argv[2].split(',')]
                for row in rows
            ]))
            """
        let output = try await OtherProgram.run(
            [
                "python3", "-c", script, fixture.exports + "/" + record.fileName,
                Self.columns.joined(separator: ","),
            ]
        )
        let read = try JSONDecoder().decode([[String]].self, from: output)
        #expect(Self.same(read, try await Self.stored(fixture)), "\(read)")
    }

    @Test("writes turns to CSV and whole conversations to JSON lines")
    func transcripts() async throws {
        let fixture = try await ExportFixture()
        try await fixture.addCall(1) {
            $0.transcript = [
                Turn(speaker: .agent, message: "Good morning, \"Ann\".", secondsIn: 0),
                Turn(
                    speaker: .caller,
                    message: "=cmd",
                    secondsIn: 3,
                    wasInterrupted: true,
                    toolCalls: [
                        ToolCall(
                            requestID: "r",
                            name: "book",
                            kind: "webhook",
                            arguments: "{}",
                            wasCalled: true
                        )
                    ]
                ),
            ]
        }
        try await fixture.addCall(2)
        let csv = try #require(
            try await fixture.export(ExportArguments(subject: .transcripts, person: "ana"))
        )
        let rows = try fixture.rows(csv)
        #expect(rows.map { $0["message"] } == ["Good morning, \"Ann\".", "=cmd"])
        #expect(rows.map { $0["speaker"] } == ["agent", "caller"])
        #expect(rows.map { $0["interrupted"] } == ["no", "yes"])
        #expect(rows.allSatisfy { $0["conversation_id"] == "conv_1" })
        #expect(csv.rows == 2)
        let json = try #require(
            try await fixture.export(
                ExportArguments(subject: .transcripts, dialect: .ndjson, person: "ana"),
                number: 2
            )
        )
        let lines = String(decoding: try fixture.file(json.fileName), as: UTF8.self)
            .split(separator: "\n")
        struct Line: Decodable {
            struct Turn: Decodable {
                struct Tool: Decodable { var name: String }

                var position: Int
                var speaker: String
                var message: String?
                var interrupted: Bool
                var toolCalls: [Tool]?
            }

            var conversationId: String
            var turns: [Turn]
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let read = try lines.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
        #expect(read.map(\.conversationId) == ["conv_1", "conv_2"])
        #expect(read.map(\.turns.count) == [2, 0])
        #expect(read[0].turns[1].interrupted)
        #expect(read[0].turns[1].toolCalls?.first?.name == "book")
    }
}
