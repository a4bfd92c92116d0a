import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import Reports
import Settings

/// `ringback backfill`.
struct BackfillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Read a long range of the upstream's history, slice by slice, beside live work.",
        subcommands: [
            Plan.self, Start.self, Conversations.self, List.self, Show.self, Pause.self,
            Resume.self, Cancel.self,
        ]
    )

    /// What is to be read.
    struct RangeOptions: ParsableArguments {
        @Option(help: "Calls that started at this time or later: a day, RFC 3339, or 36h ago.")
        var from: String

        @Option(help: "Calls that started before this time; now if left out.")
        var to: String?

        @Option(help: "The length of a slice: 1d, 6h, 30m.")
        var slice = DurationArgument.seconds(86_400)

        @Option(help: "Only calls of this agent's id.")
        var agent: String?

        @Flag(help: "Read slices again that are complete already.")
        var reread = false

        /// Shortest and longest slice: a job's overhead, and what one walk should hold.
        static let sliceMin: Int64 = 60
        static let sliceMax: Int64 = 31 * 86_400

        func validate() throws {
            let seconds = slice.duration.components.seconds
            guard (Self.sliceMin...Self.sliceMax).contains(seconds) else {
                throw ValidationError("--slice takes 1m to 31d.")
            }
        }

        /// The range; an end that has not come yet is cut to now.
        func range(in session: Session) throws -> BackfillRange {
            let now = Int64(session.ambient.now().timeIntervalSince1970)
            guard let from = try TimeOption.instant(from, "--from", session) else {
                throw StartFailure(.wrongUse, "--from is needed")
            }
            let to = min(try TimeOption.instant(to, "--to", session) ?? now, now)
            guard from < to else {
                throw StartFailure(.wrongUse, "--from must be before --to, and in the past")
            }
            let range = BackfillRange(
                agentID: agent,
                fromUnix: from,
                toUnix: to,
                sliceSeconds: slice.duration.components.seconds,
                rereads: reread
            )
            guard range.slices <= BackfillLimits.slicesMax else {
                throw StartFailure(
                    .wrongUse,
                    "these are \(range.slices) slices; at most \(BackfillLimits.slicesMax) are "
                        + "taken, so make --slice longer"
                )
            }
            return range
        }
    }

    struct Plan: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "plan",
            abstract: "Say what a backfill would read and cost, and how long it would take."
        )

        @OptionGroup var range: RangeOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let range = try range.range(in: session)
            try await session.withBackfills { steering, _, _ in
                let plan = try await steering.plan(range)
                if output.json {
                    session.terminal.show(plan.json)
                } else {
                    session.terminal.write(plan.text)
                }
            }
        }
    }

    struct Start: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract: "Begin a backfill; a scheduler feeds its slices to the workers."
        )

        @OptionGroup var range: RangeOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let range = try range.range(in: session)
            try await session.withBackfills { steering, _, _ in
                let plan = try await steering.plan(range)
                let id = try await steering.start(range, by: session.person)
                await session.audit("backfill.start", "backfill:\(id)")
                if output.json {
                    session.terminal.show(
                        .fields(("id", .text(id.text)), ("plan", plan.json))
                    )
                } else {
                    session.terminal.write(plan.text)
                    session.terminal.line(
                        "started \(id); `ringback backfill show \(id)` follows it"
                    )
                }
            }
        }
    }

    /// The id of a backfill, as an argument.
    struct Named: ParsableArguments {
        @Argument(help: "The backfill's id.")
        var id: String

        func find(in store: CallStore) async throws -> Backfill {
            guard let id = BackfillID(id), let backfill = try await store.backfill(id) else {
                throw StartFailure(
                    .failed,
                    "there is no backfill \"\(self.id)\"; `ringback backfill list` shows them"
                )
            }
            return backfill
        }
    }
}

extension Session {
    /// Opens what backfills are steered with, runs the body, closes it again.
    func withBackfills(
        _ body: (BackfillSteering, CallStore, BackfillLook) async throws -> Void
    ) async throws {
        try await withQueues { queues in
            try await withStore { store in
                let budget = queues.upstreamBudget(for: host)
                let steering = BackfillSteering(
                    store: store,
                    queue: queues[.sync],
                    budget: budget,
                    ambient: ambient
                )
                try await body(steering, store, BackfillLook(store: store, budget: budget))
            }
        }
    }
}
