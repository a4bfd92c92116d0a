import CallStore

/// How long things are kept, and how much one job removes.
package struct UpkeepSettings: Sendable, Equatable {
    /// List rows and details as they came, and whatever could not be understood: 13 months.
    package var rawBodies: Duration

    /// Webhook bodies as they came: 7 days.
    package var webhookBodies: Duration

    /// Webhooks of the inbox that could not be understood: somebody should have looked by then.
    package var deadInbox: Duration

    /// Ledger rows: longer than any redelivery can take, which is the retry horizon plus what a
    /// job may rest in `dead`.
    package var ledger: Duration

    /// Jobs of the index since something was last said of them: as long as their ledger rows.
    package var jobIndex: Duration

    /// Rows of exports whose files are gone, as a record of who exported what.
    package var exportRecords: Duration

    /// Files of the exports folder that no row names: a commit that waits for room on the disk
    /// may still name a file that is this old.
    package var strayFiles: Duration
    package var exportsFolder: String

    /// Numbers of callers and of recipients: 13 months.
    package var numbers: Duration

    /// Transcripts and summaries: 13 months.
    package var transcripts: Duration

    /// Jobs that one night spends on the index of words: those that fill it for ten million calls, or
    /// merge 20 GB of it.
    static let textStepsMax: Int64 = 10_000

    /// Bodies that one job reads: they stand in memory together.
    static let bodiesMax = 200

    /// Rows that one job removes; a transaction holds up every other writer.
    package var batch: Int

    package init(
        exportsFolder: String,
        rawBodies: Duration = .days(396),
        webhookBodies: Duration = .days(7),
        deadInbox: Duration = .days(30),
        ledger: Duration = .days(45),
        jobIndex: Duration = .days(45),
        exportRecords: Duration = .days(396),
        strayFiles: Duration = .days(1),
        numbers: Duration = .days(396),
        transcripts: Duration = .days(396),
        batch: Int = 1_000
    ) {
        precondition(batch > 0, "A job that removes nothing would hand on for ever.")
        self.exportsFolder = exportsFolder
        self.rawBodies = rawBodies
        self.webhookBodies = webhookBodies
        self.deadInbox = deadInbox
        self.ledger = ledger
        self.jobIndex = jobIndex
        self.exportRecords = exportRecords
        self.strayFiles = strayFiles
        self.numbers = numbers
        self.transcripts = transcripts
        self.batch = batch
    }
}

extension UpkeepSettings {
    /// Takes up what somebody has said otherwise.
    mutating func keep(as settings: [RetentionSetting]) {
        for setting in settings {
            switch setting.what {
            case .numbers: numbers = setting.kept
            case .transcripts: transcripts = setting.kept
            case .rawBodies: rawBodies = setting.kept
            case .webhooks: webhookBodies = setting.kept
            }
        }
    }
}

extension Duration {
    /// Days of 24 hours.
    package static func days(_ days: Int) -> Duration { .seconds(days * 24 * 3600) }

    /// Whole milliseconds, cut off.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
