import Ambient
import ArgumentParser
import Foundation
import HTTPClient
import Logging
import ServiceLifecycle
import Simulator
import UnixSignals

/// A local stand-in for the ElevenLabs API, with its own ground truth.
@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "elevenlabs-simulator",
        abstract: "Serves a simulated ElevenLabs workspace and the truth about it.",
        discussion: """
            Prints one line, `listening on http://127.0.0.1:PORT`, when it accepts requests. The \
            same seed, calls, days, agents and anchor give the same data. The truth is at \
            /_truth/conversations and /_truth/recipients (NDJSON), what was injected at \
            /_truth/faults; POST {"mode":"none|flaky|hostile","faults":["drop-webhooks=0.3"]} \
            there changes the faults. \
            ELEVENLABS_API_KEY_FILE and ELEVENLABS_WEBHOOK_SECRET_FILE may name files instead.

            Faults for --fault, each with the value that it has without one of its own:

            """ + faultList,
        version: Release.version
    )

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 means any free one.")
    var port = 0

    @Option(help: "Key that clients must send; else from ELEVENLABS_API_KEY, else \"simulator\".")
    var apiKey: String?

    @Option(help: "Decides all data.")
    var seed: UInt64 = 1

    @Option(help: "Calls before the anchor.")
    var calls = 500

    @Option(help: "How many days the calls reach back before the anchor.")
    var days = 30

    @Option(help: "Voice agents of the workspace.")
    var agents = 3

    @Option(help: "Unix seconds at which history ends and live calls begin; now by default.")
    var anchor: Int?

    @Option(help: "Seconds between two live calls; 0 means none.")
    var liveEvery = 0

    @Option(help: "How many of the newest calls before the anchor are still under way at it.")
    var unfinished = 0

    @Option(help: "A named set of faults: none, flaky or hostile.")
    var faults = "none"

    @Option(help: "One fault, such as drop-webhooks=0.3 or rate-limit=20/s; off takes it out.")
    var fault: [String] = []

    @Option(help: "Where to send webhooks.")
    var webhook: String?

    @Option(help: "Signs the webhooks; else from ELEVENLABS_WEBHOOK_SECRET.")
    var webhookSecret: String?

    @Flag(help: "Repeat failed webhooks on the upstream's schedule; off by default, as upstream.")
    var webhookRetries = false

    @Option(help: "Multiplies the delays between the retries of a webhook.")
    var webhookRetryScale = 1.0

    @Flag(help: "Send post_call_audio events, too.")
    var webhookAudio = false

    @Flag(help: "Leave the transcript out of the webhooks.")
    var webhookExcludeTranscript = false

    @Flag(help: "Stop the webhooks after 10 failures in a row without a success, as upstream.")
    var webhookAutoDisable = false

    @Option(help: "Write the recipients of the campaigns to this file.")
    var recipients: String?

    @Flag(help: "End when standard input is closed.")
    var exitWithStdin = false

    func validate() throws {
        do {
            _ = try profile()
        } catch {
            throw ValidationError(error.line)
        }
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be between 0 and 65535, not \(port)")
        }
        // Any anchor does for the check of the rest.
        if let problem = worldSettings(now: 1_794_700_000).problem {
            throw ValidationError(problem)
        }
        guard webhookRetryScale >= 0, webhookRetryScale <= 10 else {
            throw ValidationError("--webhook-retry-scale must be between 0 and 10")
        }
    }

    /// The named set with the single faults on top.
    private func profile() throws(FaultProblem) -> FaultProfile {
        guard let mode = FaultMode(rawValue: faults) else {
            throw FaultProblem(line: "--faults must be none, flaky or hostile, not \(faults)")
        }
        var settings: [FaultSetting] = []
        for text in fault { settings.append(try FaultSetting(text)) }
        return FaultProfile(mode, settings)
    }

    private static var faultList: String {
        FaultName.allCases.map { name in
            let usual: String =
                switch name.unit {
                case .flag: "on"
                case .share: "\(name.usual)"
                case .perSecond: "\(Int(name.usual))/s"
                case .count: "\(Int(name.usual))"
                case .bytes: "\(Int(name.usual) / 1_048_576)MB"
                }
            return "  \(name.rawValue)=\(usual): \(name.meaning)"
        }.joined(separator: "\n")
    }

    func run() async throws {
        do {
            try await serve(Ambient.live())
        } catch let problem as StartProblem {
            // One clear line, and not ArgumentParser's usage text.
            FileHandle.standardError.write(Data("elevenlabs-simulator: \(problem.line)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func worldSettings(now: Int) -> WorldSettings {
        WorldSettings(
            seed: seed,
            calls: calls,
            days: days,
            agents: agents,
            anchor: anchor ?? now,
            liveEvery: liveEvery,
            unfinished: unfinished
        )
    }

    private func serve(_ ambient: Ambient) async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "simulator")
        logger.logLevel = .warning
        let environment = ProcessInfo.processInfo.environment
        let now = Int(ambient.now().timeIntervalSince1970)
        let simulation = SimulatedUpstream(
            worldSettings(now: now),
            apiKey: try apiKey ?? Self.value("ELEVENLABS_API_KEY", in: environment) ?? "simulator",
            faults: try profile(),
            ambient: ambient,
            logger: logger
        )
        if let recipients {
            do {
                try RecipientsWriter.write(simulation.world.recipients, to: recipients)
            } catch {
                throw StartProblem(line: "cannot write \(recipients): \(error.reason)")
            }
        }
        let server = SimulatorServer(simulation, host: host, port: port, logger: logger) { port in
            FileHandle.standardOutput.write(Data("listening on http://\(host):\(port)\n".utf8))
        }
        var services: [any Service] = [server]
        services += try webhookServices(simulation, environment, ambient, logger)
        try await run(services, logger)
    }

    /// A variable's value, or what stands in the file that `NAME_FILE` names.
    private static func value(
        _ name: String,
        in environment: [String: String]
    ) throws -> String? {
        if let value = environment[name], !value.isEmpty { return value }
        guard let path = environment[name + "_FILE"], !path.isEmpty else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StartProblem(line: "cannot read \(path), which \(name)_FILE names")
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private func webhookServices(
        _ simulation: SimulatedUpstream,
        _ environment: [String: String],
        _ ambient: Ambient,
        _ logger: Logger
    ) throws -> [any Service] {
        guard let webhook else { return [] }
        let given = try webhookSecret ?? Self.value("ELEVENLABS_WEBHOOK_SECRET", in: environment)
        guard let secret = given, !secret.isEmpty else {
            throw StartProblem(line: "--webhook needs --webhook-secret, such as wsec_example")
        }
        var settings = WebhookSettings(url: webhook, secret: secret)
        settings.retries = webhookRetries
        settings.retryScale = webhookRetryScale
        settings.withAudio = webhookAudio
        settings.withoutTranscript = webhookExcludeTranscript
        settings.autoDisable = webhookAutoDisable
        let client = try HTTPClient(ambient: ambient)
        return [
            WebhookSender(simulation, settings, client: client, ambient: ambient, logger: logger)
        ]
    }

    private func run(_ services: [any Service], _ logger: Logger) async throws {
        var members = services.map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0)
        }
        if exitWithStdin {
            members.append(
                .init(
                    service: StdinWatch(),
                    successTerminationBehavior: .gracefullyShutdownGroup
                )
            )
        }
        var configuration = ServiceGroupConfiguration(services: members, logger: logger)
        configuration.gracefulShutdownSignals = [.sigterm, .sigint]
        configuration.maximumGracefulShutdownDuration = .seconds(3)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
            // The bound on the shutdown has passed; what was open is cut off.
            return
        } catch let problem as ServerProblem {
            throw StartProblem(line: problem.line)
        }
    }
}

/// Why the program cannot start, in one line.
private struct StartProblem: Error {
    let line: String
}
