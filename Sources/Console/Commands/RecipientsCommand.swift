import ArgumentParser
import Attribution
import CallStore
import Hosting
import Reports
import Settings

/// `ringback recipients`.
struct RecipientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipients",
        abstract: "Whom a campaign reached.",
        subcommands: [Import.self]
    )

    /// Whether numbers without a plus get one.
    enum PlusAnswer: String, ExpressibleByArgument, CaseIterable {
        case yes, no
    }

    struct Import: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import a CSV file of recipients.",
            discussion: """
                Columns: campaign, channel, recipient, name, phone, sent_at, delivered_at, token;
                times in RFC 3339. Good rows are imported; bad ones go to FILE.rejected.csv, each
                with its line and what is wrong with it. Importing a file again changes nothing.
                --dry-run is the preview.
                """
        )

        @Argument(help: "The file.")
        var file: String

        @Flag(help: "Add the campaigns that the file names and the store does not have.")
        var createCampaigns = false

        @Option(help: "Region of numbers without a country code, such as DE; RINGBACK_REGION.")
        var region: String?

        @Option(help: "Whether numbers that begin with the country's code get a plus: yes or no.")
        var addPlus: PlusAnswer?

        @Option(help: "Share of recipients that is kept out to compare with, such as 10%.")
        var holdout: String?

        @Option(help: "What the held-out recipients are drawn from.")
        var seed: Int64?

        @Flag(help: "Only say what would be done.")
        var dryRun = false

        @Flag(help: "Show phone numbers whole.")
        var showNumbers = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let holdout, Holdout.share(holdout) == nil {
                throw ValidationError("--holdout takes a share over 0 and below 100%.")
            }
            guard (holdout == nil) == (seed == nil) else {
                throw ValidationError("--holdout and --seed go together: the draw is repeatable.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                do {
                    try await run(in: session, store)
                } catch let error as RecipientsFileError {
                    let isUse = if case .plusUnanswered = error { true } else { false }
                    throw StartFailure(isUse ? .wrongUse : .failed, "\(file): \(error)")
                }
            }
        }

        private func run(in session: Session, _ store: CallStore) async throws {
            let survey = try await task(session, store, addsPlus: nil).survey(file)
            var addsPlus = addPlus.map { $0 == .yes }
            if addsPlus == nil, survey.asksForPlus {
                addsPlus = try ask(survey, session.terminal)
            }
            let progress = ProgressLine(session.terminal, total: survey.rows, things: "rows")
            let report = try await task(session, store, addsPlus: addsPlus)
                .run(file, survey: survey) { rows in
                    progress.show(rows, step: RecipientsImport.batch)
                }
            progress.end(report.rows)
            if !dryRun {
                await session.audit(
                    "recipients.import",
                    "recipients",
                    after: report.noted
                )
            }
            tell(report, survey, session.terminal)
        }

        private func task(
            _ session: Session,
            _ store: CallStore,
            addsPlus: Bool?
        ) -> RecipientsImport {
            RecipientsImport(
                store: store,
                region: region ?? session.settings.region,
                createsCampaigns: createCampaigns,
                isDryRun: dryRun,
                addsPlus: addsPlus,
                holdout: holdout.flatMap(Holdout.share)
                    .flatMap { Holdout(share: $0, seed: seed ?? 0) },
                person: session.person
            )
        }

        /// Shows what a plus would change, and asks; nil when nobody can be asked.
        private func ask(_ survey: RecipientsSurvey, _ terminal: Terminal) throws -> Bool? {
            var table = Table(.init("IN THE FILE"), .init("WITHOUT A PLUS"), .init("WITH A PLUS"))
            for example in survey.examples {
                func shown(_ text: String?) -> String {
                    CallText.number(text, showNumbers: showNumbers) ?? "not a number"
                }
                table.add(shown(example.text), shown(example.without), shown(example.with))
            }
            terminal.complain(
                "\(Int(survey.share * 100)) % of the numbers begin with the country's code and "
                    + "have no plus:\n" + table.rendered()
            )
            // A preview shows what would be asked, and goes on without a plus.
            if dryRun { return false }
            terminal.complain("Add a plus to them all? [y/n] ")
            switch terminal.readLine()?.lowercased() {
            case "y", "yes": return true
            case "n", "no": return false
            default: return nil
            }
        }

        private func tell(
            _ report: RecipientsReport,
            _ survey: RecipientsSurvey,
            _ terminal: Terminal
        ) {
            if output.json {
                terminal.show(json(report, survey))
                return
            }
            let would = dryRun ? "would be " : ""
            terminal.line(
                "\(report.rows) rows: \(report.imported) \(would)imported "
                    + "(\(report.repeated) of them name a recipient again, \(report.touches) new "
                    + "touches), \(report.rejected) rejected, \(report.campaignsCreated) campaigns "
                    + "\(would)created"
            )
            terminal.line(
                "numbers: \(report.duplicates) twice in a campaign, \(report.acrossCampaigns) also "
                    + "in another campaign, \(report.variantPairs) pairs of declared variants, "
                    + "\(report.plusAdded) read with a plus added"
            )
            if holdout != nil {
                let file = report.heldOutFile.map { "; leave out the rows in \($0)" } ?? ""
                terminal.line("\(report.heldOut) \(would)held out\(file)")
            }
            if let file = report.rejectedFile {
                terminal.line("the rejected rows, with the reasons, are in \(file)")
            }
            terminal.line("peak memory \(ProcessMemory.ownMostBytes / 1_000_000) MB")
        }

        private func json(_ report: RecipientsReport, _ survey: RecipientsSurvey) -> JSONValue {
            .object(
                report.figures.map { .init(name: $0.name, value: .count($0.count)) } + [
                    .init(name: "dryRun", value: .bool(dryRun)),
                    .init(name: "rejectedFile", value: .optional(report.rejectedFile)),
                    .init(name: "withoutPlus", value: .count(survey.withoutPlus)),
                    .init(name: "asksForPlus", value: .bool(survey.asksForPlus)),
                    .init(name: "heldOutFile", value: .optional(report.heldOutFile)),
                    .init(name: "peakMemoryBytes", value: .count(ProcessMemory.ownMostBytes)),
                ]
            )
        }
    }
}

/// `ringback touches`.
struct TouchesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "touches",
        abstract: "When a campaign reached, or was seen by, its recipients.",
        subcommands: [Import.self]
    )

    struct Import: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import a CSV file of sendings, deliveries, scans and page views.",
            discussion: """
                Columns: campaign, recipient, kind (sent, delivered, scan or page-view), at,
                sent_at, token; times in RFC 3339. A scan or page view may name its campaign
                alone. Bad rows go to FILE.rejected.csv. Importing a file again changes nothing.
                """
        )

        @Argument(help: "The file.")
        var file: String

        @Flag(help: "Only say what would be done.")
        var dryRun = false

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let progress = ProgressLine(session.terminal, total: nil, things: "rows")
            let report = try await session.withStore { store in
                do {
                    return try await TouchesImport(store: store, isDryRun: dryRun)
                        .run(file) { progress.show($0, step: TouchesImport.batch) }
                } catch let error as RecipientsFileError {
                    throw StartFailure(.failed, "\(file): \(error)")
                }
            }
            progress.end(report.rows)
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(dryRun)),
                        ("rows", .count(report.rows)),
                        ("added", .count(report.added)),
                        ("known", .count(report.known)),
                        ("rejected", .count(report.rejected)),
                        ("rejectedFile", .optional(report.rejectedFile)),
                        ("peakMemoryBytes", .count(ProcessMemory.ownMostBytes))
                    )
                )
                return
            }
            let would = dryRun ? "would be " : ""
            session.terminal.line(
                "\(report.rows) rows: \(report.added) touches \(would)added, \(report.known) were "
                    + "there, \(report.rejected) rejected"
            )
            if let file = report.rejectedFile {
                session.terminal.line("the rejected rows, with the reasons, are in \(file)")
            }
        }
    }
}
