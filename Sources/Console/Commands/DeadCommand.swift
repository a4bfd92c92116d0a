import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

/// `ringback dead`.
struct DeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Jobs that failed for good: look at them, try them again, or drop them.",
        subcommands: [List.self, Show.self, Retry.self, Discard.self]
    )

    /// Most dead jobs that are looked at; a queue keeps as many at most.
    static let lookMax = QueueLimits.deadMax

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Dead jobs, grouped by their reason."
        )

        @Argument(help: "The queue; all of them if left out.")
        var queue: JobKind?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                var groups: [DeadGroup] = []
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    let records = try await JobText.jobs(
                        of: queues[kind],
                        in: .dead,
                        limit: DeadCommand.lookMax
                    )
                    groups += DeadGroup.groups(of: records, queue: kind.rawValue)
                }
                if output.json {
                    session.terminal.show(.list(groups.map(\.json)))
                } else {
                    session.terminal.write(DeadGroup.table(groups).rendered(none: "No dead jobs."))
                }
            }
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One dead job with all that is known of it."
        )

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let id = try JobReference.id(id)
            try await session.withQueues { queues in
                guard let (_, record) = try await JobReference.find(id, in: queues),
                    record.state == .dead
                else { throw StartFailure(.failed, "no dead job has the id \(id)") }
                session.terminal.show(JobText.json(record))
            }
        }
    }

    /// Which dead jobs are meant.
    struct Selection: ParsableArguments {
        @Argument(help: "The queue.")
        var queue: JobKind

        @Argument(help: "The jobs' ids.")
        var ids: [String] = []

        @Flag(help: "All dead jobs of the queue.")
        var all = false

        @Option(help: "Those whose reason contains this.")
        var reason: String?

        func validate() throws {
            let ways = [!ids.isEmpty, all, reason != nil].count { $0 }
            guard ways == 1 else {
                throw ValidationError("Name jobs by their ids, by --reason, or with --all.")
            }
        }

        func find(in queues: OpenQueues) async throws -> [JobID] {
            guard ids.isEmpty else { return try ids.map { try JobReference.id($0) } }
            return try await dead(in: queues).map(\.job.id)
        }

        /// The chosen jobs, as they are; what is named and not dead is left out.
        func dead(in queues: OpenQueues) async throws -> [JobRecord] {
            guard ids.isEmpty else {
                var found: [JobRecord] = []
                for text in ids {
                    let record = try await queues[queue].job(try JobReference.id(text))
                    if let record, record.state == .dead { found.append(record) }
                }
                return found
            }
            return try await JobText.jobs(of: queues[queue], in: .dead, limit: DeadCommand.lookMax)
            {
                reason.map(($0.reason ?? "").contains) ?? true
            }
        }
    }

    struct Retry: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Put dead jobs back, as if they had never been tried."
        )

        @OptionGroup var selection: Selection
        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let ids = try await selection.find(in: queues)
                var answers: [DeadRetryAnswer] = []
                if !consent.dryRun, !ids.isEmpty {
                    try session.terminal.confirm(
                        "retry \(ids.count) of \(selection.queue.rawValue)?",
                        isAgreed: consent.yes || ids.count == 1
                    )
                    for part in Self.parts(ids) {
                        answers += try await queues[selection.queue].retryDead(part)
                    }
                }
                let requeued = zip(ids, answers).filter { $0.1 == .queued }
                await JobMarking.note(
                    .requeued,
                    requeued.map { ($0.0, selection.queue.rawValue) },
                    reason: nil,
                    session
                )
                let queued = answers.count { $0 == .queued }
                let missing = answers.count { $0 == .notFound }
                let held = answers.count - queued - missing
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("dryRun", .bool(consent.dryRun)),
                            ("found", .count(ids.count)),
                            ("queued", .count(queued)),
                            ("held", .count(held)),
                            ("missing", .count(missing))
                        )
                    )
                } else if consent.dryRun {
                    session.terminal.line("would retry \(ids.count)")
                } else {
                    session.terminal.line(
                        "queued \(queued), held back by a unique key \(held), not found \(missing)"
                    )
                }
            }
        }

        /// As many as one call takes.
        static func parts(_ ids: [JobID]) -> [[JobID]] {
            stride(from: 0, to: ids.count, by: QueueLimits.jobsPerCallMax).map {
                Array(ids[$0..<min($0 + QueueLimits.jobsPerCallMax, ids.count)])
            }
        }
    }

    struct Discard: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "discard",
            abstract: "Drop dead jobs for good."
        )

        @OptionGroup var selection: Selection
        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let jobs = try await selection.dead(in: queues)
                var dropped = 0
                if !consent.dryRun, !jobs.isEmpty {
                    try session.terminal.confirm(
                        "discard \(jobs.count) of \(selection.queue.rawValue) for good?",
                        isAgreed: consent.yes
                    )
                    dropped = try await drop(jobs.map(\.job), queues, session)
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("dryRun", .bool(consent.dryRun)),
                            ("found", .count(jobs.count)),
                            ("discarded", .count(dropped))
                        )
                    )
                } else {
                    session.terminal.line(
                        consent.dryRun ? "would discard \(jobs.count)" : "discarded \(dropped)"
                    )
                }
            }
        }

        private func drop(
            _ jobs: [Job],
            _ queues: OpenQueues,
            _ session: Session
        ) async throws -> Int {
            try await session.withStore { store in
                try await DeadJobs(queue: queues[selection.queue], store: store)
                    .discard(jobs, by: session.person, at: session.ambient.now())
            }
        }
    }
}

extension DeadGroup {
    var json: JSONValue {
        .fields(
            ("queue", .text(queue)),
            ("reason", .text(reason)),
            ("count", .count(count)),
            ("first", .text(TimeText.iso(milliseconds: firstMilliseconds))),
            ("last", .text(TimeText.iso(milliseconds: lastMilliseconds))),
            ("example", .text(example))
        )
    }

    static func table(_ groups: [DeadGroup]) -> Table {
        var table = Table(
            .init("QUEUE"),
            .init("COUNT", .right),
            .init("LAST"),
            .init("REASON"),
            .init("EXAMPLE")
        )
        for group in groups {
            table.add(
                group.queue,
                "\(group.count)",
                TimeText.iso(milliseconds: group.lastMilliseconds),
                JobText.clipped(group.reason, 100),
                group.example
            )
        }
        return table
    }
}
