import Ambient
import CallJobs
import Hummingbird
import JobQueue
import Reports

/// Jobs that were given up: seen by their error, put back, dropped for good.
enum DeadEndpoints {
    static var all: [Endpoint] { [list, retry, discard] }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/dead",
        summary: "Jobs that were given up, grouped by their error.",
        query: [.init(name: "queue", schema: .text, meaning: "Only those of this queue.")],
        answer: .list(
            .fields(
                ("queue", .text),
                ("group", .text),
                ("count", .count),
                ("first", .instant),
                ("last", .instant),
                ("example", .text)
            )
        )
    ) { ask in
        let name = try ask.query.text("queue")
        var queues = ask.parts.queues
        if let name { queues = [try QueueEndpoints.find(name, ask)] }
        var items: [JSONValue] = []
        for queue in queues {
            let records = try await DeadJobs(queue: queue, store: ask.parts.store).jobs()
            items += DeadGroup.groups(of: records, queue: queue.name.text).map { group in
                .fields(
                    ("queue", .text(group.queue)),
                    ("group", .text(group.reason)),
                    ("count", .count(group.count)),
                    ("first", .text(ISOTime.text(milliseconds: group.firstMilliseconds))),
                    ("last", .text(ISOTime.text(milliseconds: group.lastMilliseconds))),
                    ("example", .text(group.example))
                )
            }
        }
        return .json(.list(items))
    }

    private struct Selection: Decodable {
        var queue: String
        var ids: [String]?
        var group: String?
        var confirm: String?

        /// The dead jobs that are meant.
        func records(_ jobs: DeadJobs) async throws -> [JobRecord] {
            guard ids == nil || group == nil, ids != nil || group != nil else {
                throw APIError(.badRequest, "Name jobs by ids, or by the group of their error.")
            }
            guard let ids else { return try await jobs.jobs(of: group) }
            let wanted = Set(ids)
            return try await jobs.jobs().filter { wanted.contains($0.job.id.text) }
        }
    }

    private static let selection: [(String, Schema)] = [
        ("ids", .list(.text)), ("group", .text),
    ]

    private static let retry = Endpoint(
        method: .post,
        path: "/api/v1/dead/retry",
        summary: "Put dead jobs back, as if they had never been tried.",
        body: .sent([("queue", .text)], optional: selection),
        answer: .fields(("found", .count), ("queued", .count), ("held", .count))
    ) { ask in
        let sent = try await ask.body(Selection.self)
        let jobs = DeadJobs(queue: try QueueEndpoints.find(sent.queue, ask), store: ask.parts.store)
        let ids = try await sent.records(jobs).map(\.job.id)
        let answers = try await jobs.retry(ids, by: ask.person, at: ask.parts.ambient.now())
        let queued = answers.count { $0 == .queued }
        let missing = answers.count { $0 == .notFound }
        return .json(
            .fields(
                ("found", .count(ids.count)),
                ("queued", .count(queued)),
                ("held", .count(answers.count - queued - missing))
            )
        )
    }

    private static let discard = Endpoint(
        method: .post,
        path: "/api/v1/dead/discard",
        summary: "Drop dead jobs for good; confirm takes the queue's name.",
        body: .sent([("queue", .text), ("confirm", .text)], optional: selection),
        answer: .fields(("found", .count), ("discarded", .count))
    ) { ask in
        let sent = try await ask.body(Selection.self)
        let queue = try QueueEndpoints.find(sent.queue, ask)
        guard sent.confirm == sent.queue else {
            throw APIError(.badRequest, "confirm must be the queue's name.")
        }
        let jobs = DeadJobs(queue: queue, store: ask.parts.store)
        let found = try await sent.records(jobs).map(\.job)
        let dropped = try await jobs.discard(found, by: ask.person, at: ask.parts.ambient.now())
        return .json(.fields(("found", .count(found.count)), ("discarded", .count(dropped))))
    }
}
