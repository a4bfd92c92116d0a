import ArgumentParser
import Foundation
import Hosting
import JobQueue
import Reports

/// `ringback bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "How fast this machine and this Redis are, and whether they keep everything.",
        subcommands: [Measure.self, SoakCommand.self, SoakWorkerCommand.self]
    )

    struct Measure: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "measure",
            abstract: "Speed as ratios against limits measured in the same run.",
            discussion: """
                Runs ringback-bench, which starts a Redis and a store of its own. What follows \
                `--` is given to it:
                  ringback bench measure -- --only queue-drain --json
                """
        )

        @Argument(parsing: .postTerminator, help: "Options of ringback-bench.")
        var options: [String] = []

        func run(in session: Session) async throws {
            let path = try Programs().path(of: "ringback-bench")
            let arguments = ([path, "measure"] + options).map { strdup($0) } + [nil]
            execv(path, arguments)
            let reason = String(cString: strerror(errno))
            throw StartFailure(.failed, "\(path) cannot be started (\(reason))")
        }
    }
}

/// `ringback bench soak`.
struct SoakCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Work for a while on your own Redis, and count what is lost or doubled.",
        discussion: """
            Jobs of a queue of its own go through the Redis that the settings name, and their \
            results into a store of its own in the system's temporary folder. Other queues are not \
            touched, but share the server: expect them to wait longer meanwhile. Its keys are \
            removed at the end.
              ringback bench soak --minutes 30 --rate 500 --workers 4
            """
    )

    @Option(help: "Minutes during which jobs come in.")
    var minutes = 5.0

    @Option(help: "Jobs in a second.")
    var rate = 200

    @Option(help: "Worker processes.")
    var workers = 2

    @Option(help: "Jobs that one worker runs at once.")
    var slots = 16

    @Option(help: "Bytes of a job's arguments.")
    var payload = 150

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard minutes > 0, minutes <= 10_080 else {
            throw ValidationError("--minutes is above 0 and at most 10080, a week.")
        }
        guard (1...100_000).contains(rate) else {
            throw ValidationError("--rate is a whole number from 1 to 100000.")
        }
        guard (1...64).contains(workers) else {
            throw ValidationError("--workers is a whole number from 1 to 64.")
        }
        guard (1...1000).contains(slots) else {
            throw ValidationError("--slots is a whole number from 1 to 1000.")
        }
        guard (SoakJob.bytesMin...QueueLimits.payloadBytesMax).contains(payload) else {
            let range = "\(SoakJob.bytesMin) to \(QueueLimits.payloadBytesMax)"
            throw ValidationError("--payload is a whole number from \(range).")
        }
    }

    func run(in session: Session) async throws {
        let plan = SoakPlan(
            time: .seconds(minutes * 60),
            rate: rate,
            workers: workers,
            slots: slots,
            payloadBytes: payload
        )
        let report = try await SoakRun(plan: plan, session: session, isQuiet: output.json).report()
        if output.json {
            session.terminal.show(report.json)
        } else {
            session.terminal.write(report.text)
        }
        guard report.isSound else {
            throw StartFailure(.failed, "not every job took effect once: \(report.verdict)")
        }
    }
}
