import Attribution
import Console
import TestSupport
import Testing

@Suite("CSV")
struct CSVTests {
    private func read(_ text: String, chunk: Int = 1_000) throws -> [CSVRecord] {
        let bytes = Array(text.utf8)
        var reader = CSVReader()
        var records: [CSVRecord] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            records += try reader.read(bytes[start..<min(start + chunk, bytes.count)])
        }
        if let last = try reader.finish() { records.append(last) }
        return records
    }

    @Test(
        "reads what RFC 4180 and spreadsheets write",
        arguments: [
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
            ("\"a,b\",\"c\"\"d\"\r\n", [["a,b", "c\"d"]]),
            ("\"two\nlines\",x\n", [["two\nlines", "x"]]),
            ("\u{FEFF}a,b\n", [["a", "b"]]),
            (",\n", [["", ""]]),
            ("a\n\nb\n", [["a"], [""], ["b"]]),
            ("say \"hi\",x\n", [["say \"hi\"", "x"]]),
            ("\"\",\"\"\n", [["", ""]]),
            ("", []),
        ] as [(String, [[String]])]
    )
    func reads(text: String, fields: [[String]]) throws {
        for chunk in [1, 2, 3, 1_000] {
            #expect(try read(text, chunk: chunk).map(\.fields) == fields, "chunks of \(chunk)")
        }
    }

    @Test("tells the line that a record begins on")
    func lines() throws {
        let records = try read("h\n\"a\nb\"\nc\n")
        #expect(records.map(\.line) == [1, 2, 4])
    }

    @Test("refuses a quote that never ends")
    func endless() {
        #expect(throws: CSVError.endlessField(line: 2)) { try read("h\n\"open\nx\n") }
        let long = "h\n\"" + String(repeating: "x", count: CSVReader.recordBytesMax + 1) + "\"\n"
        #expect(throws: CSVError.endlessField(line: 2)) { try read(long) }
    }

    @Test("what is written comes back", arguments: Seeds.first(50))
    func roundTrips(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let alphabet = Array("ab,\"\n\r é;")
        let rows = (0..<10).map { _ in
            (0..<3).map { _ in
                String(
                    (0..<Int.random(in: 1...6, using: &random)).map { _ in
                        alphabet.randomElement(using: &random) ?? "x"
                    }
                )
            }
        }
        let text = rows.map(CSVWriter.line).joined()
        let chunk = Int.random(in: 1...20, using: &random)
        #expect(
            try read(text, chunk: chunk).map(\.fields) == rows,
            "\(Seeds.replay(seed, filter: "CSVTests"))"
        )
    }
}
