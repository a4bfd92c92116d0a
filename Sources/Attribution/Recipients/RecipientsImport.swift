package import CallStore
import PhoneNumbers

/// What an import did.
package struct RecipientsReport: Sendable, Equatable {
    package var rows = 0
    package var imported = 0
    package var rejected = 0

    /// Campaign and recipient were in an earlier row: another touch, or the same row again.
    package var repeated = 0

    /// The number is another recipient's of the same campaign in this file.
    package var duplicates = 0

    /// The number is on another campaign's list.
    package var acrossCampaigns = 0

    /// The number is another recipient's in another declared spelling (Mexico, Argentina, Brazil).
    package var variantPairs = 0

    /// Recipients that are kept out of their campaign.
    package var heldOut = 0

    /// Numbers that were read with a plus which the file does not have.
    package var plusAdded = 0
    package var touches = 0
    package var campaignsCreated = 0

    /// The file of the bad rows; nil when there are none.
    package var rejectedFile: String?

    /// The file of the rows that are held out, for whoever sends; nil when there are none.
    package var heldOutFile: String?

    package init() {}
}

/// Brings a recipients file into the store: the good rows, and the bad ones to a file beside it.
package struct RecipientsImport: Sendable {
    /// Rows of one transaction.
    package static let batch = 2_000

    private let store: CallStore
    private let numbers: NumberNormalizer
    private let region: Region?
    private let createsCampaigns: Bool
    private let isDryRun: Bool
    private let addsPlus: Bool?
    private let holdout: Holdout?
    private let person: String

    /// - Parameters:
    ///   - store: The open store.
    ///   - region: For numbers without a country code.
    ///   - createsCampaigns: Whether campaigns that the store does not have are added.
    ///   - isDryRun: Does everything and takes it back.
    ///   - addsPlus: Whether numbers that begin with the country's code get a plus; nil when
    ///     nobody was asked, and then a file that needs an answer is refused.
    ///   - holdout: Who is kept out; nil for nobody.
    ///   - person: Who imports.
    package init(
        store: CallStore,
        region: String,
        createsCampaigns: Bool,
        isDryRun: Bool = false,
        addsPlus: Bool? = nil,
        holdout: Holdout? = nil,
        person: String = "operator"
    ) {
        self.store = store
        self.numbers = NumberNormalizer()
        self.region = Region(region)
        self.createsCampaigns = createsCampaigns
        self.isDryRun = isDryRun
        self.addsPlus = addsPlus
        self.holdout = holdout
        self.person = person
    }

    /// Looks through a file before anything is written.
    ///
    /// - Throws: `RecipientsFileError` for a file that cannot be read on.
    package func survey(_ path: String) async throws -> RecipientsSurvey {
        var survey = RecipientsSurvey()
        var columns: RecipientColumns?
        let plus = region.map { LostPlus(region: $0) }
        try await ImportFile.forEachRecord(of: path) { record in
            guard let known = columns else {
                columns = try RecipientColumns(header: record.fields)
                return
            }
            survey.rows += 1
            if let plus, let region {
                let text = known.field("phone", of: record)
                survey.note(text, plus: plus, numbers: numbers, region: region)
            }
        }
        guard columns != nil else { throw RecipientsFileError.empty }
        return survey
    }

    /// Imports a file; a second import of the same file changes nothing.
    ///
    /// - Parameters:
    ///   - path: The CSV file.
    ///   - survey: What a first look has found; nil to take it now.
    ///   - progress: Told the number of rows after each transaction.
    /// - Returns: What was done.
    /// - Throws: `RecipientsFileError` for a file that cannot be read on; the transactions before
    ///   that stand, and the import may be repeated. `StoreError` when the store fails.
    package func run(
        _ path: String,
        survey: RecipientsSurvey? = nil,
        progress: (Int) -> Void = { _ in }
    ) async throws -> RecipientsReport {
        let survey =
            if let survey { survey } else { try await self.survey(path) }
        if addsPlus == nil, survey.asksForPlus {
            throw RecipientsFileError.plusUnanswered(share: survey.share)
        }
        var state = ImportState(path)
        try await ImportFile.forEachRecord(of: path) { record in
            try take(record, &state)
            if state.waiting.count == Self.batch {
                try await flush(&state)
                progress(state.report.rows)
            }
        }
        try await flush(&state)
        state.report.repeated = state.tally.repeated
        state.report.duplicates = state.tally.duplicates
        state.report.variantPairs = state.tally.variantPairs
        state.report.rejectedFile = try state.rejected.finish()
        state.report.heldOutFile = try state.heldOut.finish()
        return state.report
    }

    private struct ImportState {
        var columns: RecipientColumns?
        var waiting: [(record: CSVRecord, row: RecipientRow)] = []
        var created: Set<String> = []
        var tally = ListTally()
        var campaigns: [String: Campaign] = [:]
        var report = RecipientsReport()
        let rejected: SideFile
        let heldOut: SideFile

        init(_ path: String) {
            rejected = SideFile(besides: path, kind: "rejected", more: ["line", "reason"])
            heldOut = SideFile(besides: path, kind: "heldout", more: [])
        }

        mutating func reject(_ record: CSVRecord, _ problem: RecipientProblem) throws {
            report.rejected += 1
            try rejected.add(record.fields + ["\(record.line)", problem.reason])
        }
    }

    private func take(_ record: CSVRecord, _ state: inout ImportState) throws {
        guard let columns = state.columns else {
            state.columns = try RecipientColumns(header: record.fields)
            try state.rejected.begin(header: record.fields)
            if holdout != nil { try state.heldOut.begin(header: record.fields) }
            return
        }
        state.report.rows += 1
        do throws(RecipientProblem) {
            let row = try RecipientRow(
                record,
                columns: columns,
                numbers: numbers,
                region: region,
                plus: addsPlus == true ? region.map { LostPlus(region: $0) } : nil
            )
            state.waiting.append((record, row))
        } catch {
            try state.reject(record, error)
        }
    }

    /// Writes the rows that wait in one transaction.
    private func flush(_ state: inout ImportState) async throws {
        guard !state.waiting.isEmpty else { return }
        let rows = state.waiting.map(\.row)
        let known = state.campaigns
        let maker = RecipientsBatch.Maker(
            creates: createsCampaigns,
            holdout: holdout,
            person: person
        )
        let result = try await store.write(isDryRun: isDryRun) { writer in
            var batch = RecipientsBatch(campaigns: known)
            for (index, row) in rows.enumerated() {
                try batch.add(row, at: index, with: writer, maker)
            }
            return batch
        }
        for (index, problem) in result.problems {
            try state.reject(state.waiting[index].record, problem)
        }
        for index in result.heldOut { try state.heldOut.add(state.waiting[index].record.fields) }
        state.created.formUnion(result.created)
        state.report.campaignsCreated = state.created.count
        state.report.touches += result.touches
        state.report.acrossCampaigns += result.elsewhere
        state.report.heldOut += result.heldOut.count
        state.report.imported += rows.count - result.problems.count
        // What a dry run created is gone again, so only what was there is remembered.
        if !isDryRun { state.campaigns = result.campaigns }
        for row in rows {
            state.report.plusAdded += row.isPlusAdded ? 1 : 0
            guard let number = row.phone.e164?.text else { continue }
            state.tally.note(campaign: row.campaign, reference: row.reference, number: number)
        }
        state.waiting = []
    }
}

/// What one transaction did with its rows.
private struct RecipientsBatch: Sendable {
    /// What the rows are made with.
    struct Maker: Sendable {
        var creates: Bool
        var holdout: Holdout?
        var person: String
    }

    var campaigns: [String: Campaign]
    var created: Set<String> = []
    var touches = 0
    var elsewhere = 0
    var heldOut: [Int] = []
    var problems: [(index: Int, problem: RecipientProblem)] = []

    init(campaigns: [String: Campaign]) {
        self.campaigns = campaigns
    }

    mutating func add(
        _ row: RecipientRow,
        at index: Int,
        with writer: StoreWriter,
        _ maker: Maker
    ) throws {
        do {
            let campaign = try campaign(of: row, with: writer, maker)
            let number = row.phone.e164
            let holdsOut =
                if let holdout = maker.holdout, let number {
                    holdout.holdsOut(campaign: row.campaign, number: number.text)
                } else {
                    false
                }
            let recipient = try writer.enter(
                NewRecipient(
                    campaign: campaign.id,
                    reference: row.reference,
                    name: row.name,
                    phone: row.phone,
                    token: row.token,
                    isHeldOut: holdsOut
                )
            )
            if let number, try writer.isElsewhere(number, than: campaign.id) { elsewhere += 1 }
            // Nothing reaches who is kept out.
            if recipient.isHeldOut {
                heldOut.append(index)
                return
            }
            for touch in row.touches where try writer.add(touch, of: recipient.id) { touches += 1 }
        } catch let problem as RecipientProblem {
            problems.append((index, problem))
        }
    }

    private mutating func campaign(
        of row: RecipientRow,
        with writer: StoreWriter,
        _ maker: Maker
    ) throws -> Campaign {
        var found = campaigns[row.campaign]
        if found == nil { found = try writer.campaign(named: row.campaign) }
        if found == nil, maker.creates {
            guard let channel = row.channel else {
                throw RecipientProblem.noChannel(campaign: row.campaign)
            }
            _ = try writer.add(NewCampaign(name: row.campaign, channel: channel))
            created.insert(row.campaign)
            found = try writer.campaign(named: row.campaign)
        }
        guard let found else { throw RecipientProblem.unknownCampaign(row.campaign) }
        if campaigns[row.campaign] == nil, let holdout = maker.holdout {
            try writer.noteHoldout(
                of: found.id,
                share: holdout.share,
                seed: holdout.seed,
                by: maker.person
            )
        }
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
