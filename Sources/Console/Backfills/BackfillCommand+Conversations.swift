import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports

extension BackfillCommand {
    /// `ringback backfill conversations`.
    struct Conversations: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "conversations",
            abstract: "Read single conversations anew, whenever they took place.",
            discussion: """
                Each is a job of the low lane, so that live work goes first; one that waits \
                already is not put in twice.
                """
        )

        @Argument(help: "The conversations' ids.")
        var ids: [String]

        @OptionGroup var output: OutputOptions

        /// Jobs that go to Redis at once.
        private static let batch = 100

        /// More than this is a range.
        private static let idsMax = 10_000

        func validate() throws {
            guard (1...Self.idsMax).contains(ids.count) else {
                throw ValidationError("Name 1 to \(Self.idsMax) conversations.")
            }
            for id in ids {
                do {
                    _ = try Self.key(id)
                } catch {
                    throw ValidationError("\"\(id)\" is no conversation's id.")
                }
            }
        }

        func run(in session: Session) async throws {
            var queued: [String] = []
            var waiting: [String] = []
            var seen: Set<String> = []
            let ids = ids.filter { seen.insert($0).inserted }
            try await session.withQueues { queues in
                for start in stride(from: 0, to: ids.count, by: Self.batch) {
                    let part = ids[start..<min(ids.count, start + Self.batch)]
                    let jobs = try part.map { try Self.job($0, session.ambient) }
                    let call = try EnqueueCallID(session.ambient.newID().uuidString.lowercased())
                    let reply = try await queues[.sync].enqueue(jobs, call: call)
                    for (id, answer) in zip(part, reply) {
                        if case .held = answer { waiting.append(id) } else { queued.append(id) }
                    }
                }
            }
            tell(queued, waiting, session)
        }

        private static func job(_ id: String, _ ambient: Ambient) throws -> NewJob {
            NewJob(
                SyncArguments.conversation(CallIdentity(conversationID: id)),
                lane: .low,
                unique: try key(id),
                ambient: ambient
            )
        }

        private static func key(_ id: String) throws(IdentifierError) -> UniqueKey {
            try UniqueKey("conversation:\(id)")
        }

        private func tell(_ queued: [String], _ waiting: [String], _ session: Session) {
            if output.json {
                session.terminal.show(
                    .fields(
                        ("queued", .list(queued.map { .text($0) })),
                        ("waiting", .list(waiting.map { .text($0) }))
                    )
                )
                return
            }
            let already = waiting.isEmpty ? "" : "; \(waiting.count) waited already"
            session.terminal.line("\(queued.count) put into sync, lane low\(already)")
        }
    }
}
