package import Ambient
import CallStore
import Foundation
package import Logging
package import Settings

/// What every process of Ringback has: settings, time and chance, log, metrics, a wish to end.
package struct Host: Sendable {
    /// The program's name, such as `worker-sync`; also the label of its log.
    package let program: String
    package let ambient: Ambient
    package let settings: Settings
    package let telemetry: ProcessTelemetry
    package let shutdown: Shutdown

    package var logger: Logger { telemetry.logger }

    /// Reads the settings of the environment and the working folder.
    ///
    /// - Throws: `StartFailure` with one line for each problem.
    package static func settings() throws(StartFailure) -> Settings {
        do {
            return try Settings.load(
                environment: ProcessInfo.processInfo.environment,
                folder: FileManager.default.currentDirectoryPath
            )
        } catch {
            throw StartFailure(.wrongUse, error.description)
        }
    }
}

/// Runs a program from its start to its exit code.
package enum Program {
    /// How long a program may take from the first signal to its end.
    ///
    /// Less than compose's `stop_grace_period`, so that we end it, with a line, and not the kernel.
    package static let stopMaxSeconds: Double = 40

    /// Sets a process up, runs its body and ends the process.
    ///
    /// With `--version` it tells its version and ends, before anything is read.
    ///
    /// Reads the settings, sets up log and metrics, listens for signals and for the end of a
    /// supervisor, and serves health and metrics when an address is set. The first SIGTERM or
    /// SIGINT asks `host.shutdown` for the end, which the body obeys; the second one ends the
    /// process at once. A `StartFailure` that the body throws becomes one line and its exit code.
    ///
    /// - Parameters:
    ///   - name: The program's name.
    ///   - ambient: The live one, built by `main`.
    ///   - level: The least level that is logged; nil for that of the settings.
    ///   - body: The program itself; the process ends when it returns.
    package static func run(
        _ name: String,
        ambient: Ambient,
        level: Logger.Level? = nil,
        body: @Sendable (Host) async throws -> Void
    ) async -> Never {
        if CommandLine.arguments.dropFirst().contains("--version") {
            print("\(name) \(Release.version)")
            exit(ExitCode.done.rawValue)
        }
        let code: ExitCode
        do {
            let settings = try Host.settings()
            let telemetry = ProcessTelemetry.bootstrap(
                program: name,
                settings: settings,
                ambient: ambient,
                level: level
            )
            let shutdown = Shutdown()
            let host = Host(
                program: name,
                ambient: ambient,
                settings: settings,
                telemetry: telemetry,
                shutdown: shutdown
            )
            code = try await run(host, body)
        } catch {
            // The log may not be set up yet, and this is for a person.
            LogLine.toStandardError("\(name): \(error)")
            code = error.code
        }
        exit(code.rawValue)
    }

    private static func run(
        _ host: Host,
        _ body: (Host) async throws -> Void
    ) async throws(StartFailure) -> ExitCode {
        let signals = ProcessSignals(
            shutdown: host.shutdown,
            elapsed: host.ambient.elapsed
        ) { _ in
            LogLine.toStandardError("\(host.program): ended at once by a second signal")
        }
        defer { withExtendedLifetime(signals) {} }
        try SupervisorWatch.start(
            environment: ProcessInfo.processInfo.environment,
            shutdown: host.shutdown
        )
        StopDeadline.start(after: host.shutdown, program: host.program)
        for name in host.settings.unknownNames {
            host.logger.warning(
                "A variable looks like a setting and is none; is its name right?",
                metadata: ["variable": "\(name)"]
            )
        }
        do {
            try await body(host)
            return .done
        } catch let failure as StartFailure {
            throw failure
        } catch is CancellationError where host.shutdown.isRequested {
            return .done
        } catch let error as StoreError {
            throw Host.failure(error, database: host.settings.database)
        } catch {
            host.logger.critical(
                "The program ended by an error",
                metadata: ["error": "\(error)"]
            )
            return .failed
        }
    }
}

/// Ends a process that did not end in time after it was asked to.
private enum StopDeadline {
    /// Waits on a thread of its own: the cooperative pool may be what keeps the process from ending.
    static func start(after shutdown: Shutdown, program: String) {
        shutdown.onRequest {
            let thread = Thread {
                Thread.sleep(forTimeInterval: Program.stopMaxSeconds)
                LogLine.toStandardError(
                    "\(program): did not end within \(Int(Program.stopMaxSeconds)) s; ended now"
                )
                _exit(ExitCode.stuck.rawValue)
            }
            thread.stackSize = 256 * 1024
            thread.start()
        }
    }
}

/// One line to a person, outside of the log.
package enum LogLine {
    package static func toStandardError(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension Host {
    /// The host of an operator's command: it logs errors only, and listens for no signals.
    ///
    /// - Throws: `StartFailure` with one line for each problem of the settings.
    package static func command(
        _ program: String,
        ambient: Ambient
    ) throws(StartFailure) -> Host {
        let settings = try settings()
        return Host(
            program: program,
            ambient: ambient,
            settings: settings,
            telemetry: ProcessTelemetry.bootstrap(
                program: program,
                settings: settings,
                ambient: ambient,
                level: .error
            ),
            shutdown: Shutdown()
        )
    }
}
