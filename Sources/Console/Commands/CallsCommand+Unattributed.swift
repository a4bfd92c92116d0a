import ArgumentParser
import Attribution
import CallStore
import Hosting
import PhoneNumbers
import Reports
import Settings

extension CallsCommand {
    /// `ringback calls unattributed`.
    struct Unattributed: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "unattributed",
            abstract: "Calls that no campaign is credited with, by caller, with suggestions."
        )

        @Option(
            help: """
                Only those that were not credited for this reason, such as withheld, invalid, \
                no-recipient, outside-window or tie.
                """
        )
        var reason: String?

        @Option(help: "Most callers to show.")
        var limit = 50

        @Flag(help: "Show phone numbers whole.")
        var showNumbers = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 1_000)
        }

        private struct Item {
            var caller: UnattributedCaller
            var suggestions: [Suggestion]
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let counts = try await store.unattributedCounts()
                let desk = AttributionDesk(store: store, timeZone: session.settings.timeZone)
                let numbers = NumberNormalizer()
                let region = Region(session.settings.region)
                var items: [Item] = []
                for caller in try await store.unattributed(reason: reason, limit: limit) {
                    let suggestions = try await desk.suggestions(
                        for: caller.call,
                        numbers: numbers,
                        region: region
                    )
                    items.append(Item(caller: caller, suggestions: suggestions))
                }
                if output.json {
                    session.terminal.show(json(counts, items))
                } else {
                    tell(counts, items, session)
                }
            }
        }

        private func tell(_ counts: [UnattributedCount], _ items: [Item], _ session: Session) {
            var table = Table(
                .init("LAST CALL"),
                .init("CONVERSATION"),
                .init("CALLER"),
                .init("CALLS", .right),
                .init("WHY NOT"),
                .init("SUGGESTIONS")
            )
            for item in items {
                let caller = item.caller
                table.add(
                    TimeText.short(unix: caller.lastUnix, in: session.settings.timeZone),
                    caller.conversationID,
                    CallText.number(caller.caller, showNumbers: showNumbers)
                        ?? caller.callerClass ?? "-",
                    "\(caller.calls)",
                    caller.reason,
                    item.suggestions.isEmpty
                        ? "-" : item.suggestions.map(Self.text).joined(separator: "; ")
                )
            }
            session.terminal.write(table.rendered(none: "No call waits for a campaign."))
            guard !counts.isEmpty else { return }
            let reasons = counts.map { "\($0.calls) \($0.reason)" }.joined(separator: ", ")
            session.terminal.line("calls without a campaign: \(reasons)")
        }

        private static func text(_ suggestion: Suggestion) -> String {
            let late = suggestion.daysLate.map { ", \($0)d late" } ?? ""
            return "\(suggestion.campaignName) (\(suggestion.reason.rawValue)\(late))"
        }

        private func json(_ counts: [UnattributedCount], _ items: [Item]) -> JSONValue {
            .fields(
                (
                    "reasons",
                    .list(
                        counts.map {
                            .fields(("reason", .text($0.reason)), ("calls", .count($0.calls)))
                        }
                    )
                ),
                (
                    "callers",
                    .list(
                        items.map { item in
                            .fields(
                                ("call", .integer(item.caller.call.number)),
                                ("conversation", .text(item.caller.conversationID)),
                                (
                                    "caller",
                                    .optional(
                                        CallText.number(
                                            item.caller.caller,
                                            showNumbers: showNumbers
                                        )
                                    )
                                ),
                                ("callerClass", .optional(item.caller.callerClass)),
                                ("calls", .count(item.caller.calls)),
                                ("last", .text(TimeText.iso(unix: item.caller.lastUnix))),
                                ("reason", .text(item.caller.reason)),
                                ("suggestions", .list(item.suggestions.map(Self.json)))
                            )
                        }
                    )
                )
            )
        }

        private static func json(_ suggestion: Suggestion) -> JSONValue {
            .fields(
                ("campaignID", .integer(suggestion.campaign.number)),
                ("campaign", .text(suggestion.campaignName)),
                ("recipientID", suggestion.recipient.map { .integer($0.number) } ?? .null),
                ("reason", .text(suggestion.reason.rawValue)),
                ("score", .count(suggestion.score)),
                ("daysLate", .optional(suggestion.daysLate))
            )
        }
    }
}
