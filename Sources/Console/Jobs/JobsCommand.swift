import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

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
            abstract: "Jobs of one queue or of all, by state; or any, by what they are about.",
            discussion: """
                Without filters the queues are asked, in the order in which they would run. With \
                --entity, --error, --kind or --since, and for cancelled and done jobs, the index \
                is asked, the latest change first.
                """
        )

        @Argument(help: "The queue; all of them if left out.")
        var queue: JobKind?

        @Option(
            help: "ready, suspect, running, parked (or later), dead, cancelled or done."
        )
        var state: ListedJobState?

        @OptionGroup var filter: JobListOptions

        @Option(help: "Most jobs to show.")
        var limit = 100

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 10_000)
        }

        func run(in session: Session) async throws {
            if filter.needIndex || state.map({ $0.held == nil }) ?? false {
                try await listIndex(session)
            } else {
                try await listQueues(session)
            }
        }

        private func listQueues(_ session: Session) async throws {
            try await session.withQueues { queues in
                var found: [JobRecord] = []
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    for state in (state?.held).map({ [$0] }) ?? JobState.allCases
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

        private func listIndex(_ session: Session) async throws {
            try await session.withStore { store in
                let query = try await filter.query(queue: queue, state: state, session, store)
                var cursor = try filter.cursor()
                var found: [IndexedJob] = []
                repeat {
                    let page = try await store.indexedJobs(
                        query,
                        after: cursor,
                        limit: min(limit - found.count, 1_000)
                    )
                    found += page.jobs
                    cursor = page.next
                } while cursor != nil && found.count < limit
                if output.json {
                    session.terminal.show(.list(found.map(\.json)))
                } else {
                    session.terminal.write(IndexedJob.table(found).rendered(none: "No jobs."))
                }
            }
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One job: where it is now, and all that happened to it."
        )

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let id = try JobReference.id(id)
            let timeline = try await session.withQueues { queues in
                try await session.withStore { store in
                    try await JobReference.timeline(of: id, queues, store)
                }
            }
            guard timeline.isKnown else {
                throw StartFailure(.failed, "\(id): \(timeline.answer)")
            }
            if output.json {
                session.terminal.show(timeline.json)
                return
            }
            session.terminal.line("\(id): \(timeline.answer)")
            for line in timeline.lines { session.terminal.line("  " + line) }
            if let job = timeline.held?.record.job {
                session.terminal.line("  arguments \(JobText.arguments(of: job))")
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
            try await JobReference.act(
                on: ids,
                session,
                consent,
                output,
                verb: "cancel",
                mark: .cancelled
            ) { queue, ids in
                try await queue.cancel(ids, by: person)
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
                ids in
                try await queue.runNow(ids)
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

    /// All that store and queues know of a job.
    static func timeline(
        of id: JobID,
        _ queues: OpenQueues,
        _ store: CallStore
    ) async throws -> JobTimeline {
        // The store first: a job that ends meanwhile is then still found in its queue, or done.
        let before = try await store.history(of: id)
        let found = try await find(id, in: queues)
        let history = found == nil && before.done == nil ? try await store.history(of: id) : before
        var deep: [JobTimeline.DeepLane] = []
        var now: Int64 = 0
        for kind in JobKind.allCases {
            let figures = try await queues[kind].figures()
            now = figures.nowMilliseconds
            let hasName = JobKind.allCases.contains { id.text.hasPrefix("\($0.rawValue)-") }
            guard found == nil, history.done == nil,
                !hasName || id.text.hasPrefix("\(kind.rawValue)-")
            else { continue }
            for lane in Lane.allCases
            where (figures.ready[lane] ?? 0) > QueueLimits.jobsPerCallMax {
                deep.append(JobTimeline.DeepLane(queue: kind.rawValue, lane: lane))
            }
        }
        return JobTimeline(
            id: id,
            history: history,
            held: found.map { ($0.0.rawValue, $0.1) },
            deepLanes: deep,
            nowMilliseconds: now
        )
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

    /// As `entries(_:)`, of jobs of one kind by their ids and attempts.
    static func entries(_ jobs: [(id: JobID, attempt: Int)], kind: String) throws -> [LedgerEntry] {
        let worker = try WorkerID("operator")
        return jobs.map { job in
            LedgerEntry(id: job.id, kind: kind, worker: worker, fence: 0, attempt: job.attempt)
        }
    }

    /// Finds jobs and does something to them, queue by queue.
    static func act(
        on texts: [String],
        _ session: Session,
        _ consent: ConsentOptions,
        _ output: OutputOptions,
        verb: String,
        mark: JobMark.Event? = nil,
        action: (any QueueAdministration, [JobID]) async throws -> Int
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
            var hidden: [Hidden] = []
            if mark == .cancelled, !missing.isEmpty {
                hidden = try await outOfSight(missing, queues, session)
                let found = Set(hidden.map(\.id))
                missing.removeAll(where: found.contains)
            }
            let count = wanted.count - missing.count
            let unseen = hidden.filter { !$0.isInOutbox }
            if consent.dryRun {
                report(0, of: count, missing, unseen, verb, isDry: true, session, output)
                return
            }
            if count > 0 {
                let question = "\(verb) \(count) \(count == 1 ? "job" : "jobs")?"
                try session.terminal.confirm(question, isAgreed: consent.yes)
            }
            var done = 0
            for kind in JobKind.allCases {
                let records = places[kind] ?? []
                let beyond = hidden.filter { $0.kind == kind }
                let ids = records.map(\.job.id) + beyond.map(\.id)
                guard !ids.isEmpty else { continue }
                done += try await action(queues[kind], ids)
                if mark == nil {
                    await session.audit(
                        "job.\(verb)",
                        "queue:\(kind.rawValue)",
                        after: ["jobs": .list(ids.map { .text($0.text) })]
                    )
                }
                if let mark {
                    // A running one ends by its worker, or wins with its result.
                    let waiting = records.filter { $0.state != .running && $0.state != .dead }
                    let unsent = beyond.filter(\.isInOutbox).map { (id: $0.id, attempt: 1) }
                    let ending =
                        try entries(waiting.map(\.job)) + entries(unsent, kind: kind.rawValue)
                    await JobMarking.note(
                        mark,
                        ids.map { (id: $0, queue: kind.rawValue) },
                        ending: mark == .cancelled ? ending : [],
                        reason: "\(verb) asked for",
                        session
                    )
                }
            }
            report(done, of: count, missing, unseen, verb, isDry: false, session, output)
            guard missing.isEmpty else {
                throw StartFailure(
                    .failed,
                    "not found: \(missing.map(\.text).joined(separator: ", "))"
                )
            }
        }
    }

    /// A job that may wait in a queue behind what is looked at by id.
    private struct Hidden {
        var kind: JobKind
        var id: JobID

        /// Whether the outbox would send it again.
        var isInOutbox: Bool
    }

    private static func outOfSight(
        _ ids: [JobID],
        _ queues: OpenQueues,
        _ session: Session
    ) async throws -> [Hidden] {
        try await session.withStore { store in
            var hidden: [Hidden] = []
            for id in ids {
                let timeline = try await timeline(of: id, queues, store)
                guard let kind = timeline.hiddenQueue.flatMap({ JobKind(rawValue: $0) }) else {
                    continue
                }
                let isInOutbox = timeline.history.outbox != nil
                hidden.append(Hidden(kind: kind, id: id, isInOutbox: isInOutbox))
            }
            return hidden
        }
    }

    private static func report(
        _ done: Int,
        of found: Int,
        _ missing: [JobID],
        _ unseen: [Hidden],
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
                    ("missing", .list(missing.map { .text($0.text) })),
                    ("unseen", .list(unseen.map { .text($0.id.text) }))
                )
            )
        } else if isDry {
            session.terminal.line("would \(verb) \(found)")
        } else {
            session.terminal.line("\(verb): \(done) of \(found)")
        }
        guard !output.json else { return }
        for job in unseen {
            session.terminal.line(
                "\(job.id) was not seen; if it waits in \(job.kind.rawValue) behind the first "
                    + "\(QueueLimits.jobsPerCallMax) jobs, it ends there"
            )
        }
    }
}
