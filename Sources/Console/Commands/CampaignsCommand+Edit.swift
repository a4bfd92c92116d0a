import Ambient
import ArgumentParser
import Attribution
import CallStore
import Foundation
import Hosting
import PhoneNumbers
import Reports
import Settings

extension CampaignStatus: ExpressibleByArgument {}
extension AttributionModel: ExpressibleByArgument {}

extension CampaignsCommand {
    /// For which calls a changed window holds.
    enum Reach: String, ExpressibleByArgument, CaseIterable {
        case fromNow = "from-now"
        case range, everything
    }

    /// `ringback campaigns edit`.
    struct Edit: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit",
            abstract: "Change a campaign, and see first what that does to the credits of calls.",
            discussion: """
                Without --apply a new window is only tried: the difference by campaign is shown.
                --apply from-now leaves the calls until now their old window; range (with --from
                and --to) and everything have calls decided again. Calls of closed months and
                pinned calls stay.
                """
        )

        @Argument(help: "The campaign's name or id.")
        var campaign: String

        @Option(help: "Another name.")
        var rename: String?

        @Option(help: "Days after a touch in which a call is credited.")
        var window: Int?

        @Option(help: "draft, running, paused or ended.")
        var status: CampaignStatus?

        @Option(help: "When it starts: a day or RFC 3339.")
        var starts: String?

        @Option(help: "When it ends.")
        var ends: String?

        @Option(help: "A number of ours that only this campaign advertises; may be repeated.")
        var agentNumber: [String] = []

        @Flag(help: "It has no numbers of its own any more.")
        var noAgentNumbers = false

        @Option(help: "The page that its codes lead to: an http or https address.")
        var landing: String?

        @Option(help: "Which calls it holds for: from-now, range or everything.")
        var apply: Reach?

        @Option(help: "With range: calls that started at this time or later.")
        var from: String?

        @Option(help: "With range: calls that started before this time.")
        var to: String?

        @Option(help: "Why, for the others.")
        var reason: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard
                rename != nil || window != nil || status != nil || starts != nil || ends != nil
                    || !agentNumber.isEmpty || noAgentNumbers || landing != nil
            else { throw ValidationError("Say what is to be changed.") }
            guard window.map({ (1...730).contains($0) }) ?? true else {
                throw ValidationError("--window takes 1 to 730.")
            }
            if let rename {
                guard !rename.isEmpty, rename != "none", rename.utf8.count <= 200 else {
                    throw ValidationError("A name has 1 to 200 bytes and is not \"none\".")
                }
            }
            guard (apply == .range) == (from != nil || to != nil) else {
                throw ValidationError("--from and --to belong to --apply range.")
            }
            guard agentNumber.isEmpty || !noAgentNumbers else {
                throw ValidationError("Either it has numbers of its own or it has none.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let before = try await CampaignName.find(campaign, in: store)
                let reach = try self.reach(session)
                let after = try self.changed(before, reach, session)
                // A new window is tried first: what it would do is to be seen.
                let isTrial = consent.dryRun || (window != nil && apply == nil)
                let difference = try await self.difference(after, reach, session, store)
                let names = try await self.names(of: difference, in: store)
                var fields: [String] = []
                if !isTrial {
                    if let difference, difference.changed > 0, !output.json, !consent.yes {
                        session.terminal.write(Self.table(difference, names))
                    }
                    if let difference, difference.changed > 0 {
                        try session.terminal.confirm(
                            "\(difference.changed) calls are credited otherwise; go on?",
                            isAgreed: consent.yes
                        )
                    }
                    fields = try await AttributionDesk(
                        store: store,
                        timeZone: session.settings.timeZone
                    ).change(
                        after,
                        recompute: apply == nil ? nil : reach.recompute,
                        by: session.person,
                        note: reason
                    )
                }
                tell(after, isTrial: isTrial, fields, difference, names, session.terminal)
            }
        }

        // MARK: What is asked for

        private func reach(_ session: Session) throws -> WindowReach {
            switch apply {
            case .fromNow: return .fromNow(Int64(session.ambient.now().timeIntervalSince1970))
            case .range:
                let start = try TimeOption.instant(from, "--from", session) ?? 0
                let end = try TimeOption.instant(to, "--to", session) ?? WindowReach.endOfTime
                guard start < end else {
                    throw StartFailure(.wrongUse, "--to lies before --from")
                }
                return .range(fromUnix: start, toUnix: end)
            case .everything, nil: return .everything
            }
        }

        private func changed(
            _ before: Campaign,
            _ reach: WindowReach,
            _ session: Session
        ) throws -> Campaign {
            var campaign = before
            if let rename { campaign.name = rename }
            if let status { campaign.status = status }
            if let starts {
                campaign.startsUnix = try TimeOption.instant(starts, "--starts", session)
            }
            if let ends { campaign.endsUnix = try TimeOption.instant(ends, "--ends", session) }
            if let from = campaign.startsUnix, let to = campaign.endsUnix, to < from {
                throw StartFailure(.wrongUse, "it would end before it starts")
            }
            if let landing { campaign.landing = try LandingOption.address(landing) }
            if noAgentNumbers { campaign.agentNumbers = [] }
            if !agentNumber.isEmpty {
                campaign.agentNumbers = try AgentNumberOption.numbers(agentNumber, session)
            }
            if let window {
                campaign = campaign.settingWindow(
                    days: window,
                    for: reach,
                    nowUnix: Int64(session.ambient.now().timeIntervalSince1970)
                )
            }
            return campaign
        }

        // MARK: What it would do

        private func difference(
            _ campaign: Campaign,
            _ reach: WindowReach,
            _ session: Session,
            _ store: CallStore
        ) async throws -> AttributionDifference? {
            let isTried = consent.dryRun || apply != nil || window != nil
            guard isTried, let recompute = reach.recompute else { return nil }
            let progress = ProgressLine(session.terminal, total: nil, things: "calls")
            let difference = try await AttributionTrial(
                store: store,
                rules: AttributionRules(timeZone: session.settings.timeZone)
            ).run(
                trying: campaign,
                fromUnix: recompute.fromUnix,
                toUnix: recompute.toUnix
            ) { progress.show($0, step: AttributionTrial.batch) }
            progress.end(difference.calls)
            return difference
        }

        private func names(
            of difference: AttributionDifference?,
            in store: CallStore
        ) async throws -> [CampaignID: String] {
            var names: [CampaignID: String] = [:]
            for id in (difference?.rows ?? []).compactMap(\.campaign) {
                names[id] = try await store.campaign(id)?.name
            }
            return names
        }

        private static func table(
            _ difference: AttributionDifference,
            _ names: [CampaignID: String]
        ) -> String {
            var table = Table(
                .init("CAMPAIGN"),
                .init("CALLS NOW", .right),
                .init("THEN", .right),
                .init("COME", .right),
                .init("GO", .right)
            )
            for row in difference.rows {
                table.add(
                    row.campaign.map { names[$0] ?? "\($0)" } ?? "none",
                    "\(row.before)",
                    "\(row.after)",
                    "\(row.gained)",
                    "\(row.lost)"
                )
            }
            return table.rendered(none: "No calls in the range.")
                + "\(difference.changed) of \(difference.calls) calls change; \(difference.pinned) "
                + "pinned and \(difference.locked) in closed months or without content stay\n"
        }

        private func tell(
            _ campaign: Campaign,
            isTrial: Bool,
            _ fields: [String],
            _ difference: AttributionDifference?,
            _ names: [CampaignID: String],
            _ terminal: Terminal
        ) {
            if output.json {
                terminal.show(
                    .fields(
                        ("dryRun", .bool(isTrial)),
                        ("id", .integer(campaign.id.number)),
                        ("name", .text(campaign.name)),
                        ("windowDays", .count(campaign.windowDays)),
                        ("changed", .list(fields.map(JSONValue.text))),
                        ("difference", Self.json(difference, names))
                    )
                )
                return
            }
            if isTrial {
                if let difference { terminal.write(Self.table(difference, names)) }
                terminal.line(
                    consent.dryRun
                        ? "nothing was changed"
                        : "nothing was changed; say --apply from-now, range or everything"
                )
                return
            }
            let what = fields.isEmpty ? "nothing" : fields.joined(separator: ", ")
            terminal.line("\(campaign.name): changed \(what)")
            if apply == .range || apply == .everything, !fields.isEmpty {
                terminal.line("the calls are decided again by a job of the queue attribution")
            }
        }

        private static func json(
            _ difference: AttributionDifference?,
            _ names: [CampaignID: String]
        ) -> JSONValue {
            guard let difference else { return .null }
            return .fields(
                ("calls", .count(difference.calls)),
                ("changed", .count(difference.changed)),
                ("pinned", .count(difference.pinned)),
                ("locked", .count(difference.locked)),
                (
                    "campaigns",
                    .list(
                        difference.rows.map { row in
                            .fields(
                                ("campaignID", row.campaign.map { .integer($0.number) } ?? .null),
                                ("campaign", .optional(row.campaign.flatMap { names[$0] })),
                                ("before", .count(row.before)),
                                ("after", .count(row.after)),
                                ("gained", .count(row.gained)),
                                ("lost", .count(row.lost))
                            )
                        }
                    )
                )
            )
        }
    }
}

/// Our own numbers, given as options.
enum AgentNumberOption {
    static func numbers(_ texts: [String], _ session: Session) throws -> [E164] {
        let normalizer = NumberNormalizer()
        let region = Region(session.settings.region)
        var numbers: Set<E164> = []
        for text in texts {
            guard let number = normalizer.read(text, region: region).e164 else {
                throw StartFailure(.wrongUse, "--agent-number \"\(text)\" is no valid number")
            }
            numbers.insert(number)
        }
        return numbers.sorted { $0.text < $1.text }
    }
}
