import Ambient
import ArgumentParser
import CallStore
import Export
import Foundation
import Hosting
import Reports
import Settings

/// `ringback report`.
struct ReportCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The figures of calls: outcomes, conversions, durations, funnel and cost.",
        discussion: """
            Without dates: the last 28 days, or with --campaign all days. Days are those of the \
            report zone (RINGBACK_TIME_ZONE). docs/metrics.md defines every figure.
            """
    )

    /// Days shown when nothing else is asked for.
    static let daysStandard = 28

    @Option(help: "Only calls credited to this campaign (its name or id), or none.")
    var campaign: String?

    @Option(help: "Only calls of this agent's id.")
    var agent: String?

    @Option(help: "The first day, YYYY-MM-DD.")
    var from: String?

    @Option(help: "The last day, YYYY-MM-DD; it counts too.")
    var to: String?

    @Option(help: "A whole month, YYYY-MM, instead of --from and --to.")
    var month: String?

    @Flag(help: "Count conversations of voice widgets as calls, too.")
    var allVoice = false

    @Option(help: "Write the report to this file as a PDF document, with its charts.")
    var pdf: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let month {
            guard LocalDay(month + "-01") != nil else {
                throw ValidationError("--month takes YYYY-MM.")
            }
            guard from == nil, to == nil else {
                throw ValidationError("Say --month, or --from and --to.")
            }
        }
        for (name, text) in [("--from", from), ("--to", to)] {
            guard let text else { continue }
            guard LocalDay(text) != nil else { throw ValidationError("\(name) takes YYYY-MM-DD.") }
        }
        if let first = from.flatMap(LocalDay.init), let last = to.flatMap(LocalDay.init) {
            guard first <= last else { throw ValidationError("--to is before --from.") }
        }
        guard campaign == nil || campaign == "none" || (agent == nil && !allVoice) else {
            throw ValidationError("A campaign's report takes neither --agent nor --all-voice.")
        }
    }

    func run(in session: Session) async throws {
        let report = try await session.withStore { try await read($0, session) }
        let shown = ReportText(report, scopeText: scopeText)
        if let pdf {
            let document = try shown.paper.document(created: session.ambient.now())
            let file = try AtomicFile(finalPath: pdf)
            try file.write(document)
            _ = try file.finish()
            if !output.json {
                session.terminal.line("wrote \(pdf), \(document.count) bytes")
                return
            }
        }
        if output.json {
            session.terminal.show(shown.json)
        } else {
            session.terminal.write(shown.text)
        }
    }

    /// What `--month`, `--from` and `--to` say.
    private var days: (from: LocalDay?, to: LocalDay?) {
        if let month, let first = LocalDay(month + "-01") {
            return (first, first.nextMonthStart + -1)
        }
        return (from.flatMap(LocalDay.init), to.flatMap(LocalDay.init))
    }

    private func read(_ store: CallStore, _ session: Session) async throws -> ReportText.Content {
        let zone = try await store.reportZone()
        if zone != session.settings.timeZone.reportName {
            session.terminal.complain(
                "ringback: the store counts by days of \(zone), RINGBACK_TIME_ZONE says "
                    + "\(session.settings.timeZone.reportName); the scheduler changes that when it "
                    + "starts, or `ringback doctor --recount --repair` now\n"
            )
        }
        var (from, to) = days
        if let campaign, campaign != "none" {
            let id = try await CampaignName.find(campaign, in: store).id
            guard let report = try await store.campaignReport(id, from: from, to: to) else {
                throw StartFailure(.failed, "there is no campaign \"\(campaign)\"")
            }
            return .campaign(report)
        }
        if from == nil, to == nil {
            let today = LocalDay(
                unix: Int64(session.ambient.now().timeIntervalSince1970),
                offsetSeconds: (TimeZone(identifier: zone) ?? .gmt)
                    .secondsFromGMT(for: session.ambient.now())
            )
            (from, to) = (today + (1 - Self.daysStandard), today)
        }
        let scope = FigureScope(
            from: from,
            to: to,
            agentID: agent,
            campaign: campaign == nil ? nil : .unattributed,
            includesVoice: allVoice
        )
        let names = Dictionary(
            uniqueKeysWithValues: try await store.campaignFigures().map {
                ($0.campaign.id, $0.campaign.name)
            }
        )
        return .overview(
            try await store.figureReport(scope),
            callers: try await store.callerFigures(scope),
            campaignNames: names
        )
    }

    private var scopeText: [String: String] {
        var texts: [String: String] = [:]
        texts["campaign"] = campaign
        texts["agent"] = agent
        texts["from"] = days.from?.description
        texts["to"] = days.to?.description
        if allVoice { texts["voice"] = "all" }
        return texts
    }
}
