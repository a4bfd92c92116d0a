import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

/// States that `ringback jobs list` knows: those of the queues and those of the index.
enum ListedJobState: String, CaseIterable, ExpressibleByArgument {
    case ready, suspect, running, later, parked, dead, cancelled, done

    /// The queue's word for it; nil when no queue holds such jobs.
    var held: JobState? {
        switch self {
        case .ready: .ready
        case .suspect: .suspect
        case .running: .running
        case .later, .parked: .later
        case .dead: .dead
        case .cancelled, .done: nil
        }
    }

    /// The index's word for it; nil when the index does not know such jobs.
    var indexed: IndexedJobState? {
        switch self {
        case .ready: .ready
        case .suspect: nil
        case .running: .running
        case .later, .parked: .parked
        case .dead: .dead
        case .cancelled: .cancelled
        case .done: .done
        }
    }
}

/// What the index is asked for.
struct JobListOptions: ParsableArguments {
    @Option(help: "Jobs about this: a conversation's id, call_12, or inbox_7.")
    var entity: String?

    @Option(help: "Jobs that failed like this: a class such as timeout, or words of the reason.")
    var error: String?

    @Option(help: "Jobs of this kind.")
    var kind: JobKind?

    @Option(help: "Jobs of which something was heard since: a day, RFC 3339, or 36h ago.")
    var since: String?

    @Option(help: "Go on after the job with this cursor, of --json.")
    var after: String?

    /// Whether only the index can answer.
    var needIndex: Bool {
        entity != nil || error != nil || kind != nil || since != nil || after != nil
    }

    /// The query that these options mean.
    ///
    /// - Throws: `StartFailure` for a value that is none.
    func query(
        queue: JobKind?,
        state: ListedJobState?,
        _ session: Session,
        _ store: CallStore
    ) async throws -> JobQuery {
        var query = JobQuery()
        if let queue, let kind, queue != kind {
            throw StartFailure(.wrongUse, "each kind has its own queue: name one of both")
        }
        query.kind = (kind ?? queue)?.rawValue
        if let entity { query.entities = try await store.entities(ofConversation: entity) }
        if let state {
            guard let indexed = state.indexed else {
                throw StartFailure(
                    .wrongUse,
                    "the index knows no suspects; leave the filters out to ask the queues"
                )
            }
            query.states = [indexed]
        }
        if let error {
            if let word = JobErrorClass(rawValue: error) {
                query.errorClass = word.rawValue
            } else {
                query.reasonText = error
            }
        }
        query.sinceMilliseconds = try TimeOption.instant(since, "--since", session).map {
            $0 * 1000
        }
        return query
    }

    func cursor() throws -> JobIndexCursor? {
        guard let after else { return nil }
        let parts = after.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0]) else {
            throw StartFailure(.wrongUse, "--after takes a cursor as --json prints it")
        }
        return JobIndexCursor(
            changedMilliseconds: time,
            id: try JobReference.id(String(parts[1]))
        )
    }
}

extension IndexedJob {
    /// One job of a listing in the JSON.
    var json: JSONValue {
        .fields(
            ("id", .text(id.text)),
            ("kind", .text(kind)),
            ("state", .text(state.rawValue)),
            ("lane", .optional(lane?.rawValue)),
            ("entity", .optional(entity)),
            ("error", .optional(errorClass)),
            ("reason", .optional(reason)),
            ("attempt", .count(attempt)),
            ("failures", .count(failures)),
            ("worker", .optional(worker)),
            ("fence", fence.map(JSONValue.integer) ?? .null),
            ("enqueued", .optional(enqueuedMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("changed", .text(TimeText.iso(milliseconds: changedMilliseconds))),
            ("due", .optional(dueMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("cursor", .text("\(changedMilliseconds) \(id)"))
        )
    }

    /// A table of jobs of the index.
    static func table(_ jobs: [IndexedJob]) -> Table {
        var table = Table(
            .init("ID"),
            .init("STATE"),
            .init("ENTITY"),
            .init("TRY", .right),
            .init("FAILED", .right),
            .init("CHANGED"),
            .init("ERROR"),
            .init("REASON")
        )
        for job in jobs {
            table.add(
                job.id.text,
                job.state.rawValue,
                job.entity ?? "",
                "\(job.attempt)",
                "\(job.failures)",
                TimeText.iso(milliseconds: job.changedMilliseconds),
                job.errorClass ?? "",
                JobText.clipped(job.reason ?? "", 80)
            )
        }
        return table
    }
}
