package import CallStore

/// What an import of touches did.
package struct TouchesReport: Sendable, Equatable {
    package var rows = 0

    /// Touches that the store did not have.
    package var added = 0

    /// Touches that it had.
    package var known = 0
    package var rejected = 0

    /// The file of the bad rows; nil when there are none.
    package var rejectedFile: String?

    package init() {}
}

/// Why one row of a touches file is not imported.
package enum TouchProblem: Error, Equatable, Sendable {
    case fieldCount(found: Int, expected: Int)
    case empty(column: String)
    case tooLong(column: String)
    case unknownKind(String)
    case unknownCampaign(String)
    case unknownRecipient(campaign: String)
    case noRecipient(kind: String)
    case heldOut
    case time(column: String)
    case sentOfOther
    case deliveredBeforeSent

    /// A few words for the file of bad rows; no number in them.
    package var reason: String {
        switch self {
        case .fieldCount(let found, let expected):
            "has \(found) fields, the header line has \(expected)"
        case .empty(let column): "\(column) is empty"
        case .tooLong(let column): "\(column) is longer than \(RecipientRow.fieldBytesMax) bytes"
        case .unknownKind(let text):
            "kind \"\(text)\" is none of sent, delivered, scan, page-view"
        case .unknownCampaign(let campaign): "there is no campaign \"\(campaign)\""
        case .unknownRecipient(let campaign):
            "the campaign \"\(campaign)\" has no such recipient; import the recipients first"
        case .noRecipient(let kind): "a touch of kind \(kind) needs a recipient"
        case .heldOut: "the recipient is held out: nothing should have reached them"
        case .time(let column): "\(column) is no time of RFC 3339, such as 2026-10-01T08:00:00Z"
        case .sentOfOther: "only a delivery has a sent_at"
        case .deliveredBeforeSent: "at lies before sent_at"
        }
    }
}

/// Brings a file of touches into the store: sendings, deliveries, scans and page views.
package struct TouchesImport: Sendable {
    /// Rows of one transaction.
    package static let batch = 2_000

    /// Every column that is known; the order does not matter, and others are ignored.
    package static let columns = ["campaign", "recipient", "kind", "at", "sent_at", "token"]

    /// Those that a file cannot do without.
    package static let needed = ["campaign", "kind", "at"]

    private let store: CallStore
    private let isDryRun: Bool

    package init(store: CallStore, isDryRun: Bool = false) {
        self.store = store
        self.isDryRun = isDryRun
    }

    /// Imports a file; a second import of the same file changes nothing.
    ///
    /// - Parameters:
    ///   - path: The CSV file.
    ///   - progress: Told the number of rows after each transaction.
    /// - Returns: What was done.
    /// - Throws: `RecipientsFileError` for a file that cannot be read on; the transactions before
    ///   that stand, and the import may be repeated. `StoreError` when the store fails.
    package func run(
        _ path: String,
        progress: (Int) -> Void = { _ in }
    ) async throws -> TouchesReport {
        let rejected = SideFile(besides: path, kind: "rejected", more: ["line", "reason"])
        var columns: ImportColumns?
        var report = TouchesReport()
        var waiting: [(record: CSVRecord, row: TouchRow)] = []
        try await ImportFile.forEachRecord(of: path) { record in
            guard let known = columns else {
                columns = try ImportColumns(
                    header: record.fields,
                    names: Self.columns,
                    needed: Self.needed
                )
                try rejected.begin(header: record.fields)
                return
            }
            report.rows += 1
            do throws(TouchProblem) {
                waiting.append((record, try TouchRow(record, columns: known)))
            } catch {
                report.rejected += 1
                try rejected.add(record.fields + ["\(record.line)", error.reason])
            }
            if waiting.count == Self.batch {
                try await flush(&waiting, &report, rejected)
                progress(report.rows)
            }
        }
        guard columns != nil else { throw RecipientsFileError.empty }
        try await flush(&waiting, &report, rejected)
        report.rejectedFile = try rejected.finish()
        return report
    }

    private func flush(
        _ waiting: inout [(record: CSVRecord, row: TouchRow)],
        _ report: inout TouchesReport,
        _ rejected: SideFile
    ) async throws {
        guard !waiting.isEmpty else { return }
        let rows = waiting.map(\.row)
        let result = try await store.write(isDryRun: isDryRun) { writer in
            var batch = TouchesBatch()
            for (index, row) in rows.enumerated() { try batch.add(row, at: index, writer) }
            return batch
        }
        for (index, problem) in result.problems {
            let record = waiting[index].record
            try rejected.add(record.fields + ["\(record.line)", problem.reason])
        }
        report.rejected += result.problems.count
        report.added += result.added
        report.known += rows.count - result.added - result.problems.count
        waiting = []
    }
}

/// One touch as the file gives it.
private struct TouchRow: Sendable {
    let campaign: String
    let recipient: String
    let touch: Touch

    init(_ record: CSVRecord, columns: ImportColumns) throws(TouchProblem) {
        guard record.fields.count == columns.fields.count else {
            throw .fieldCount(found: record.fields.count, expected: columns.fields.count)
        }
        for name in TouchesImport.columns {
            let bytes = columns.field(name, of: record).utf8.count
            guard bytes <= RecipientRow.fieldBytesMax else { throw .tooLong(column: name) }
            guard bytes > 0 || !TouchesImport.needed.contains(name) else {
                throw .empty(column: name)
            }
        }
        campaign = columns.field("campaign", of: record)
        recipient = columns.field("recipient", of: record)
        let word = columns.field("kind", of: record).lowercased()
        guard let kind = Touch.Kind(rawValue: word) else {
            throw .unknownKind(String(word.prefix(40)))
        }
        guard let at = RFC3339.unix(columns.field("at", of: record)) else {
            throw .time(column: "at")
        }
        let sentText = columns.field("sent_at", of: record)
        var sent: Int64?
        if !sentText.isEmpty {
            guard kind == .delivered else { throw .sentOfOther }
            guard let unix = RFC3339.unix(sentText) else { throw .time(column: "sent_at") }
            guard unix <= at else { throw .deliveredBeforeSent }
            sent = unix
        }
        let token = columns.field("token", of: record)
        touch = Touch(kind: kind, atUnix: at, sentUnix: sent, token: token.isEmpty ? nil : token)
    }
}

/// What one transaction did with its rows.
private struct TouchesBatch: Sendable {
    var campaigns: [String: Campaign] = [:]
    var added = 0
    var problems: [(index: Int, problem: TouchProblem)] = []

    mutating func add(_ row: TouchRow, at index: Int, _ writer: StoreWriter) throws {
        do {
            let campaign = try campaign(row.campaign, writer)
            if try add(row, campaign, writer) { added += 1 }
        } catch let problem as TouchProblem {
            problems.append((index, problem))
        }
    }

    private func add(_ row: TouchRow, _ campaign: Campaign, _ writer: StoreWriter) throws -> Bool {
        let opensWindow = row.touch.kind == .sent || row.touch.kind == .delivered
        var recipient: EnteredRecipient?
        if !row.recipient.isEmpty {
            recipient = try writer.recipient(reference: row.recipient, of: campaign.id)
            guard recipient != nil else {
                throw TouchProblem.unknownRecipient(campaign: campaign.name)
            }
        } else if let token = row.touch.token {
            recipient = try writer.recipient(token: token, of: campaign.id)
        }
        if let recipient {
            // A scan of who is held out is news; a sending to them is a mistake of the list.
            guard !recipient.isHeldOut || !opensWindow else { throw TouchProblem.heldOut }
            return try writer.add(row.touch, of: recipient.id)
        }
        guard !opensWindow else { throw TouchProblem.noRecipient(kind: row.touch.kind.rawValue) }
        return try writer.add(row.touch, of: campaign.id)
    }

    private mutating func campaign(_ name: String, _ writer: StoreWriter) throws -> Campaign {
        if let known = campaigns[name] { return known }
        guard let found = try writer.campaign(named: name) else {
            throw TouchProblem.unknownCampaign(name)
        }
        campaigns[name] = found
        return found
    }
}
