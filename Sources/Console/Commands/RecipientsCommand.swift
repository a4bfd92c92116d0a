import ArgumentParser
import CallStore
import Hosting
import Settings

/// `ringback recipients`.
struct RecipientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipients",
        abstract: "Whom a campaign reached.",
        subcommands: [Import.self]
    )

    struct Import: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import a CSV file of recipients.",
            discussion: """
                Columns: campaign, channel, recipient, name, phone, sent_at, delivered_at; times
                in RFC 3339. Good rows are imported; bad ones go to FILE.rejected.csv, each with
                its line and what is wrong with it. Importing a file again changes nothing.
                """
        )

        @Argument(help: "The file.")
        var file: String

        @Flag(help: "Add the campaigns that the file names and the store does not have.")
        var createCampaigns = false

        @Flag(help: "Only say what would be done.")
        var dryRun = false

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let report = try await session.withStore { store in
                let task = RecipientsImport(
                    store: store,
                    region: session.settings.region,
                    createsCampaigns: createCampaigns,
                    isDryRun: dryRun
                )
                do {
                    return try await task.run(file) { rows in
                        if rows.isMultiple(of: 10_000) {
                            session.terminal.complain("\(rows) rows\n")
                        }
                    }
                } catch let error as RecipientsFileError {
                    throw StartFailure(.failed, "\(file): \(error)")
                }
            }
            if !dryRun {
                await session.audit(
                    "recipients.import",
                    "recipients",
                    after: [
                        "imported": .integer(Int64(report.imported)),
                        "rejected": .integer(Int64(report.rejected)),
                    ]
                )
            }
            tell(report, session.terminal)
        }

        private func tell(_ report: RecipientsReport, _ terminal: Terminal) {
            if output.json {
                terminal.show(
                    .fields(
                        ("dryRun", .bool(dryRun)),
                        ("rows", .count(report.rows)),
                        ("imported", .count(report.imported)),
                        ("rejected", .count(report.rejected)),
                        ("repeated", .count(report.repeated)),
                        ("touches", .count(report.touches)),
                        ("campaignsCreated", .count(report.campaignsCreated)),
                        ("rejectedFile", .optional(report.rejectedFile))
                    )
                )
                return
            }
            let would = dryRun ? "would be " : ""
            terminal.line(
                "\(report.rows) rows: \(report.imported) \(would)imported "
                    + "(\(report.repeated) of them name a recipient again, \(report.touches) new "
                    + "touches), \(report.rejected) rejected, \(report.campaignsCreated) campaigns "
                    + "\(would)created"
            )
            if let file = report.rejectedFile {
                terminal.line("the rejected rows, with the reasons, are in \(file)")
            }
        }
    }
}
