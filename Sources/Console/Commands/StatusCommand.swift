import Ambient
import ArgumentParser
import Hosting
import Reports

/// `ringback status`.
struct StatusCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Queues, workers, schedules and calls."
    )

    @OptionGroup var output: OutputOptions

    @Flag(help: "Show it again and again until Ctrl-C.")
    var watch = false

    @Option(help: "Time between two looks with --watch, at least 1s.")
    var every = DurationArgument.seconds(2)

    @Option(help: "How long a job may wait; the workers that are needed follow from it.")
    var objective = DurationArgument.seconds(60)

    func validate() throws {
        guard objective.duration >= .seconds(1) else {
            throw ValidationError("--objective takes at least 1s.")
        }
        guard every.duration >= .seconds(1) else {
            throw ValidationError("--every takes at least 1s.")
        }
    }

    func run(in session: Session) async throws {
        try await session.withQueues { queues in
            try await session.withStore { store in
                let probe = try StatusProbe(
                    queues: queues,
                    store: store,
                    host: session.host,
                    objective: objective.duration
                )
                repeat {
                    show(try await probe.report(), session.terminal)
                    if watch { try await session.ambient.sleep(for: every.duration) }
                } while watch
            }
        }
    }

    private func show(_ report: StatusReport, _ terminal: Terminal) {
        if output.json {
            // One line each when they follow one another, so that they can be read as they come.
            terminal.line(report.json.rendered(indented: !watch))
        } else {
            // Home, and clear from there: the screen does not flicker.
            let clear = watch && terminal.isInteractive ? "\u{1B}[H\u{1B}[J" : ""
            terminal.write(clear + report.text + (watch && !terminal.isInteractive ? "\n" : ""))
        }
    }
}
