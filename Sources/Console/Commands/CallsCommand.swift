import ArgumentParser
import CallStore
import Foundation
import Hosting
import Settings

/// `ringback calls`.
struct CallsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls",
        abstract: "The calls, what they are credited to and whether they are conversions.",
        subcommands: [List.self, Show.self, Assign.self, CallsLedger.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Calls, newest first."
        )

        @OptionGroup var filter: CallFilterOptions

        @Option(help: "Most calls to show.")
        var limit = 50

        @Flag(help: "Show phone numbers whole.")
        var showNumbers = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...100_000).contains(limit) else {
                throw ValidationError("--limit takes 1 to 100000.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let filter = try await filter.filter(in: session, store: store)
                let calls = try await Self.calls(filter, limit: limit, in: store)
                if output.json {
                    session.terminal.show(
                        .list(calls.map { CallText.json($0, showNumbers: showNumbers) })
                    )
                } else {
                    let table = CallText.table(
                        calls,
                        zone: session.settings.timeZone,
                        showNumbers: showNumbers
                    )
                    session.terminal.write(table.rendered(none: "No calls."))
                }
            }
        }

        private static func calls(
            _ filter: CallFilter,
            limit: Int,
            in store: CallStore
        ) async throws -> [CallSummary] {
            let pageSize = 500
            var calls: [CallSummary] = []
            var cursor: CallCursor?
            repeat {
                let page = try await store.calls(
                    filter,
                    after: cursor,
                    limit: min(pageSize, limit - calls.count)
                )
                calls += page.calls
                cursor = page.next
            } while cursor != nil && calls.count < limit
            return calls
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One call with its transcript, its attribution and its conversion."
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Flag(help: "Show phone numbers whole.")
        var showNumbers = false

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let call = try await CallReference.find(id, in: store)
                let detail = try await CallDetail(call, in: store)
                if output.json {
                    session.terminal.show(detail.json(showNumbers: showNumbers))
                } else {
                    session.terminal.write(
                        detail.text(zone: session.settings.timeZone, showNumbers: showNumbers)
                    )
                }
            }
        }
    }

    struct Assign: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "assign",
            abstract: "Credit a call to a campaign by hand; no rule changes that.",
            discussion:
                "\"none\" says that it comes from no campaign; --release asks the rules again."
        )

        @Argument(help: "The conversation's id, or the call's number.")
        var id: String

        @Argument(help: "The campaign's name or id, or none.")
        var campaign: String?

        @Flag(help: "Take a person's word back and let the rules decide.")
        var release = false

        @Option(help: "Why, for the others.")
        var note: String?

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (campaign != nil) != release else {
                throw ValidationError("Name a campaign, or none, or say --release.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let call = try await CallReference.find(id, in: store)
                var target: Campaign?
                if let campaign, campaign != "none" {
                    target = try await CampaignName.find(campaign, in: store)
                }
                if call.attribution?.isPinned == true, !consent.dryRun {
                    let by = call.attribution?.decidedBy ?? "somebody"
                    try session.terminal.confirm(
                        "\(by) has assigned this call by hand; change that?",
                        isAgreed: consent.yes
                    )
                }
                if !consent.dryRun {
                    try await change(call, to: target, by: session.person, in: store)
                }
                tell(call, target, session)
            }
        }

        private func change(
            _ call: Call,
            to target: Campaign?,
            by person: String,
            in store: CallStore
        ) async throws {
            let pin = ManualPin(campaign: target?.id, person: person, note: note)
            let isRelease = release
            let note = note
            try await store.write { writer in
                if isRelease {
                    // The sweep takes an open call for one that was never decided.
                    try writer.unpin(call.id, by: person, note: note)
                } else {
                    try writer.pin(call.id, pin)
                }
            }
        }

        private func tell(_ call: Call, _ target: Campaign?, _ session: Session) {
            let conversation = call.record.identity.conversationID
            if output.json {
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("conversation", .text(conversation)),
                        ("campaign", .optional(target?.name)),
                        ("released", .bool(release))
                    )
                )
            } else {
                let would = consent.dryRun ? "would be " : ""
                let what =
                    release
                    ? "given back to the rules" : "assigned to \(target?.name ?? "no campaign")"
                session.terminal.line("\(conversation) \(would)\(what)")
            }
        }
    }
}

/// Calls by what people call them.
enum CallReference {
    static func find(_ text: String, in store: CallStore) async throws -> Call {
        if let call = try await store.call(CallIdentity(conversationID: text)) { return call }
        if let number = Int64(text), let call = try await store.call(CallID(number)) {
            return call
        }
        throw StartFailure(
            .failed,
            "there is no call \"\(text)\"; `ringback enqueue sync --conversation \(text)` fetches "
                + "one that ElevenLabs has"
        )
    }
}
