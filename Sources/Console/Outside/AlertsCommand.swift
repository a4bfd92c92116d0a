import Ambient
import ArgumentParser
import CallStore
import Delivery
import Foundation
import HTTPClient
import Hosting
import JobQueue
import Reports
import Settings

/// `ringback alerts`.
struct AlertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "What is watched, and who is told when it goes wrong.",
        subcommands: [List.self, Check.self, Rules.self, Set.self, Reset.self, Test.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Where each rule stands since the last check."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let states = try await session.withStore { try await $0.alertStates() }
            if output.json {
                session.terminal.show(
                    .list(
                        states.map { state in
                            .fields(
                                ("rule", .text(state.rule)),
                                ("firing", .bool(state.isFiring)),
                                (
                                    "since",
                                    .text(TimeText.iso(milliseconds: state.sinceMilliseconds))
                                ),
                                (
                                    "checked",
                                    .text(TimeText.iso(milliseconds: state.checkedMilliseconds))
                                ),
                                (
                                    "notified",
                                    .optional(
                                        state.notifiedMilliseconds.map(TimeText.iso(milliseconds:))
                                    )
                                ),
                                ("text", .text(state.text))
                            )
                        }
                    )
                )
                return
            }
            var table = Table(.init("RULE"), .init("STATE"), .init("SINCE"), .init("FIGURES"))
            for state in states {
                table.add(
                    state.rule,
                    state.isFiring ? "FIRING" : "quiet",
                    TimeText.iso(milliseconds: state.sinceMilliseconds),
                    state.text
                )
            }
            session.terminal.write(
                table.rendered(
                    none: "Nothing was checked yet; `ringback alerts check` does it now."
                )
            )
        }
    }

    struct Check: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say what the rules find now; nobody is told."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let verdicts = try await session.withQueues { queues in
                try await session.withStore { store in
                    try await AlertGathering(
                        store: store,
                        queues: queues.all,
                        ambient: session.ambient,
                        costMax: session.settings.outside.alertCost,
                        retention: session.settings.retention
                    ).facts().verdicts
                }
            }
            if output.json {
                session.terminal.show(
                    .list(
                        verdicts.map { verdict in
                            .fields(
                                ("rule", .text(verdict.rule.rawValue)),
                                ("firing", verdict.isFiring.map { .bool($0) } ?? .null),
                                ("text", .text(verdict.text))
                            )
                        }
                    )
                )
                return
            }
            var table = Table(.init("RULE"), .init("FINDS"), .init("FIGURES"))
            for verdict in verdicts {
                let word = verdict.isFiring.map { $0 ? "FIRING" : "quiet" } ?? "cannot tell"
                table.add(verdict.rule.rawValue, word, verdict.text)
            }
            session.terminal.write(table.rendered(none: "There are no rules."))
        }
    }

    struct Test: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Send a notice that is a test by every channel, and say what became of it."
        )

        func run(in session: Session) async throws {
            let http = try session.host.openHTTP()
            let outside = session.settings.outside
            let channels = Channels.ofAlerts(
                poster: Poster(http: http, ambient: session.ambient, settings: outside),
                ambient: session.ambient,
                settings: outside
            )
            guard channels.areThere else {
                throw StartFailure(
                    .wrongUse,
                    "alerts have no channel: set RINGBACK_ALERT_URL and RINGBACK_ALERT_SECRET, or "
                        + "RINGBACK_SMTP_URL, RINGBACK_MAIL_FROM and RINGBACK_ALERT_MAIL"
                )
            }
            let now = Int64(session.ambient.now().timeIntervalSince1970 * 1_000)
            let failures = try await AlertChannels(channels).send(
                AlertNotice(
                    rule: .deadJobs,
                    isFiring: true,
                    sinceMilliseconds: now,
                    text: "This is a test of `ringback alerts test`; nothing is wrong."
                )
            )
            await http.shutDown()
            guard failures.isEmpty else {
                throw StartFailure(.failed, failures.joined(separator: "; "))
            }
            session.terminal.line("sent")
        }
    }
}
