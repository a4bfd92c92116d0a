package import CallJobs
import CallStore
package import Foundation

/// Writes rows of calls, or what was said in them, in one of the dialects.
///
/// `data`: UTF-8 without BOM, CRLF, a header, nothing escaped but what RFC 4180 asks for; numbers of
/// callers are raw E.164. `excel`: with BOM, and texts that a spreadsheet would take for a formula
/// get an apostrophe before them. `ndjson`: an object on each line.
package struct CallFormat {
    /// Rises when a line of NDJSON changes its shape.
    package static let schemaVersion = 1

    private enum Shape {
        case cells
        case lines
        case turnCells
        case turnLines
    }

    let fields: [CallField]
    private let shape: Shape
    private let dialect: ExportArguments.Dialect
    private let phones: ExportArguments.PhoneStyle
    private let zoneName: [UInt8]
    private var times: TimeText
    private var csv = CSVBuffer()
    private var json = JSONLines()

    package init(
        _ subject: ExportArguments.Subject,
        _ dialect: ExportArguments.Dialect,
        phones: ExportArguments.PhoneStyle = .apostrophe,
        zone: TimeZone
    ) {
        fields = Self.fields(of: subject)
        let isJSON = dialect == .ndjson
        shape =
            subject == .transcripts
            ? (isJSON ? .turnLines : .turnCells) : (isJSON ? .lines : .cells)
        self.dialect = dialect
        self.phones = phones
        zoneName = Array(zone.identifier.utf8)
        times = TimeText(zone: zone)
    }

    /// The fields of a subject's rows, in their order.
    static func fields(of subject: ExportArguments.Subject) -> [CallField] {
        switch subject {
        case .calls, .campaigns, .feed: CallField.allCases
        case .conversions:
            [
                .id, .conversationID, .workspace, .startedUnix, .agentID, .agentName, .channel,
                .direction, .outcome, .excluded, .durationSeconds, .callerNumber, .callerClass,
                .campaignID, .campaign, .recipient, .attributionMethod, .conversion,
                .conversionType, .conversionNote, .conversionRules, .conversionValue,
                .conversionCurrency,
            ]
        case .transcripts: [.id, .conversationID, .workspace, .startedUnix, .agentID]
        }
    }

    private static let turnColumns = [
        "position", "speaker", "seconds_in", "interrupted", "message",
    ]

    /// The columns, in their order; started_at and its company stand for one field.
    package static func columns(of subject: ExportArguments.Subject) -> [String] {
        let columns = fields(of: subject).flatMap { field in
            field == .startedUnix
                ? ["started_at", "started_at_local", "time_zone"] : [field.rawValue]
        }
        return subject == .transcripts ? columns + turnColumns : columns
    }

    // MARK: Bytes

    /// What was written since it was taken last.
    var pending: Int { csv.bytes.count + json.bytes.count }

    mutating func withPending(_ body: ([UInt8]) throws -> Void) rethrows {
        switch shape {
        case .cells, .turnCells:
            try body(csv.bytes)
            csv.removeAll()
        case .lines, .turnLines:
            try body(json.bytes)
            json.removeAll()
        }
    }

    /// What stands before the rows.
    mutating func begin(_ columns: [String]) {
        guard dialect != .ndjson else { return }
        if dialect == .excel { csv.begin(with: [0xEF, 0xBB, 0xBF]) }
        for column in columns { csv.add(column) }
        csv.endLine()
    }

    /// Adds the present call of the rows.
    ///
    /// - Returns: How many lines it made.
    mutating func add(_ row: ExportRows, in look: ExportLook) throws -> Int64 {
        switch shape {
        case .cells:
            addCells(of: row)
            csv.endLine()
            return 1
        case .lines:
            json.beginLine()
            addMembers(of: row)
            json.endLine()
            return 1
        case .turnCells:
            let turns = try look.turns(of: row.integer(fields.count))
            var lines: Int64 = 0
            while try turns.next() {
                addCells(of: row)
                for column in [0, 1, 2] { turns.withText(column) { csv.add($0) } }
                csv.add(plain: (turns.integer(4) == 1 ? "yes" : "no").utf8)
                turns.withText(3) { addText($0) }
                csv.endLine()
                lines += 1
            }
            return lines
        case .turnLines:
            json.beginLine()
            addMembers(of: row)
            try addTurns(try look.turns(of: row.integer(fields.count)))
            json.endLine()
            return 1
        }
    }

    // MARK: CSV

    private mutating func addCells(of row: ExportRows) {
        for (column, field) in fields.enumerated() {
            switch field.kind {
            case .instant:
                let start = row.integer(column)
                csv.add(plain: TimeText.utc(start))
                csv.add(plain: times.local(start))
                csv.add(plain: zoneName)
            case .number: row.withNumber(column) { csv.add($0) }
            case .word: row.withText(column) { csv.add($0) }
            case .phone: row.withText(column) { addPhone($0) }
            case .text: row.withText(column) { addText($0) }
            }
        }
    }

    /// A text that somebody wrote: in a spreadsheet it must not become a formula.
    private mutating func addText(_ text: UnsafeRawBufferPointer?) {
        guard dialect == .excel, let first = text?.first, Self.startsFormulas.contains(first) else {
            csv.add(text)
            return
        }
        csv.add(text, prefix: UInt8(ascii: "'"))
    }

    private mutating func addPhone(_ text: UnsafeRawBufferPointer?) {
        guard dialect == .excel, let text, Self.isE164(text) else { return addText(text) }
        switch phones {
        case .apostrophe: csv.add(text, prefix: UInt8(ascii: "'"))
        case .space: csv.add(text, prefix: UInt8(ascii: " "))
        case .digits: csv.add(UnsafeRawBufferPointer(rebasing: text.dropFirst()))
        }
    }

    /// What OWASP lists, with NUL and the line feed.
    private static let startsFormulas = Set("=+-@\t\r\n\0".utf8)

    private static func isE164(_ text: UnsafeRawBufferPointer) -> Bool {
        text.first == UInt8(ascii: "+")
            && text.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    // MARK: NDJSON

    private mutating func addMembers(of row: ExportRows) {
        json.add("schema", json: String(Self.schemaVersion).utf8)
        for (column, field) in fields.enumerated() {
            switch field.kind {
            case .instant:
                let start = row.integer(column)
                json.add("started_at", text: String(decoding: TimeText.utc(start), as: UTF8.self))
                json.add(
                    "started_at_local",
                    text: String(decoding: times.local(start), as: UTF8.self)
                )
                json.add("time_zone", text: String(decoding: zoneName, as: UTF8.self))
            case .number:
                row.withNumber(column) { json.add(plainName: field.rawValue, json: $0) }
            case .phone, .word, .text:
                row.withText(column) { json.add(plainName: field.rawValue, text: $0) }
            }
        }
    }

    private mutating func addTurns(_ turns: ExportRows) throws {
        try json.addList("turns") { json in
            guard try turns.next() else { return false }
            turns.withText(0) { json.add("position", json: $0) }
            turns.withText(1) { json.add("speaker", text: $0) }
            turns.withText(2) { json.add("seconds_in", json: $0) }
            json.add("interrupted", json: (turns.integer(4) == 1 ? "true" : "false").utf8)
            turns.withText(3) { json.add("message", text: $0) }
            turns.withText(5) { json.add("tool_calls", json: $0) }
            turns.withText(6) { json.add("tool_results", json: $0) }
            return true
        }
    }
}
