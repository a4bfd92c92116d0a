import Ambient
import CallJobs
import Foundation
import Hosting
import Settings

/// Which children run, with which arguments and variables.
struct StackPlan: Sendable {
    let state: UpState
    let redis: PrivateRedisServer?
    let environment: [String: String]
    let simulatorChild: Child?
    let server: Child
    let scheduler: Child
    let workers: [Child]

    /// How long children may take to end: what Hosting gives them, and a little.
    private static let workerStopMax = Duration.seconds(35)
    private static let stopMax = Duration.seconds(15)

    /// The port of the server may still be held by the server of an `up` that was just killed.
    private static let portPatience = Duration.seconds(6)

    init(_ stack: Stack, folder: UpFolder) async throws {
        let settings = stack.settings
        try await Self.checkServerPort(stack)
        var state = try folder.state() ?? UpState()
        state.simulation = try Self.simulation(stack, folder, kept: state.simulation)
        try folder.keep(state)
        self.state = state

        var environment = ProcessInfo.processInfo.environment
        if case .privateSocket(let files) = settings.redis {
            let redis = try PrivateRedisServer(files: files, dataFolder: folder.redis)
            Self.set(.redisURL, redis.url, in: &environment)
            self.redis = redis
        } else {
            redis = nil
        }
        if let simulation = state.simulation {
            Self.set(.apiKey, simulation.apiKey, in: &environment)
            Self.set(.baseURL, "http://127.0.0.1:\(simulation.port)", in: &environment)
            Self.set(.webhookSecret, simulation.webhookSecret, in: &environment)
        }
        environment[SupervisorWatch.variable] = "3"
        self.environment = environment

        let programs = try Programs()
        simulatorChild = try state.simulation.map { simulation throws(StartFailure) in
            try Self.simulator(simulation, stack, folder, programs, environment)
        }
        let workerNames = JobKind.allCases.map { "worker-\($0.rawValue)" }
        let names = ["server", "scheduler"] + workerNames
        let environments = Self.environments(of: names, environment, settings)
        server = Child(
            name: "server",
            executable: try programs.path(of: "server"),
            environment: environments[0],
            stopMax: Self.stopMax
        )
        scheduler = Child(
            name: "scheduler",
            executable: try programs.path(of: "scheduler"),
            environment: environments[1],
            stopMax: Self.stopMax
        )
        var workers: [Child] = []
        for (name, environment) in zip(workerNames, environments.dropFirst(2)) {
            workers.append(
                Child(
                    name: name,
                    executable: try programs.path(of: name),
                    environment: environment,
                    stopMax: Self.workerStopMax
                )
            )
        }
        self.workers = workers
    }

    /// Gives a variable a value, whatever way it had one before.
    private static func set(
        _ name: SettingName,
        _ value: String,
        in environment: inout [String: String]
    ) {
        environment[name.rawValue] = value
        environment[name.rawValue + "_FILE"] = nil
    }

    /// One environment each; an address for metrics is counted on, since each needs its own port.
    private static func environments(
        of names: [String],
        _ environment: [String: String],
        _ settings: Settings
    ) -> [[String: String]] {
        names.indices.map { index in
            guard let address = settings.worker.metrics, address.port > 0 else {
                return environment
            }
            var own = environment
            let shifted = ListenAddress(host: address.host, port: address.port + index)
            set(.metrics, shifted.description, in: &own)
            return own
        }
    }

    private static func checkServerPort(_ stack: Stack) async throws {
        let address = stack.settings.server.address
        guard address.port != 0 else {
            throw StartFailure(
                .wrongUse,
                "RINGBACK_HTTP=\(address) leaves the port open; name one, for example "
                    + "RINGBACK_HTTP=\(SettingName.http.facts.example)"
            )
        }
        let ambient = stack.host.ambient
        let deadline = ambient.elapsed() + portPatience
        while !LocalPort.isFree(address.port) {
            guard ambient.elapsed() < deadline, !stack.host.shutdown.isRequested else {
                throw StartFailure(
                    .failed,
                    "RINGBACK_HTTP=\(address) is taken by another program; end that one, or set "
                        + "RINGBACK_HTTP to a free port, for example 127.0.0.1:9001"
                )
            }
            await stack.host.pause(.milliseconds(200))
        }
    }

    /// The simulation to run; nil when there is an API key.
    private static func simulation(
        _ stack: Stack,
        _ folder: UpFolder,
        kept: UpState.Simulation?
    ) throws(StartFailure) -> UpState.Simulation? {
        guard stack.settings.upstream.apiKey == nil else { return nil }
        guard stack.options.allowsSimulator else {
            let problem = SettingProblem.missing(
                .apiKey,
                why: "--no-simulator leaves nothing to talk to without it"
            )
            throw StartFailure(.wrongUse, problem.description)
        }
        let port: Int
        if let kept, LocalPort.isFree(kept.port) {
            port = kept.port
        } else {
            port = try LocalPort.free()
        }
        let ambient = stack.host.ambient
        return try stack.options.simulation(
            kept: kept,
            folder: folder.path,
            now: Int64(ambient.now().timeIntervalSince1970),
            port: port,
            random: {
                (ambient.newID().uuidString + ambient.newID().uuidString)
                    .lowercased().filter { $0 != "-" }
            }
        )
    }

    private static func simulator(
        _ simulation: UpState.Simulation,
        _ stack: Stack,
        _ folder: UpFolder,
        _ programs: Programs,
        _ environment: [String: String]
    ) throws(StartFailure) -> Child {
        let server = stack.settings.server.address
        let host = server.host == "0.0.0.0" || server.host == "::" ? "127.0.0.1" : server.host
        let address = ListenAddress(host: host, port: server.port)
        var arguments = [
            "--port", "\(simulation.port)", "--seed", "\(simulation.seed)",
            "--calls", "\(simulation.calls)", "--days", "\(simulation.days)",
            "--anchor", "\(simulation.anchor)", "--unfinished", "\(simulation.unfinished)",
            "--webhook", "http://\(address)/api/webhooks/elevenlabs",
            "--recipients", folder.recipients,
        ]
        if let seconds = simulation.liveSeconds { arguments += ["--live-every", "\(seconds)"] }
        return Child(
            name: "simulator",
            executable: try programs.path(of: "elevenlabs-simulator"),
            arguments: arguments,
            environment: environment,
            stopMax: .seconds(5),
            // It keeps nothing, so it may go at once; it knows no supervisor's pipe.
            deathSignal: SIGKILL
        )
    }
}

/// The programs that stand beside this one.
struct Programs: Sendable {
    private let folder: String

    init() throws(StartFailure) {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else {
            throw StartFailure(.failed, "the folder of the programs cannot be found in /proc")
        }
        let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    func path(of name: String) throws(StartFailure) -> String {
        let path = folder + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw StartFailure(
                .failed,
                "the program \(path) is missing; `make build` makes all of them"
            )
        }
        return path
    }

    /// A program of the system, by the folders of PATH.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/bin", "/usr/local/bin"]
        return folders.map { $0 + "/" + name }.first(
            where: FileManager.default.isExecutableFile(atPath:)
        )
    }
}
