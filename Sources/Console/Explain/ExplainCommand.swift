import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

/// `ringback explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say in words why work is or is not moving.",
        subcommands: [OfQueue.self, OfJob.self]
    )

    struct OfQueue: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "queue",
            abstract: "Why a queue's jobs run or do not; all queues if none is named."
        )

        @Argument(help: "The queue; all of them if left out.")
        var name: JobKind?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                try await session.withStore { store in
                    let gathering = QueueGathering(queues: queues, store: store, session: session)
                    let recent = try await store.recentRuns()
                    var answers: [(QueueSnapshot, [Explanation])] = []
                    for kind in name.map({ [$0] }) ?? JobKind.allCases {
                        let snapshot = try await gathering.snapshot(kind, recent: recent)
                        answers.append((snapshot, QueueRules.explanations(snapshot)))
                    }
                    show(answers, session.terminal)
                }
            }
        }

        private func show(_ answers: [(QueueSnapshot, [Explanation])], _ terminal: Terminal) {
            if output.json {
                let list = answers.map { snapshot, explanations in
                    JSONValue.fields(
                        ("queue", .text(snapshot.name)),
                        ("explanations", .list(explanations.map(\.json)))
                    )
                }
                terminal.show(list.count == 1 ? list[0] : .list(list))
                return
            }
            for (snapshot, explanations) in answers {
                let now = snapshot.figures.nowMilliseconds
                for explanation in explanations {
                    terminal.line(
                        "\(snapshot.name): \(explanation.rendered(nowMilliseconds: now))"
                    )
                }
            }
        }
    }

    struct OfJob: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "job",
            abstract: "Why a job runs or does not."
        )

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let id = try JobReference.id(id)
            let snapshot = try await session.withQueues { queues in
                try await session.withStore { store in
                    try await QueueGathering(queues: queues, store: store, session: session).job(id)
                }
            }
            let explanations = JobRules.explanations(snapshot)
            if output.json {
                session.terminal.show(
                    .fields(
                        ("id", .text(id.text)),
                        ("state", .text(snapshot.timeline.state)),
                        ("explanations", .list(explanations.map(\.json)))
                    )
                )
            } else {
                let now = snapshot.timeline.nowMilliseconds
                for explanation in explanations {
                    session.terminal.line(explanation.rendered(nowMilliseconds: now))
                }
            }
            guard snapshot.timeline.isKnown else {
                throw StartFailure(.failed, "\(id) is not known")
            }
        }
    }
}
