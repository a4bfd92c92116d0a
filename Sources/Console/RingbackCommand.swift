package import Ambient
package import ArgumentParser
import CallStore
import ElevenLabs
import Foundation
package import Hosting
import JobQueue
import RedisClient
import Settings
import Traces

/// A command that does something; those without it only have subcommands.
package protocol ConsoleCommand: ParsableCommand {
    func run(in session: Session) async throws
}

/// `ringback`.
package struct RingbackCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ringback",
        abstract: "Records what phone calls of a voice agent were worth.",
        version: Release.version,
        subcommands: [
            UpCommand.self, StatusCommand.self, TopCommand.self, EnqueueCommand.self,
            BackfillCommand.self, QueueCommand.self,
            JobsCommand.self, ExplainCommand.self, AuditCommand.self, DeadCommand.self,
            ScheduleCommand.self, CampaignsCommand.self, AgentsCommand.self, MonthsCommand.self,
            RecipientsCommand.self, TouchesCommand.self,
            CallsCommand.self, RulesCommand.self, LabelsCommand.self,
            ReportCommand.self, ExportCommand.self,
            LimitsCommand.self, BackupCommand.self, RestoreCommand.self, DoctorCommand.self,
            ConfigCommand.self, BenchCommand.self, CallerCommand.self, KeysCommand.self,
            TokensCommand.self, AuditLogCommand.self, EndpointsCommand.self, DeliveriesCommand.self,
            AlertsCommand.self,
        ]
    )

    package init() {}
}

/// Runs `ringback` from its arguments to its exit code.
package enum CommandLineProgram {
    /// Parses, runs and ends the process.
    ///
    /// Exit codes: 0 done, 1 failed, 2 wrong use, 3 cannot reach Redis or the store.
    package static func run(ambient: Ambient) async -> Never {
        let terminal = Terminal.standard
        let command: any ConsoleCommand
        switch reading(of: nil) {
        case .command(let read):
            command = read
        case .answer(let text):
            terminal.line(text)
            exit(Hosting.ExitCode.done.rawValue)
        case .wrongUse(let text):
            terminal.complain(text + "\n")
            exit(Hosting.ExitCode.wrongUse.rawValue)
        }
        if let up = command as? UpCommand { await up.runAlone(ambient: ambient) }
        exit(await run(command, ambient: ambient, terminal: terminal).rawValue)
    }

    /// What a command line asks for.
    package enum Reading {
        case command(any ConsoleCommand)

        /// Help or the version, which were asked for.
        case answer(String)
        case wrongUse(String)
    }

    /// Reads a command line; nil for the process's own.
    package static func reading(of arguments: [String]?) -> Reading {
        do {
            var command = try RingbackCommand.parseAsRoot(arguments)
            if let command = command as? any ConsoleCommand { return .command(command) }
            guard type(of: command).configuration.subcommands.isEmpty else {
                // A group without a subcommand, such as `ringback queue`.
                return .wrongUse(RingbackCommand.helpMessage(for: type(of: command)))
            }
            // The parser's own command for help, which throws its text.
            try command.run()
            return .answer("")
        } catch {
            let message = RingbackCommand.fullMessage(for: error)
            return RingbackCommand.exitCode(for: error).isSuccess
                ? .answer(message) : .wrongUse(message)
        }
    }

    private static func run(
        _ command: any ConsoleCommand,
        ambient: Ambient,
        terminal: Terminal
    ) async -> Hosting.ExitCode {
        do {
            let host = try Hosting.Host.command("ringback", ambient: ambient)
            // What a command brings about is one trace.
            try await TraceScope.$current.withValue(TraceScope(.root(from: ambient))) {
                try await command.run(in: Session(host: host, terminal: terminal))
            }
            return .done
        } catch {
            let failure = CommandFailure.failure(error)
            terminal.complain("ringback: \(failure.line)\n")
            return failure.code
        }
    }
}

/// Which line and which code an error of a command becomes.
package enum CommandFailure {
    package static func failure(_ error: any Error) -> StartFailure {
        switch error {
        case let failure as StartFailure: failure
        case let error as QueueError: failure(of: error)
        case let error as StoreError: Hosting.Host.failure(error, database: "of this command")
        case let error as RedisError:
            RedisAccess.failure(error, address: "the address of REDIS_URL")
        case let error as ValidationError: StartFailure(.wrongUse, error.message)
        case is CancellationError: StartFailure(.failed, "ended early")
        default: StartFailure(.failed, "\(error)")
        }
    }

    private static func failure(of error: QueueError) -> StartFailure {
        switch error {
        case .unavailable(let reason):
            StartFailure(
                .unreachable,
                "Redis does not answer (\(reason)); it may have done what was asked, and asking "
                    + "again is safe"
            )
        case .refused(let reason):
            StartFailure(.unreachable, "Redis refuses us (\(reason))")
        case .full:
            StartFailure(
                .failed,
                "Redis is full and takes no new jobs; raise its maxmemory, or let the workers "
                    + "empty the queues"
            )
        case .overloaded(let lane, let retryAfter):
            StartFailure(
                .failed,
                "the queue is over its mark and takes no jobs of lane \(lane.rawValue) now; try "
                    + "again in \(TimeText.duration(retryAfter)), in lane hi, or see "
                    + "`ringback queue marks`"
            )
        case .layoutTooNew(let found, let known):
            StartFailure(
                .failed,
                "the queue was written by a newer Ringback (layout \(found), this one knows "
                    + "\(known)); run the newer program"
            )
        case .payloadTooLarge(_, let bytes, let limit):
            StartFailure(.wrongUse, "the arguments have \(bytes) bytes; at most \(limit) are taken")
        case .protocolViolation(let reason):
            StartFailure(.failed, "Redis answered what the protocol does not know (\(reason))")
        case .cancelled:
            StartFailure(.failed, "ended before Redis answered")
        }
    }
}
