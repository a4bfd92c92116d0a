import ArgumentParser
import Attribution
import CallStore
import Hosting
import Reports
import Settings

extension AssignmentScope: ExpressibleByArgument {}

extension CallsCommand {
    /// `ringback calls assign`.
    struct Assign: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "assign",
            abstract: "Credit a call to a campaign by hand; no rule changes that.",
            discussion: """
                "none" says that it comes from no campaign; --release takes the pin of the call
                away and asks the rules again. --scope caller also takes the calls of this caller
                that no campaign is credited with, --scope future these and the caller's calls
                until the campaign's window ends. `calls undo` takes it all back.
                """
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Argument(help: "The campaign's name or id, or none.")
        var campaign: String?

        @Option(help: "What it is said of: call, caller or future.")
        var scope = AssignmentScope.call

        @Option(help: "The recipient, by the list's own reference.")
        var recipient: String?

        @Flag(help: "Take a person's word back and let the rules decide.")
        var release = false

        @Option(help: "Why, for the others.")
        var note: String?

        @Option(help: "Why the books of a closed month are changed.")
        var overrideReason: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (campaign != nil) != release else {
                throw ValidationError("Name a campaign, or none, or say --release.")
            }
            guard !release || (scope == .call && recipient == nil) else {
                throw ValidationError("--release is said of one call.")
            }
            guard recipient == nil || campaign != "none" else {
                throw ValidationError("No campaign has no recipient.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let call = try await CallReference.find(id, in: store)
                var target: Campaign?
                if let campaign, campaign != "none" {
                    target = try await CampaignName.find(campaign, in: store)
                }
                let person = try await recipientID(of: target, in: store)
                if call.attribution?.isPinned == true, !consent.dryRun {
                    let by = call.attribution?.decidedBy ?? "somebody"
                    try session.terminal.confirm(
                        "\(by) has assigned this call by hand; change that?",
                        isAgreed: consent.yes
                    )
                }
                let desk = AttributionDesk(store: store, timeZone: session.settings.timeZone)
                var until: Int64?
                if scope == .future {
                    until = try await desk.windowEnd(of: call.id, in: target?.id)
                }
                var receipt: AssignmentReceipt?
                if !consent.dryRun {
                    receipt = try await change(call, target, person, until, session, desk)
                }
                tell(call, target, until, receipt, session.terminal)
            }
        }

        private func recipientID(
            of target: Campaign?,
            in store: CallStore
        ) async throws -> RecipientID? {
            guard let recipient, let target else { return nil }
            let found = try await store.recipients(reference: recipient, of: target.id, limit: 1)
            guard let match = found.first else {
                throw StartFailure(
                    .failed,
                    "the campaign \"\(target.name)\" has no recipient \"\(recipient)\""
                )
            }
            return match.recipient.id
        }

        private func change(
            _ call: Call,
            _ target: Campaign?,
            _ recipient: RecipientID?,
            _ until: Int64?,
            _ session: Session,
            _ desk: AttributionDesk
        ) async throws -> AssignmentReceipt? {
            if release {
                return try await desk.release(
                    call.id,
                    by: session.person,
                    note: note,
                    overrideReason: overrideReason
                )
            }
            return try await desk.assign(
                NewAssignment(
                    call: call.id,
                    campaign: target?.id,
                    recipient: recipient,
                    scope: scope,
                    untilUnix: until,
                    person: session.person,
                    note: note,
                    overrideReason: overrideReason
                )
            )
        }

        private func tell(
            _ call: Call,
            _ target: Campaign?,
            _ until: Int64?,
            _ receipt: AssignmentReceipt?,
            _ terminal: Terminal
        ) {
            let conversation = call.record.identity.conversationID
            if output.json {
                terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("conversation", .text(conversation)),
                        ("campaign", .optional(target?.name)),
                        ("released", .bool(release)),
                        ("scope", .text(scope.rawValue)),
                        ("until", .optional(until.map(TimeText.iso(unix:)))),
                        ("calls", .count(receipt?.calls.count ?? 0)),
                        ("locked", .count(receipt?.locked ?? 0))
                    )
                )
                return
            }
            let would = consent.dryRun ? "would be " : ""
            let what =
                release ? "given back to the rules" : "assigned to \(target?.name ?? "no campaign")"
            terminal.line("\(conversation) \(would)\(what)")
            if let receipt, receipt.calls.count > 1 || receipt.locked > 0 {
                terminal.line(
                    "with it \(receipt.calls.count - 1) other calls of this caller; "
                        + "\(receipt.locked) in closed months stay"
                )
            }
            if let until {
                terminal.line("calls of this caller follow it until \(TimeText.iso(unix: until))")
            }
        }
    }

    /// `ringback calls undo`.
    struct Undo: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "undo",
            abstract: "Undo the last thing that a person said of a call's campaign.",
            discussion: """
                Every call that it reached goes back to where it was; those that somebody has
                assigned otherwise since stay. Both lines stand in the call's history.
                """
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Option(help: "Why, for the others.")
        var note: String?

        @Option(help: "Why the books of a closed month are changed.")
        var overrideReason: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let call = try await CallReference.find(id, in: store)
                let done = try await AttributionDesk(
                    store: store,
                    timeZone: session.settings.timeZone
                ).undoLast(
                    of: call.id,
                    by: session.person,
                    note: note,
                    overrideReason: overrideReason
                )
                guard let done else {
                    throw StartFailure(.failed, "nobody has assigned this call by hand")
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("conversation", .text(call.record.identity.conversationID)),
                            ("undone", .text(done.undone.action.rawValue)),
                            ("by", .text(done.undone.person)),
                            ("at", .text(TimeText.iso(milliseconds: done.undone.atMilliseconds))),
                            ("calls", .count(done.receipt.calls.count)),
                            ("changedSince", .count(done.receipt.changedSince)),
                            ("locked", .count(done.receipt.locked))
                        )
                    )
                    return
                }
                let when = TimeText.iso(milliseconds: done.undone.atMilliseconds)
                session.terminal.line(
                    "undid what \(done.undone.person) said at \(when): \(done.receipt.calls.count) "
                        + "calls; \(done.receipt.changedSince) were assigned otherwise since, "
                        + "\(done.receipt.locked) are in closed months"
                )
            }
        }
    }
}
