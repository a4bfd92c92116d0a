import JobQueue
import Reports

/// How jobs are shown.
enum JobText {
    /// Bytes of the arguments that a table shows.
    private static let argumentsMax = 60

    static func json(_ record: JobRecord) -> JSONValue {
        let job = record.job
        return .fields(
            ("id", .text(job.id.text)),
            ("kind", .text(job.kind)),
            ("state", .text(record.state.rawValue)),
            ("lane", .text(job.lane.rawValue)),
            ("attempt", .count(job.attempt)),
            ("crashes", .count(job.crashes)),
            ("created", .text(TimeText.iso(milliseconds: job.createdMilliseconds))),
            ("ready", .text(TimeText.iso(milliseconds: job.readyMilliseconds))),
            ("at", .optional(record.atMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("reason", .optional(record.reason)),
            ("worker", .optional(record.batch?.id.worker.text)),
            ("unique", .optional(job.unique?.text)),
            ("limit", .optional(job.limit?.text)),
            ("arguments", .text(arguments(of: job)))
        )
    }

    /// The arguments as the producer gave them, or what keeps them from being read.
    static func arguments(of job: Job) -> String {
        do {
            return String(decoding: try job.arguments(), as: UTF8.self)
        } catch {
            return "(\(job.payload.count) compressed bytes that cannot be read)"
        }
    }

    static func table(_ records: [JobRecord]) -> Table {
        var table = Table(
            .init("ID"),
            .init("STATE"),
            .init("LANE"),
            .init("TRY", .right),
            .init("WHEN"),
            .init("ARGUMENTS"),
            .init("REASON")
        )
        for record in records {
            let job = record.job
            table.add(
                job.id.text,
                record.state.rawValue,
                job.lane.rawValue,
                "\(job.attempt)",
                TimeText.iso(milliseconds: record.atMilliseconds ?? job.readyMilliseconds),
                clipped(arguments(of: job), argumentsMax),
                clipped(record.reason ?? "", 100)
            )
        }
        return table
    }

    static func clipped(_ text: String, _ charactersMax: Int) -> String {
        text.count <= charactersMax ? text : text.prefix(charactersMax - 1) + "…"
    }

    /// Every job of a state, page by page, up to a limit; nil for no limit but the queue's own.
    static func jobs(
        of queue: any QueueAdministration,
        in state: JobState,
        limit: Int,
        where isWanted: (JobRecord) -> Bool = { _ in true }
    ) async throws -> [JobRecord] {
        var found: [JobRecord] = []
        var cursor: JobCursor?
        repeat {
            let page = try await queue.jobs(in: state, after: cursor, limit: pageSize)
            found += page.jobs.filter(isWanted)
            cursor = page.next
        } while cursor != nil && found.count < limit
        return Array(found.prefix(limit))
    }

    /// What one call of the queue may return.
    private static let pageSize = 200
}
