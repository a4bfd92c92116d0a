import ArgumentParser
import CallStore
import Foundation
import Hosting
import Reports

/// `ringback agents`.
struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Agents, and what makes their calls qualified ones.",
        subcommands: [List.self, Limits.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The agents that calls are known of, with their limits."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let agents = try await session.withStore { try await $0.agents() }
            if output.json {
                session.terminal.show(
                    .list(
                        agents.map {
                            .fields(
                                ("agent", .text($0.id)),
                                ("name", .optional($0.name)),
                                ("turns", .count($0.limits.turnsMin)),
                                ("seconds", .count($0.limits.secondsMin)),
                                ("isSet", .bool($0.isSet))
                            )
                        }
                    )
                )
                return
            }
            var table = Table(
                .init("AGENT"),
                .init("NAME"),
                .init("TURNS", .right),
                .init("SECONDS", .right),
                .init("LIMITS")
            )
            for agent in agents {
                table.add(
                    agent.id,
                    agent.name ?? "–",
                    "\(agent.limits.turnsMin)",
                    "\(agent.limits.secondsMin)",
                    agent.isSet ? "its own" : "standard"
                )
            }
            session.terminal.write(table.rendered(none: "No agent is known yet."))
        }
    }

    struct Limits: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "limits",
            abstract: "Say what makes a call of an agent a qualified one, for all its calls.",
            discussion: """
                A call is qualified when the caller has said words in so many turns and it lasted so \
                many seconds, and always when it is a conversion. Shows first how many calls would \
                be.
                """
        )

        @Argument(help: "The agent's id.")
        var agent: String

        @Option(help: "Turns of the caller, 1 to 1000; 2 by default.")
        var turns: Int?

        @Option(help: "Seconds, 0 to 86400; 30 by default.")
        var seconds: Int?

        @Flag(help: "Take the agent's own limits back.")
        var standard = false

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (turns != nil || seconds != nil) != standard else {
                throw ValidationError("Say --turns, --seconds or both, or --standard.")
            }
            guard turns.map(AgentLimits.turnsRange.contains) ?? true else {
                throw ValidationError("--turns takes 1 to 1000.")
            }
            guard seconds.map(AgentLimits.secondsRange.contains) ?? true else {
                throw ValidationError("--seconds takes 0 to 86400.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                guard let entry = try await store.agents().first(where: { $0.id == agent }) else {
                    throw StartFailure(
                        .failed,
                        "no call of an agent \"\(agent)\" is known; see `ringback agents list`"
                    )
                }
                var limits = entry.limits
                if standard { limits = .standard }
                if let turns { limits.turnsMin = turns }
                if let seconds { limits.secondsMin = seconds }
                let trial = try await store.trial(of: limits, for: agent)
                if !output.json { tell(trial, limits, session.terminal) }
                if !consent.dryRun {
                    try session.terminal.confirm(
                        "Count the calls of \(entry.name ?? agent) so?",
                        isAgreed: consent.yes
                    )
                    let (person, chosen) = (session.person, standard ? nil : limits)
                    try await store.write { [agent] in
                        try $0.setLimits(chosen, of: agent, by: person)
                    }
                    let progress = ProgressLine(session.terminal, total: nil, things: "calls")
                    var done = 0
                    while try await store.continueRebuild() != nil {
                        done += CallStore.rebuildBatch
                        progress.show(done, step: CallStore.rebuildBatch)
                    }
                    progress.end(done)
                }
                guard output.json else { return }
                session.terminal.show(
                    .fields(
                        ("dryRun", .bool(consent.dryRun)),
                        ("agent", .text(agent)),
                        ("turns", .count(limits.turnsMin)),
                        ("seconds", .count(limits.secondsMin)),
                        ("calls", .count(trial.calls)),
                        ("qualifiedBefore", .count(trial.qualifiedBefore)),
                        ("qualifiedAfter", .count(trial.qualifiedAfter))
                    )
                )
            }
        }

        private func tell(_ trial: AgentLimitsTrial, _ limits: AgentLimits, _ terminal: Terminal) {
            terminal.line(
                "\(agent): \(limits.turnsMin) turns and \(limits.secondsMin) seconds; of "
                    + "\(trial.calls) calls \(trial.qualifiedAfter) are qualified so, "
                    + "\(trial.qualifiedBefore) were"
            )
        }
    }
}
