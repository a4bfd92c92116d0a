import ArgumentParser

/// Breaks a fleet in every way that it must survive, and counts what was lost or doubled.
@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ringback-chaos",
        abstract: "Prove the queue under faults, with real processes, a real Redis and SQLite.",
        discussion: """
            Every command starts a redis-server of its own in a temporary folder, and ends with a \
            report. The exit code is 0 only if everything that must hold did.
            """,
        subcommands: [
            StormCommand.self, KillerCommand.self, OutageCommand.self, ClockCommand.self,
            SpinCommand.self, RecoveryCommand.self, WorkerCommand.self, ProducerCommand.self,
        ],
        defaultSubcommand: StormCommand.self
    )
}
