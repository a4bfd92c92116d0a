import ArgumentParser
import CallJobs
import CallStore
import Hosting
package import JobQueue
package import Reports
import Settings

/// `ringback limits`.
struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "What upstreams, agents and accounts may do at once and in a time.",
        subcommands: [List.self, Set.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Limit keys with settings, waiting jobs or a rest, and the upstream's budget."
        )

        @Option(help: "Only this queue.")
        var queue: JobKind?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let budget = try await queues.upstreamBudget(for: session.host).state()
                var rows: [LimitRow] = []
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    rows += try await queues[kind].limits().map {
                        LimitRow(queue: kind.rawValue, figures: $0)
                    }
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("budget", LimitRow.json(budget)),
                            ("limits", .list(rows.map(\.json)))
                        )
                    )
                } else {
                    session.terminal.line(LimitRow.line(budget))
                    session.terminal.write(
                        LimitRow.table(rows).rendered(none: "No limit keys.")
                    )
                }
            }
        }
    }

    struct Set: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change what the jobs of a key may do; what is not named stays.",
            discussion: """
                Limits hold in each queue on its own; jobs of one queue share a key's.
                  ringback limits set agent:agent_0123 --concurrency 2
                  ringback limits set upstream:elevenlabs --rate 300/m --burst 10 --queue sync
                  ringback limits set account:7 --clear
                """
        )

        @Argument(help: "The key, such as upstream:elevenlabs, agent:ID or account:ID.")
        var key: String

        @Option(help: "Only in this queue; in all of them if left out.")
        var queue: JobKind?

        @Option(help: "Most jobs of the key at once, over all workers.")
        var concurrency: Int?

        @Option(help: "Jobs of the key that may begin in a time: 10/s, 300/m or 5000/h.")
        var rate: String?

        @Option(help: "How many may begin at once after a rest; a second's worth if left out.")
        var burst: Int?

        @Flag(help: "Take the key's limits away first.")
        var clear = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            let most = LimitSettings.concurrencyMax
            guard concurrency.map({ (1...most).contains($0) }) ?? true else {
                throw ValidationError("--concurrency is a whole number from 1 to \(most).")
            }
            guard rate.map({ RateText($0) != nil }) ?? true else {
                throw ValidationError("--rate is \(RateText.form).")
            }
            guard burst.map({ (1...RateLimit.burstMax).contains($0) }) ?? true else {
                throw ValidationError("--burst is a whole number from 1 to \(RateLimit.burstMax).")
            }
            guard clear || concurrency != nil || rate != nil || burst != nil else {
                throw ValidationError("Name --concurrency, --rate, --burst or --clear.")
            }
        }

        func run(in session: Session) async throws {
            let limitKey: LimitKey
            do throws(IdentifierError) {
                limitKey = try LimitKey(key)
            } catch {
                throw StartFailure(.wrongUse, "\"\(key)\" is no limit key")
            }
            try await session.withQueues { queues in
                var rows: [LimitRow] = []
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    var figures = try await queues[kind].limit(of: limitKey)
                    let settings = try changed(clear ? LimitSettings() : figures.settings)
                    try await queues[kind].setLimit(limitKey, settings)
                    figures.settings = settings
                    rows.append(LimitRow(queue: kind.rawValue, figures: figures))
                }
                await session.audit(
                    "limits.set",
                    "limit:\(limitKey)",
                    after: Dictionary(
                        rows.map { ($0.queue, .text($0.settingsLine)) },
                        uniquingKeysWith: { _, last in last }
                    )
                )
                if output.json {
                    session.terminal.show(.list(rows.map(\.settingsJSON)))
                } else {
                    for row in rows { session.terminal.line(row.settingsLine) }
                }
            }
        }

        /// The settings with what the options say.
        func changed(_ old: LimitSettings) throws -> LimitSettings {
            var settings = old
            if let concurrency { settings.concurrency = concurrency }
            if let text = rate, let rate = RateText(text) {
                settings.rate = RateLimit(events: rate.events, per: rate.period, burst: burst)
            } else if let burst {
                guard let rate = settings.rate else {
                    throw StartFailure(.wrongUse, "--burst belongs to a rate; name one with --rate")
                }
                settings.rate = RateLimit(
                    intervalMicroseconds: rate.intervalMicroseconds,
                    burst: burst
                )
            }
            return settings
        }
    }
}

/// One limit key of one queue, as it is shown.
package struct LimitRow: Sendable, Equatable {
    package let queue: String
    package let figures: LimitFigures

    package init(queue: String, figures: LimitFigures) {
        self.queue = queue
        self.figures = figures
    }

    package var json: JSONValue {
        .fields(
            ("queue", .text(queue)),
            ("key", .text(figures.key.text)),
            ("concurrency", .optional(figures.settings.concurrency)),
            ("ratePerSecond", ratePerSecond),
            ("burst", .optional(figures.settings.rate?.burst)),
            ("running", .count(figures.running)),
            (
                "waiting",
                .fields(
                    ("hi", .count(figures.waiting[.hi] ?? 0)),
                    ("std", .count(figures.waiting[.std] ?? 0)),
                    ("low", .count(figures.waiting[.low] ?? 0))
                )
            ),
            ("rest", .optional(figures.rest?.rawValue)),
            ("until", .optional(figures.untilMilliseconds.map(TimeText.iso(milliseconds:)))),
            (
                "waitingSince",
                .optional(figures.waitingSinceMilliseconds.map(TimeText.iso(milliseconds:)))
            ),
            ("oneAtATime", .bool(figures.isOnTrial))
        )
    }

    var settingsJSON: JSONValue {
        .fields(
            ("queue", .text(queue)),
            ("key", .text(figures.key.text)),
            ("concurrency", .optional(figures.settings.concurrency)),
            ("ratePerSecond", ratePerSecond),
            ("burst", .optional(figures.settings.rate?.burst))
        )
    }

    private var ratePerSecond: JSONValue {
        figures.settings.rate.map { .number($0.perSecond) } ?? .null
    }

    var settingsLine: String { "\(figures.key) in \(queue): \(settingsText)" }

    private var settingsText: String {
        var parts: [String] = []
        if let concurrency = figures.settings.concurrency {
            parts.append("at most \(concurrency) at once")
        }
        if let rate = figures.settings.rate {
            parts.append("\(Self.text(rate)), \(rate.burst) at once after a rest")
        }
        return parts.isEmpty ? "no limits" : parts.joined(separator: ", ")
    }

    /// In the unit in which it is one or more.
    static func text(_ rate: RateLimit) -> String {
        for (seconds, unit) in [(1.0, "s"), (60, "m"), (3600, "h")] {
            let events = rate.perSecond * seconds
            if events >= 1 || unit == "h" {
                let rounded = (events * 100).rounded() / 100
                let text = rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
                return "\(text)/\(unit)"
            }
        }
        return ""
    }

    package static func table(_ rows: [LimitRow]) -> Table {
        var table = Table(
            .init("QUEUE"),
            .init("KEY"),
            .init("AT ONCE", .right),
            .init("RATE", .right),
            .init("BURST", .right),
            .init("RUNNING", .right),
            .init("WAITING", .right),
            .init("REST")
        )
        for row in rows {
            let figures = row.figures
            table.add(
                row.queue,
                figures.key.text,
                figures.settings.concurrency.map { "\($0)" } ?? "-",
                figures.settings.rate.map(text) ?? "-",
                figures.settings.rate.map { "\($0.burst)" } ?? "-",
                "\(figures.running)",
                "\(figures.waiting.values.reduce(0, +))",
                row.restText
            )
        }
        return table
    }

    private var restText: String {
        let trial = figures.isOnTrial ? "one at a time" : ""
        guard let rest = figures.rest, let until = figures.untilMilliseconds else { return trial }
        let time = TimeText.iso(milliseconds: until)
        switch rest {
        case .full: return "as many run as may"
        case .rate: return "rate used up until \(time)"
        case .open: return "its upstream rests until \(time)"
        }
    }

    static func json(_ budget: BudgetState) -> JSONValue {
        .fields(
            ("upstream", .text("elevenlabs")),
            ("circuit", .text(budget.circuit.rawValue)),
            ("until", .optional(budget.quietUntilMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("openings", .count(budget.openings)),
            ("since", .optional(budget.sinceMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("parallel", .count(budget.parallel)),
            ("ceiling", .count(budget.ceiling)),
            ("inFlight", .count(budget.inFlight)),
            ("ratePerSecond", budget.rate.map { .number($0.perSecond) } ?? .null),
            ("rateUsedUp", .bool(budget.isRateUsedUp))
        )
    }

    static func line(_ budget: BudgetState) -> String {
        let circuit =
            switch budget.circuit {
            case .closed: "closed"
            case .halfOpen: "half-open, one request at a time"
            case .open:
                "open until "
                    + (budget.quietUntilMilliseconds.map(TimeText.iso(milliseconds:)) ?? "soon")
            }
        let since = budget.sinceMilliseconds.map { ", since \(TimeText.iso(milliseconds: $0))" }
        let rate = budget.isRateUsedUp ? "; its rate is used up" : ""
        return "elevenlabs: breaker \(circuit)\(since ?? ""); "
            + "\(budget.inFlight) of \(budget.parallel) requests in flight, "
            + "\(budget.ceiling) at most\(rate)"
    }
}
