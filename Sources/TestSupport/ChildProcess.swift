import Foundation
import Synchronization

/// One run of a program that a test starts.
///
/// It ends with the test process, however that ends: the kernel kills it with the thread that
/// started it. A thread of its own starts it, reads what it says and waits for its end. The thread
/// lives as long as the process, because `PR_SET_PDEATHSIG` counts threads, not processes; so a
/// pool's thread that goes away must not be the one.
package final class ChildProcess: Sendable {
    /// How a child ended.
    package enum Ending: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// What to start.
    package struct Command: Sendable {
        /// The program's path, or its name on the PATH, and its arguments.
        package var line: [String]

        /// Added to the test's own environment; nil removes a variable.
        package var environment: [String: String?] = [:]

        /// Where it runs; nil means the test's own folder.
        package var folder: String?

        /// Debian's package with the program, for the message when it is missing.
        package var package: String?

        /// Lines of output kept.
        package var linesMax = 2000

        package init(_ line: [String]) {
            self.line = line
        }
    }

    package let processID: Int32

    private struct LineWaiter {
        let text: String
        let continuation: CheckedContinuation<String, any Error>
    }

    private struct State {
        var lines: [String] = []
        var ending: Ending?
        var lineWaiters: [LineWaiter] = []
        var endWaiters: [CheckedContinuation<Ending, Never>] = []
    }

    private let state = Mutex(State())
    private let output: Int32
    private let linesMax: Int
    private let program: String

    private init(processID: Int32, output: Int32, command: Command) {
        self.processID = processID
        self.output = output
        linesMax = command.linesMax
        program = command.line.first ?? ""
    }

    deinit {
        signal(SIGKILL)
    }

    /// Starts a program; both its outputs are read line by line.
    package static func launch(_ command: Command) async throws -> ChildProcess {
        precondition(!command.line.isEmpty, "There is a program to start.")
        let wrapper = try find("setpriv", package: "util-linux")
        let program = try find(command.line[0], package: command.package ?? command.line[0])
        let change = command.folder.map { ["/usr/bin/env", "--chdir=\($0)"] } ?? []
        let line =
            [wrapper, "--pdeathsig", "KILL"] + change + [program] + command.line.dropFirst()
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                do throws(ChildProcessError) {
                    let (id, output) = try spawn(line, command)
                    let process = ChildProcess(processID: id, output: output, command: command)
                    continuation.resume(returning: process)
                    follow(process.follower())
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.name = "child"
            thread.start()
        }
    }

    /// Sends a signal unless the process has ended.
    package func signal(_ signal: Int32) {
        state.withLock { state in
            // Under the lock the id cannot have been reaped, so it cannot name somebody else.
            guard state.ending == nil else { return }
            _ = Foundation.kill(processID, signal)
        }
    }

    /// Waits until the process is gone.
    @discardableResult
    package func ended() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.endWaiters.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// `kill -9`, and waits until the process is gone.
    package func kill() async {
        signal(SIGKILL)
        await ended()
    }

    /// Whether the process has not ended yet.
    package var isRunning: Bool {
        state.withLock { $0.ending == nil }
    }

    /// The end of what it said.
    package var recentOutput: String {
        state.withLock { $0.lines.joined(separator: "\n") }
    }

    /// Waits for a line with this text, also one that was said before.
    ///
    /// - Throws: `ChildProcessError.endedEarly` when the process ends without having said it.
    @discardableResult
    package func line(containing text: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            let answer: Result<String, any Error>? = state.withLock { state in
                if let line = state.lines.first(where: { $0.contains(text) }) {
                    return .success(line)
                }
                if state.ending != nil { return .failure(early(state)) }
                state.lineWaiters.append(LineWaiter(text: text, continuation: continuation))
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    private func early(_ state: State) -> ChildProcessError {
        .endedEarly(program: program, output: state.lines.suffix(60).joined(separator: "\n"))
    }

    /// What the thread works on: it must keep neither the object nor a closed descriptor alive.
    private struct Follower {
        let processID: Int32
        let output: Int32
        let said: (String) -> Void
        let ended: () -> Void
    }

    private func follower() -> Follower {
        Follower(
            processID: processID,
            output: output,
            said: { [weak self] in self?.said($0) },
            ended: { [weak self, processID] in
                if let self {
                    self.reap()
                } else {
                    var status: Int32 = 0
                    waitpid(processID, &status, 0)
                }
            }
        )
    }

    /// Reads until the process closes its output, then waits for its end.
    private static func follow(_ follower: Follower) {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(follower.output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                follower.said(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeSubrange(...end)
            }
        }
        close(follower.output)
        // Waits without reaping, so that the id stays ours until the state says that it ended.
        var info = siginfo_t()
        while waitid(P_PID, id_t(follower.processID), &info, WEXITED | WNOWAIT) < 0,
            errno == EINTR
        {}
        follower.ended()
    }

    private func reap() {
        let (ending, lines, ends, error) = state.withLock { state in
            var status: Int32 = 0
            waitpid(processID, &status, 0)
            let signal = status & 0x7F
            let ending: Ending =
                signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
            state.ending = ending
            defer {
                state.lineWaiters = []
                state.endWaiters = []
            }
            return (ending, state.lineWaiters, state.endWaiters, early(state))
        }
        for waiter in lines { waiter.continuation.resume(throwing: error) }
        for waiter in ends { waiter.resume(returning: ending) }
    }

    private func said(_ line: String) {
        let ready = state.withLock { state in
            state.lines.append(line)
            if state.lines.count > linesMax { state.lines.removeFirst() }
            let ready = state.lineWaiters.filter { line.contains($0.text) }
            state.lineWaiters.removeAll { line.contains($0.text) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume(returning: line) }
    }

    private static func find(
        _ program: String,
        package: String
    ) throws(ChildProcessError) -> String {
        if program.contains("/") { return program }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let candidates = path.split(separator: ":").map { "\($0)/\(program)" }
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw .missing(program: program, package: package)
        }
        return found
    }

    /// Starts a program with its output on a socket pair; returns its id and our end.
    ///
    /// A pair rather than a pipe, because it can be made close-on-exec in one step: an end that
    /// another child inherited would keep the end of the output from being seen.
    private static func spawn(
        _ line: [String],
        _ command: Command
    ) throws(ChildProcessError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw .noResources(what: "a socket pair", errno: errno)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var variables: [UnsafeMutablePointer<CChar>?] = environment(command).map { strdup($0) }
        variables.append(nil)
        defer { for variable in variables { free(variable) } }
        // A pool's thread blocks signals, and what it starts would inherit that: no child could
        // be asked to end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, flags)
        var id: pid_t = 0
        let failure = posix_spawn(&id, line[0], &actions, &attributes, arguments, variables)
        close(ends[1])
        guard failure == 0 else {
            close(ends[0])
            throw .cannotLaunch(program: line[0], errno: failure)
        }
        return (id, ends[0])
    }

    private static func environment(_ command: Command) -> [String] {
        var variables = ProcessInfo.processInfo.environment.mapValues { Optional($0) }
        variables.merge(command.environment) { _, new in new }
        return variables.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }
}

/// Why a program does not run.
package enum ChildProcessError: Error, CustomStringConvertible {
    /// A program that the tests need is not installed.
    case missing(program: String, package: String)

    /// The program could not be started.
    case cannotLaunch(program: String, errno: Int32)

    /// The program ended before it said what was waited for.
    case endedEarly(program: String, output: String)

    /// There is no room for something that the start needs.
    case noResources(what: String, errno: Int32)

    package var description: String {
        switch self {
        case .missing(let program, let package):
            "`\(program)` is not installed: run `apt-get install \(package)`"
        case .cannotLaunch(let program, let errno):
            "cannot start \(program): \(String(cString: strerror(errno)))"
        case .endedEarly(let program, let output):
            "\(program) ended before it was ready; it said: \(output)"
        case .noResources(let what, let errno):
            "cannot get \(what): \(String(cString: strerror(errno)))"
        }
    }
}
