import ArgumentParser
import CallStore
import Foundation
import Hosting
import Reports
import Settings

/// `ringback calls`.
struct CallsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls",
        abstract: "The calls, what they are credited to and whether they are conversions.",
        subcommands: [
            List.self, Show.self, CallsLedger.self, Unattributed.self, Assign.self, Undo.self,
            Exclude.self, Include.self, Tag.self, Untag.self,
        ]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Calls, newest first."
        )

        @OptionGroup var filter: CallFilterOptions

        @Option(help: "Most calls to show.")
        var limit = 50

        @OptionGroup var reveal: RevealOptions

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 100_000)
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let filter = try await filter.filter(in: session, store: store)
                try await reveal.note("calls.list", "calls", session, store)
                let calls = try await Self.calls(filter, limit: limit, in: store)
                if output.json {
                    session.terminal.show(
                        .list(calls.map { CallText.json($0, showNumbers: reveal.isOn) })
                    )
                } else {
                    let table = CallText.table(
                        calls,
                        zone: session.settings.timeZone,
                        showNumbers: reveal.isOn
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

        @OptionGroup var reveal: RevealOptions

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let call = try await CallReference.find(id, in: store)
                try await reveal.note("calls.show", "call:\(call.id)", session, store)
                let detail = try await CallDetail(call, in: store)
                if output.json {
                    session.terminal.show(detail.json(showNumbers: reveal.isOn))
                } else {
                    session.terminal.write(
                        detail.text(zone: session.settings.timeZone, showNumbers: reveal.isOn)
                    )
                }
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
