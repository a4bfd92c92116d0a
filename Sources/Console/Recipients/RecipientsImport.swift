package import CallStore
import Foundation
import PhoneNumbers
import Synchronization

/// What an import did.
package struct RecipientsReport: Sendable, Equatable {
    package var rows = 0
    package var imported = 0
    package var rejected = 0

    /// Campaign and recipient were in an earlier row: another touch, or the same row again.
    package var repeated = 0
    package var touches = 0
    package var campaignsCreated = 0

    /// The file of the bad rows; nil when there are none.
    package var rejectedFile: String?

    package init() {}
}

/// Brings a recipients file into the store: the good rows, and the bad ones to a file beside it.
package struct RecipientsImport: Sendable {
    /// Rows of one transaction.
    package static let batch = 500

    private static let chunkBytes = 256 * 1024

    private let store: CallStore
    private let numbers: NumberNormalizer
    private let region: Region?
    private let createsCampaigns: Bool
    private let isDryRun: Bool

    package init(
        store: CallStore,
        region: String,
        createsCampaigns: Bool,
        isDryRun: Bool = false
    ) {
        self.store = store
        self.numbers = NumberNormalizer()
        self.region = Region(region)
        self.createsCampaigns = createsCampaigns
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
    ) async throws -> RecipientsReport {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw RecipientsFileError.unreadable(reason: String(cString: strerror(errno)))
        }
        var state = ImportState(rejected: RejectedRows(besides: path))
        var reader = CSVReader()
        do {
            while let chunk = try file.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
                for record in try reader.read(chunk) {
                    try take(record, &state)
                    if state.waiting.count == Self.batch {
                        try await flush(&state)
                        progress(state.report.rows)
                    }
                }
            }
            if let last = try reader.finish() { try take(last, &state) }
        } catch CSVError.endlessField(let line) {
            throw RecipientsFileError.endlessField(line: line)
        }
        guard state.columns != nil else { throw RecipientsFileError.empty }
        try await flush(&state)
        try file.close()
        state.report.rejectedFile = try state.rejected.finish()
        return state.report
    }

    private struct ImportState {
        var columns: RecipientColumns?
        var waiting: [(record: CSVRecord, row: RecipientRow)] = []
        var created: Set<String> = []
        var seen: Set<Int> = []
        var campaigns: [String: Campaign] = [:]
        var report = RecipientsReport()
        let rejected: RejectedRows

        init(rejected: RejectedRows) {
            self.rejected = rejected
        }
    }

    private func take(_ record: CSVRecord, _ state: inout ImportState) throws {
        guard let columns = state.columns else {
            state.columns = try RecipientColumns(header: record.fields)
            try state.rejected.begin(header: record.fields)
            return
        }
        // An empty line, as spreadsheets leave them at the end.
        if record.fields == [""] { return }
        state.report.rows += 1
        do throws(RecipientProblem) {
            let row = try RecipientRow(record, columns: columns, numbers: numbers, region: region)
            state.waiting.append((record, row))
        } catch {
            state.report.rejected += 1
            try state.rejected.add(record, error.reason)
        }
    }

    /// Writes the rows that wait in one transaction.
    private func flush(_ state: inout ImportState) async throws {
        guard !state.waiting.isEmpty else { return }
        let rows = state.waiting.map(\.row)
        let result = try await write(rows, known: state.campaigns)
        for (index, problem) in result.problems {
            state.report.rejected += 1
            try state.rejected.add(state.waiting[index].record, problem.reason)
        }
        state.created.formUnion(result.created)
        state.report.campaignsCreated = state.created.count
        state.report.touches += result.touches
        state.report.imported += rows.count - result.problems.count
        // What a dry run created is gone again, so only what was there is remembered.
        if !isDryRun { state.campaigns = result.campaigns }
        for row in rows {
            var hasher = Hasher()
            hasher.combine(row.campaign)
            hasher.combine(row.reference)
            if !state.seen.insert(hasher.finalize()).inserted { state.report.repeated += 1 }
        }
        state.waiting = []
    }

    private func write(
        _ rows: [RecipientRow],
        known: [String: Campaign]
    ) async throws -> RecipientsBatch {
        let creates = createsCampaigns
        let isDryRun = isDryRun
        let answer = BatchAnswer()
        do {
            try await store.write { writer in
                var batch = RecipientsBatch(campaigns: known)
                for (index, row) in rows.enumerated() {
                    try batch.add(row, at: index, with: writer, creates: creates)
                }
                answer.set(batch)
                // A dry run does everything, so that it says what would happen, and takes it back.
                if isDryRun { throw StoreError.cancelled }
            }
        } catch {
            guard isDryRun, error == .cancelled, answer.batch != nil else { throw error }
        }
        guard let batch = answer.batch else {
            preconditionFailure("A transaction that was committed has set its result.")
        }
        return batch
    }
}

/// Carries a result out of a transaction that is taken back.
private final class BatchAnswer: Sendable {
    private let state = Mutex<RecipientsBatch?>(nil)

    var batch: RecipientsBatch? { state.withLock { $0 } }

    func set(_ batch: RecipientsBatch) { state.withLock { $0 = batch } }
}

/// What one transaction did with its rows.
private struct RecipientsBatch: Sendable {
    var campaigns: [String: Campaign]
    var created: Set<String> = []
    var touches = 0
    var problems: [(index: Int, problem: RecipientProblem)] = []

    init(campaigns: [String: Campaign]) {
        self.campaigns = campaigns
    }

    mutating func add(
        _ row: RecipientRow,
        at index: Int,
        with writer: StoreWriter,
        creates: Bool
    ) throws {
        do {
            let campaign = try campaign(of: row, with: writer, creates: creates)
            let recipient = try writer.add(
                NewRecipient(
                    campaign: campaign.id,
                    reference: row.reference,
                    name: row.name,
                    phone: row.phone
                )
            )
            for touch in row.touches where try writer.add(touch, of: recipient) { touches += 1 }
        } catch let problem as RecipientProblem {
            problems.append((index, problem))
        }
    }

    private mutating func campaign(
        of row: RecipientRow,
        with writer: StoreWriter,
        creates: Bool
    ) throws -> Campaign {
        var found = campaigns[row.campaign]
        if found == nil { found = try writer.campaign(named: row.campaign) }
        if found == nil, creates {
            guard let channel = row.channel else {
                throw RecipientProblem.noChannel(campaign: row.campaign)
            }
            _ = try writer.add(NewCampaign(name: row.campaign, channel: channel))
            created.insert(row.campaign)
            found = try writer.campaign(named: row.campaign)
        }
        guard let found else { throw RecipientProblem.unknownCampaign(row.campaign) }
        campaigns[row.campaign] = found
        guard row.channel == nil || row.channel == found.channel else {
            throw RecipientProblem.otherChannel(
                campaign: row.campaign,
                channel: found.channel.rawValue
            )
        }
        return found
    }
}

/// The file of the rows that were not imported, beside the file that they came from.
private final class RejectedRows {
    private let path: String
    private var header: [String] = []
    private var handle: FileHandle?

    init(besides path: String) {
        let stem = path.hasSuffix(".csv") ? String(path.dropLast(4)) : path
        self.path = stem + ".rejected.csv"
    }

    /// Forgets what an earlier import left: its rows may be mended by now.
    func begin(header: [String]) throws {
        self.header = header
        if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    func add(_ record: CSVRecord, _ reason: String) throws {
        let handle = try handle ?? open()
        let line = CSVWriter.line(record.fields + ["\(record.line)", reason])
        try handle.write(contentsOf: Data(line.utf8))
    }

    private func open() throws -> FileHandle {
        // Numbers and names stand in it: for its owner alone.
        let isMade = FileManager.default.createFile(
            atPath: path,
            contents: Data(CSVWriter.line(header + ["line", "reason"]).utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, let handle = FileHandle(forWritingAtPath: path) else {
            let reason = String(cString: strerror(errno))
            throw RecipientsFileError.unwritable(path: path, reason: reason)
        }
        try handle.seekToEnd()
        self.handle = handle
        return handle
    }

    /// Ends the file and says where it is; nil when every row was good.
    func finish() throws -> String? {
        guard let handle else { return nil }
        try handle.close()
        return path
    }
}
