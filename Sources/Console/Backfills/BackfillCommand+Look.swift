import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports

/// Reads how backfills stand.
struct BackfillLook {
    let store: CallStore
    let budget: any UpstreamBudget

    func progress(_ backfill: Backfill) async throws -> BackfillProgress {
        BackfillProgress(
            backfill,
            samples: try await store.pace(of: backfill.id),
            coverage: try await coverageAhead(of: backfill),
            parallel: try await budget.state().parallel
        )
    }

    /// What is covered of the slices that are still to be handed out.
    private func coverageAhead(of backfill: Backfill) async throws -> [Coverage] {
        let range = backfill.range
        guard backfill.state == .running, !range.rereads, backfill.handedOut < range.slices else {
            return []
        }
        return try await store.coverage(
            over: range.slice(backfill.handedOut).lowerBound..<range.toUnix,
            agentID: range.agentID,
            in: range.workspace
        )
    }
}

extension BackfillCommand {
    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Backfills, newest first."
        )

        @Option(help: "How many at most.")
        var limit = 50

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 1_000)
        }

        func run(in session: Session) async throws {
            try await session.withBackfills { _, store, look in
                var list: [BackfillProgress] = []
                for backfill in try await store.backfills(limit: limit) {
                    list.append(try await look.progress(backfill))
                }
                if output.json {
                    session.terminal.show(.list(list.map { $0.json(failed: nil) }))
                } else {
                    session.terminal.write(BackfillProgress.table(list))
                }
            }
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One backfill: how far it is, what failed, and when it will be through."
        )

        /// Failed slices that are listed.
        static let failedMax = 20

        @OptionGroup var named: Named

        @Flag(help: "Show it again and again until it ends, or Ctrl-C.")
        var watch = false

        @Option(help: "Time between two looks with --watch, at least 1s.")
        var every = DurationArgument.seconds(2)

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard every.duration >= .seconds(1) else {
                throw ValidationError("--every takes at least 1s.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withBackfills { _, store, look in
                var isOver = false
                repeat {
                    let backfill = try await named.find(in: store)
                    let failed = try await store.failedSlices(
                        of: backfill.id,
                        limit: Self.failedMax
                    )
                    show(try await look.progress(backfill), failed, session)
                    isOver = backfill.endedMilliseconds != nil
                    if watch, !isOver { try await session.ambient.sleep(for: every.duration) }
                } while watch && !isOver
            }
        }

        private func show(
            _ progress: BackfillProgress,
            _ failed: [BackfillSlice],
            _ session: Session
        ) {
            let terminal = session.terminal
            if output.json {
                terminal.line(progress.json(failed: failed).rendered(indented: !watch))
            } else {
                let clear = watch && terminal.isInteractive ? "\u{1B}[H\u{1B}[J" : ""
                let text = progress.text(failed: failed, now: session.ambient.now())
                terminal.write(clear + text + (watch && !terminal.isInteractive ? "\n" : ""))
            }
        }
    }

    struct Pause: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Hand out no further slice; those that wait or run go on to their end."
        )

        @OptionGroup var named: Named

        @Option(help: "Why, for the others.")
        var reason = ""

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withBackfills { _, store, _ in
                let backfill = try await named.find(in: store)
                let (person, reason) = (session.person, reason)
                let isDone = try await store.write {
                    try $0.pauseBackfill(backfill.id, by: person, reason: reason)
                }
                await session.audit("backfill.pause", "backfill:\(backfill.id)", reason: reason)
                BackfillCommand.answer(backfill, isDone, "is paused", output, session)
            }
        }
    }

    struct Resume: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Hand out slices again."
        )

        @OptionGroup var named: Named
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withBackfills { _, store, _ in
                let backfill = try await named.find(in: store)
                let isDone = try await store.write { try $0.resumeBackfill(backfill.id) }
                await session.audit("backfill.resume", "backfill:\(backfill.id)")
                BackfillCommand.answer(backfill, isDone, "goes on", output, session)
            }
        }
    }

    struct Cancel: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "End a backfill, and take back what of it waits or runs."
        )

        @OptionGroup var named: Named
        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withBackfills { steering, store, _ in
                let backfill = try await named.find(in: store)
                let isUnderWay = backfill.endedMilliseconds == nil
                var taken: Int?
                if isUnderWay, !consent.dryRun {
                    try session.terminal.confirm(
                        "cancel \(backfill.id) with \(backfill.left) slices left?",
                        isAgreed: consent.yes
                    )
                    taken = try await steering.cancel(backfill.id, by: session.person)
                    await session.audit("backfill.cancel", "backfill:\(backfill.id)")
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("id", .text(backfill.id.text)),
                            ("dryRun", .bool(consent.dryRun)),
                            ("cancelled", .bool(taken != nil)),
                            ("left", .count(backfill.left)),
                            ("takenBack", .optional(taken))
                        )
                    )
                } else if !isUnderWay {
                    session.terminal.line("\(backfill.id) had ended: \(backfill.state.rawValue)")
                } else if consent.dryRun {
                    session.terminal.line("would cancel \(backfill.left) slices")
                } else {
                    session.terminal.line(
                        "\(backfill.id) is cancelled; \(taken ?? 0) slices that waited or ran are "
                            + "taken back"
                    )
                }
            }
        }
    }

    private static func answer(
        _ backfill: Backfill,
        _ isDone: Bool,
        _ words: String,
        _ output: OutputOptions,
        _ session: Session
    ) {
        if output.json {
            session.terminal.show(
                .fields(("id", .text(backfill.id.text)), ("changed", .bool(isDone)))
            )
        } else {
            session.terminal.line(
                isDone
                    ? "\(backfill.id) \(words)"
                    : "\(backfill.id) stays as it was: \(backfill.state.rawValue)"
            )
        }
    }
}
