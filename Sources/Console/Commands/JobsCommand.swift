import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue

/// `ringback jobs`.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "Look at jobs, cancel them, or run parked ones now.",
        subcommands: [List.self, Show.self, Cancel.self, RunNow.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Jobs of one queue or of all, by state."
        )

        @Argument(help: "The queue; all of them if left out.")
        var queue: JobKind?

        @Option(help: "ready, suspect, running, later or dead; all of them if left out.")
        var state: JobState?

        @Option(help: "Most jobs to show.")
        var limit = 100

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...10_000).contains(limit) else {
                throw ValidationError("--limit takes 1 to 10000.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                var found: [JobRecord] = []
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    for state in state.map({ [$0] }) ?? JobState.allCases
                    where found.count < limit {
                        found += try await JobText.jobs(
                            of: queues[kind],
                            in: state,
                            limit: limit - found.count
                        )
                    }
                }
                if output.json {
                    session.terminal.show(.list(found.map(JobText.json)))
                } else {
                    session.terminal.write(JobText.table(found).rendered(none: "No jobs."))
                }
            }
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One job, wherever it is."
        )

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let id = try JobReference.id(id)
            try await session.withQueues { queues in
                guard let (_, record) = try await JobReference.find(id, in: queues) else {
                    throw StartFailure(
                        .failed,
                        "no queue holds \(id); a job that is done has left, and the ledger knows it"
                    )
                }
                if output.json {
                    session.terminal.show(JobText.json(record))
                } else {
                    session.terminal.line(JobText.json(record).rendered())
                }
            }
        }
    }

    struct Cancel: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract:
                "End jobs: a waiting one when it is fetched, a running one with the next beat."
        )

        @Argument(help: "The jobs' ids.")
        var ids: [String]

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let person = session.person
            try await session.withStore { store in
                try await JobReference.act(on: ids, session, consent, output, verb: "cancel") {
                    queue,
                    records in
                    let count = try await queue.cancel(records.map(\.job.id), by: person)
                    // A running one ends by its worker, or wins with its result.
                    let waiting = records.filter { $0.state != .running && $0.state != .dead }
                    try await store.end(try JobReference.entries(waiting.map(\.job)))
                    return count
                }
            }
        }
    }

    struct RunNow: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "run-now",
            abstract: "Make jobs that wait for a time due now."
        )

        @Argument(help: "The jobs' ids.")
        var ids: [String]

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            var consent = ConsentOptions()
            consent.yes = true
            try await JobReference.act(on: ids, session, consent, output, verb: "run") {
                queue,
                records in
                try await queue.runNow(records.map(\.job.id))
            }
        }
    }
}

/// Jobs by their ids, in whichever queue they are.
enum JobReference {
    static func id(_ text: String) throws(StartFailure) -> JobID {
        do {
            return try JobID(text)
        } catch {
            throw StartFailure(.wrongUse, "\"\(text)\" is no job's id")
        }
    }

    static func find(
        _ id: JobID,
        in queues: OpenQueues
    ) async throws -> (JobKind, JobRecord)? {
        for kind in JobKind.allCases {
            if let record = try await queues[kind].job(id) { return (kind, record) }
        }
        return nil
    }

    /// What the ledger is told of jobs that an operator ends without a result.
    static func entries(_ jobs: [Job]) throws -> [LedgerEntry] {
        let worker = try WorkerID("operator")
        return jobs.map { job in
            LedgerEntry(id: job.id, kind: job.kind, worker: worker, fence: 0, attempt: job.attempt)
        }
    }

    /// Finds jobs and does something to them, queue by queue.
    static func act(
        on texts: [String],
        _ session: Session,
        _ consent: ConsentOptions,
        _ output: OutputOptions,
        verb: String,
        action: (any QueueAdministration, [JobRecord]) async throws -> Int
    ) async throws {
        var wanted: [JobID] = []
        for text in texts { wanted.append(try id(text)) }
        try await session.withQueues { queues in
            var places: [JobKind: [JobRecord]] = [:]
            var missing: [JobID] = []
            for id in wanted {
                if let (kind, record) = try await find(id, in: queues) {
                    places[kind, default: []].append(record)
                } else {
                    missing.append(id)
                }
            }
            let count = wanted.count - missing.count
            if consent.dryRun {
                report(0, of: count, missing, verb, isDry: true, session, output)
                return
            }
            if count > 0 {
                let question = "\(verb) \(count) \(count == 1 ? "job" : "jobs")?"
                try session.terminal.confirm(question, isAgreed: consent.yes)
            }
            var done = 0
            for kind in JobKind.allCases {
                guard let records = places[kind] else { continue }
                done += try await action(queues[kind], records)
            }
            report(done, of: count, missing, verb, isDry: false, session, output)
            guard missing.isEmpty else {
                throw StartFailure(
                    .failed,
                    "not found: \(missing.map(\.text).joined(separator: ", "))"
                )
            }
        }
    }

    private static func report(
        _ done: Int,
        of found: Int,
        _ missing: [JobID],
        _ verb: String,
        isDry: Bool,
        _ session: Session,
        _ output: OutputOptions
    ) {
        if output.json {
            session.terminal.show(
                .fields(
                    ("dryRun", .bool(isDry)),
                    ("found", .count(found)),
                    ("done", .count(done)),
                    ("missing", .list(missing.map { .text($0.text) }))
                )
            )
        } else if isDry {
            session.terminal.line("would \(verb) \(found)")
        } else {
            session.terminal.line("\(verb): \(done) of \(found)")
        }
    }
}
