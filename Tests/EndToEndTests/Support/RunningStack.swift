import Ambient
import Foundation
import TestSupport

/// `ringback up` in a folder of its own, as somebody would run it.
final class RunningStack: Sendable {
    let folder: ScratchFolder
    let fleet: Fleet
    let process: ChildProcess

    /// Address of its simulator.
    let simulator: String

    /// Host and port of its server.
    let address: String

    private init(
        folder: ScratchFolder,
        fleet: Fleet,
        process: ChildProcess,
        simulator: String,
        address: String
    ) {
        self.folder = folder
        self.fleet = fleet
        self.process = process
        self.simulator = simulator
        self.address = address
    }

    var data: String { "\(folder.path)/data" }

    /// Starts the stack and waits for the line that says that it is up.
    static func start(
        in folder: ScratchFolder,
        calls: Int = 600,
        options: [String] = [],
        environment: [String: String?] = [:]
    ) async throws -> RunningStack {
        let address = "127.0.0.1:\(try FreePort.next())"
        let own: [String: String?] = [
            "RINGBACK_HTTP": address,
            "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
            "RINGBACK_RULES": "\(Executables.checkout)/rules",
            "RINGBACK_WEB": "\(Executables.checkout)/web",
        ]
        let fleet = Fleet(folder: folder, environment: own.merging(environment) { $1 })
        let process = try await fleet.start(
            "up",
            "ringback",
            ["up", "--calls", "\(calls)"] + options
        )
        let line = try await process.line(containing: "up: server http://")
        let words = line.components(separatedBy: "a simulator on ")
        guard words.count == 2 else { throw ChaosError.command(line) }
        return RunningStack(
            folder: folder,
            fleet: fleet,
            process: process,
            simulator: String(words[1].prefix { $0 != "," }),
            address: address
        )
    }

    private struct Simulation: Decodable {
        let webhookSecret: String
        let apiKey: String
    }

    /// What `up` made its simulator from.
    private func simulation() throws -> Simulation {
        struct State: Decodable {
            let simulation: Simulation
        }

        let file = try Data(contentsOf: URL(fileURLWithPath: "\(data)/up.json"))
        return try JSONDecoder().decode(State.self, from: file).simulation
    }

    /// The key that the simulator asks for.
    func apiKey() throws -> String { try simulation().apiKey }

    /// Sends a webhook with the secret that `up` made; returns the status of the answer.
    func sendWebhook(_ body: String) async throws -> Int {
        try await SignedWebhook.send(
            body,
            to: address,
            secret: try simulation().webhookSecret
        )
    }

    func status() async throws -> StatusReport {
        let result = try await fleet.ringback("status", "--json")
        guard result.ending == .exited(0) else { throw ChaosError.command(result.output) }
        return try StatusReport(result.output)
    }

    /// Processes that work in the stack's folder, by id and name, but for `up` itself.
    func children() throws -> [Int32: String] {
        var found: [Int32: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let id = Int32(name), id != process.processID else { continue }
            let folder = Self.link("/proc/\(id)/cwd")
            guard let folder, folder.hasPrefix(self.folder.path) else { continue }
            let program = Self.link("/proc/\(id)/exe") ?? ""
            found[id] = URL(fileURLWithPath: program).lastPathComponent
        }
        return found
    }

    /// The process id of a child by its program, waiting a moment while it is being restarted.
    func child(_ program: String) async throws -> Int32? {
        var id: Int32?
        _ = try await eventually(within: .seconds(15), every: .milliseconds(100)) {
            id = try children().first { $0.value.contains(program) }?.key
            return id != nil
        }
        return id
    }

    private static func link(_ path: String) -> String? {
        do {
            return try FileManager.default.destinationOfSymbolicLink(atPath: path)
        } catch {
            return nil  // It ended meanwhile, or is somebody else's.
        }
    }
}
