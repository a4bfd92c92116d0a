import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports
import Traces

/// `ringback enqueue`.
struct EnqueueCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Put a job into its queue.",
        discussion: """
            Arguments are key=value words or one JSON object:
              ringback enqueue sync window=recent
              ringback enqueue sync --from 2026-10-01 --to 2026-10-31
              ringback enqueue sync --conversation conv_0123
              ringback enqueue attribution calls=open
              ringback enqueue upkeep '{"task":"retention"}'
            """
    )

    @Argument(help: "sync, attribution, conversion, export or upkeep.")
    var kind: JobKind

    @Argument(help: "The job's arguments.")
    var arguments: [String] = []

    @Option(help: "hi, std or low.")
    var lane: Lane = .std

    @Option(help: "At most one job with this key waits or runs at a time.")
    var unique: String?

    @Option(help: "The key whose limits hold for it, such as agent:agent_0123.")
    var limit: String?

    @Option(name: .customLong("in"), help: "Not before this much time from now, such as 5m.")
    var delay: DurationArgument?

    @Option(help: "sync: calls that started at this time or later.")
    var from: String?

    @Option(help: "sync: calls that started before this time; now if left out.")
    var to: String?

    @Option(help: "sync: only calls of this agent's id.")
    var agent: String?

    @Option(help: "sync: this one conversation.")
    var conversation: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        let hasRange = from != nil || to != nil || agent != nil
        guard kind == .sync || (!hasRange && conversation == nil) else {
            throw ValidationError("--from, --to, --agent and --conversation belong to sync.")
        }
        guard !(hasRange && conversation != nil) else {
            throw ValidationError("Give either a range or one conversation.")
        }
        guard !hasRange || from != nil else {
            throw ValidationError("A range needs --from.")
        }
        guard arguments.isEmpty || (!hasRange && conversation == nil) else {
            throw ValidationError("Give the arguments either as options or as words.")
        }
    }

    func run(in session: Session) async throws {
        let job = try job(in: session)
        let call = try EnqueueCallID(session.ambient.newID().uuidString.lowercased())
        try await session.withQueues { queues in
            let reply = try await queues[kind].enqueue([job], call: call)
            switch reply.first {
            case .held(let holder):
                if output.json {
                    session.terminal.show(answer(job: nil, heldBy: holder, reply.slowDown))
                } else {
                    session.terminal.line(
                        "not queued: \(holder) holds the unique key and waits or runs"
                    )
                }
            case .queued, nil:
                await session.audit(
                    "job.enqueue",
                    "job:\(job.id)",
                    after: ["queue": .text(kind.rawValue), "lane": .text(lane.rawValue)]
                )
                if output.json {
                    session.terminal.show(answer(job: job.id, heldBy: nil, reply.slowDown))
                } else {
                    session.terminal.line("queued \(job.id)")
                }
            }
            if let wait = reply.slowDown, !output.json {
                let text = TimeText.duration(wait)
                session.terminal.complain("the queue fills up: wait \(text) before the next\n")
            }
        }
    }

    private func answer(
        job: JobID?,
        heldBy holder: JobID?,
        _ slowDown: Duration?
    ) -> JSONValue {
        .fields(
            ("queue", .text(kind.rawValue)),
            ("queued", .bool(job != nil)),
            ("id", .optional(job?.text)),
            ("heldBy", .optional(holder?.text)),
            (
                "slowDownMilliseconds",
                slowDown.map { .integer($0.queueMilliseconds) } ?? .null
            )
        )
    }

    private func job(in session: Session) throws -> NewJob {
        let payload = try payload(in: session)
        if let problem = JobArgumentCheck.problem(kind: kind.rawValue, payload: payload) {
            throw StartFailure(.wrongUse, problem)
        }
        var key: UniqueKey?
        if let unique {
            do {
                key = try UniqueKey(unique)
            } catch {
                throw StartFailure(
                    .wrongUse,
                    "--unique takes up to 200 printable characters without spaces, |, { and }"
                )
            }
        }
        var limitKey: LimitKey?
        if let limit {
            do {
                limitKey = try LimitKey(limit)
            } catch {
                throw StartFailure(
                    .wrongUse,
                    "--limit takes up to 200 printable characters without spaces, |, { and }"
                )
            }
        }
        return NewJob(
            id: JobID(kind: kind, ambient: session.ambient),
            kind: kind.rawValue,
            lane: lane,
            payload: payload,
            unique: key,
            uniqueHorizon: kind.policy.uniqueHorizon,
            delay: delay?.duration ?? .zero,
            trace: TraceContext.ofNewJob(from: session.ambient).traceparent,
            limit: limitKey
        )
    }

    /// The arguments as the options or the words give them.
    private func payload(in session: Session) throws -> [UInt8] {
        if let conversation {
            return try ArgumentText.payload(["conversation=\(conversation)"])
        }
        guard let from = try TimeOption.instant(from, "--from", session) else {
            do {
                return try ArgumentText.payload(arguments)
            } catch {
                throw StartFailure(.wrongUse, error.description)
            }
        }
        let now = Int64(session.ambient.now().timeIntervalSince1970)
        let to = try TimeOption.instant(to, "--to", session) ?? now
        var words = ["from=\(from)", "to=\(to)"]
        if let agent { words.append("agent=\(agent)") }
        return try ArgumentText.payload(words)
    }
}
