import ArgumentParser
import CallStore
import Hosting
import PhoneNumbers
import Reports

/// `ringback campaigns`.
struct CampaignsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaigns",
        abstract: "What calls are credited to.",
        subcommands: [List.self, Add.self, Edit.self, Cost.self, QR.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Campaigns with what they brought so far."
        )

        @Option(help: "By which touch calls are counted: last-touch, or first-touch as a view.")
        var model = AttributionModel.lastTouch

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let figures = try await session.withStore { store in
                try await Self.all(store, by: model)
            }
            if output.json {
                session.terminal.show(.list(figures.map(Self.json)))
                return
            }
            var table = Table(
                .init("ID", .right),
                .init("NAME"),
                .init("CHANNEL"),
                .init("STATUS"),
                .init("WINDOW", .right),
                .init("RECIPIENTS", .right),
                .init("CALLS", .right),
                .init("CONVERSIONS", .right)
            )
            for figure in figures {
                let campaign = figure.campaign
                table.add(
                    "\(campaign.id)",
                    campaign.name,
                    campaign.channel.rawValue,
                    campaign.status.rawValue,
                    "\(campaign.windowDays)d",
                    "\(figure.recipients)",
                    "\(figure.calls)",
                    "\(figure.conversions)"
                )
            }
            session.terminal.write(
                table.rendered(none: "No campaigns; `ringback campaigns add` makes one.")
            )
        }

        private static func all(
            _ store: CallStore,
            by model: AttributionModel
        ) async throws -> [CampaignFigures] {
            let figures = try await all(store)
            guard model != .lastTouch else { return figures }
            let credits = try await store.credits(model)
            return figures.map { figure in
                var figure = figure
                figure.calls = credits[figure.campaign.id]?.calls ?? 0
                figure.conversions = credits[figure.campaign.id]?.conversions ?? 0
                return figure
            }
        }

        private static func all(_ store: CallStore) async throws -> [CampaignFigures] {
            let pageSize = 1_000
            var figures: [CampaignFigures] = []
            while true {
                let page = try await store.campaignFigures(
                    after: figures.last?.campaign.id,
                    limit: pageSize
                )
                figures += page
                guard page.count == pageSize else { return figures }
            }
        }

        private static func json(_ figures: CampaignFigures) -> JSONValue {
            let campaign = figures.campaign
            return .fields(
                ("id", .integer(campaign.id.number)),
                ("name", .text(campaign.name)),
                ("channel", .text(campaign.channel.rawValue)),
                ("status", .text(campaign.status.rawValue)),
                ("windowDays", .count(campaign.windowDays)),
                ("starts", .optional(campaign.startsUnix.map(TimeText.iso(unix:)))),
                ("ends", .optional(campaign.endsUnix.map(TimeText.iso(unix:)))),
                ("agentNumbers", .list(campaign.agentNumbers.map { .text($0.text) })),
                ("landing", .optional(campaign.landing?.text)),
                ("recipients", .count(figures.recipients)),
                ("calls", .count(figures.calls)),
                ("conversions", .count(figures.conversions))
            )
        }
    }

    struct Add: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Add a campaign."
        )

        @Argument(help: "Its name.")
        var name: String

        @Option(help: "mail, sms, email, dm or call.")
        var channel: CampaignChannel

        @Option(help: "Days after a touch in which a call is credited; the channel's if left out.")
        var windowDays: Int?

        @Option(help: "When it starts: a day or RFC 3339.")
        var starts: String?

        @Option(help: "When it ends.")
        var ends: String?

        @Option(help: "A number of ours that only this campaign advertises; may be repeated.")
        var agentNumber: [String] = []

        @Option(help: "The page that its codes lead to: an http or https address.")
        var landing: String?

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard !name.isEmpty, name != "none", name.utf8.count <= 200 else {
                throw ValidationError("A name has 1 to 200 bytes and is not \"none\".")
            }
            guard windowDays.map({ (1...730).contains($0) }) ?? true else {
                throw ValidationError("--window-days takes 1 to 730.")
            }
        }

        func run(in session: Session) async throws {
            let campaign = NewCampaign(
                name: name,
                channel: channel,
                windowDays: windowDays,
                startsUnix: try TimeOption.instant(starts, "--starts", session),
                endsUnix: try TimeOption.instant(ends, "--ends", session),
                agentNumbers: try AgentNumberOption.numbers(agentNumber, session),
                landing: try LandingOption.address(landing)
            )
            let id = try await session.withStore { store in
                guard try await store.campaign(named: name) == nil else {
                    throw StartFailure(.failed, "there is a campaign \"\(name)\" already")
                }
                return try await store.write { try $0.add(campaign) }
            }
            await session.audit("campaign.add", "campaign:\(id)", after: ["name": .text(name)])
            if output.json {
                session.terminal.show(
                    .fields(("id", .integer(id.number)), ("name", .text(name)))
                )
            } else {
                session.terminal.line("added campaign \(id), \(name)")
            }
        }
    }
}
