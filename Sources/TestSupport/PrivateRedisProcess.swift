import Foundation
import Synchronization

/// One run of a `redis-server` process.
///
/// A thread of its own starts it, reads what it says and waits for its end. The thread lives as
/// long as the process, because the process dies with its thread (`PR_SET_PDEATHSIG` counts
/// threads, not processes); so a pool's thread that goes away must not be the one.
final class PrivateRedisProcess: Sendable {
    /// Lines of output kept for messages.
    private static let linesMax = 60

    let processID: Int32

    private struct State {
        var lines: [String] = []
        var isReady = false
        var hasEnded = false
        var readyWaiter: CheckedContinuation<Void, any Error>?
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let output: Int32
    private let readyLine: String

    private init(processID: Int32, output: Int32, readyLine: String) {
        self.processID = processID
        self.output = output
        self.readyLine = readyLine
    }

    /// Starts the server and waits for the line that says that it is ready.
    static func launch(
        _ arguments: [String],
        until readiness: PrivateRedisReadiness
    ) async throws -> PrivateRedisProcess {
        let server = try find("redis-server", package: "redis-server")
        let wrapper = try find("setpriv", package: "util-linux")
        let line = [wrapper, "--pdeathsig", "KILL", server] + arguments
        let process = try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                do throws(PrivateRedisError) {
                    let (id, output) = try spawn(line)
                    let process = PrivateRedisProcess(
                        processID: id,
                        output: output,
                        readyLine: readiness.rawValue
                    )
                    continuation.resume(returning: process)
                    process.follow()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.name = "redis-server"
            thread.start()
        }
        try await process.untilReady()
        return process
    }

    /// Sends a signal unless the process has ended.
    func signal(_ signal: Int32) {
        state.withLock { state in
            // Under the lock the id cannot have been reaped, so it cannot name somebody else.
            guard !state.hasEnded else { return }
            _ = kill(processID, signal)
        }
    }

    /// Waits until the process is gone.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.endWaiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    var recentOutput: String {
        state.withLock { $0.lines.joined(separator: "\n") }
    }

    private func untilReady() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let answer: Result<Void, any Error>? = state.withLock { state in
                if state.isReady { return .success(()) }
                if state.hasEnded { return .failure(Self.early(state)) }
                state.readyWaiter = continuation
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    private static func early(_ state: State) -> PrivateRedisError {
        .endedEarly(output: state.lines.joined(separator: "\n"))
    }

    /// Reads until the process closes its output, then waits for its end.
    private func follow() {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                said(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeSubrange(...end)
            }
        }
        close(output)
        // Waits without reaping, so that the id stays ours until the state says that it ended.
        var info = siginfo_t()
        while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let (ready, waiters, error) = state.withLock { state in
            state.hasEnded = true
            var status: Int32 = 0
            waitpid(processID, &status, 0)
            defer {
                state.readyWaiter = nil
                state.endWaiters = []
            }
            return (state.readyWaiter, state.endWaiters, Self.early(state))
        }
        ready?.resume(throwing: error)
        for waiter in waiters { waiter.resume() }
    }

    private func said(_ line: String) {
        let ready = state.withLock { state in
            state.lines.append(line)
            if state.lines.count > Self.linesMax { state.lines.removeFirst() }
            guard line.contains(readyLine) else {
                return nil as CheckedContinuation<Void, any Error>?
            }
            state.isReady = true
            defer { state.readyWaiter = nil }
            return state.readyWaiter
        }
        ready?.resume()
    }

    private static func find(
        _ program: String,
        package: String
    ) throws(PrivateRedisError) -> String {
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
    private static func spawn(_ line: [String]) throws(PrivateRedisError) -> (Int32, Int32) {
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
        var id: pid_t = 0
        let failure = posix_spawn(&id, line[0], &actions, nil, arguments, environ)
        close(ends[1])
        guard failure == 0 else {
            close(ends[0])
            throw .cannotLaunch(program: line[0], errno: failure)
        }
        return (id, ends[0])
    }
}
