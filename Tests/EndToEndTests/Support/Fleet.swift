import Ambient
import Foundation
import Synchronization
import TestSupport

/// The product's processes around a Redis and a store of a test's own.
final class Fleet: Sendable {
    let folder: ScratchFolder
    let environment: [String: String?]
    private let processes = Mutex<[String: ChildProcess]>([:])

    init(folder: ScratchFolder, environment: [String: String?]) {
        self.folder = folder
        // Settings of whoever runs the tests must not reach the processes under test.
        var clean: [String: String?] = [:]
        for name in ProcessInfo.processInfo.environment.keys
        where name.hasPrefix("RINGBACK_") || name.hasPrefix("ELEVENLABS_") || name == "REDIS_URL" {
            clean[name] = .some(nil)
        }
        self.environment = clean.merging(environment) { _, new in new }
    }

    /// Starts an executable under a name of its own, such as `worker-sync.1`.
    @discardableResult
    func start(
        _ name: String,
        _ executable: String,
        _ arguments: [String] = []
    ) async throws
        -> ChildProcess
    {
        let process = try await ChildProcess.launch(command(executable, arguments))
        processes.withLock { $0[name] = process }
        return process
    }

    /// Takes over a process that was started elsewhere.
    func adopt(_ name: String, _ process: ChildProcess) {
        processes.withLock { $0[name] = process }
    }

    /// Runs the operator's command line to its end.
    func ringback(_ arguments: String...) async throws -> CommandResult {
        try await ringback(arguments)
    }

    /// Runs the operator's command line to its end.
    func ringback(_ arguments: [String]) async throws -> CommandResult {
        try await ChildProcess.run(command("ringback", arguments))
    }

    /// `kill -9` of a process by its name.
    func kill(_ name: String) async {
        await processes.withLock { $0[name] }?.kill()
    }

    func process(_ name: String) -> ChildProcess? {
        processes.withLock { $0[name] }
    }

    var names: [String] { processes.withLock { $0.keys.sorted() } }

    /// Asks everybody to end and waits until they have.
    ///
    /// - Parameter keepingLogs: Whether what they said can still be read.
    func end(keepingLogs: Bool = false) async {
        let all = processes.withLock { processes in
            defer { if !keepingLogs { processes = [:] } }
            return Array(processes.values)
        }
        for process in all { process.signal(SIGTERM) }
        for process in all { await process.ended() }
    }

    /// What the processes said last, for the message of a failed test.
    var logs: String {
        processes.withLock { processes in
            processes.sorted { $0.key < $1.key }.map { name, process in
                let lines = process.recentOutput.split(separator: "\n").suffix(12)
                return "--- \(name)\n" + lines.joined(separator: "\n")
            }.joined(separator: "\n")
        }
    }

    private func command(_ executable: String, _ arguments: [String]) -> ChildProcess.Command {
        var command = ChildProcess.Command([Executables.path(executable)] + arguments)
        command.environment = environment
        command.folder = folder.path
        return command
    }
}
