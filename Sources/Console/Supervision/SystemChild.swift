import CProcess
import Foundation
import Synchronization

/// Starts children as processes of this machine.
package struct SystemChildStarter: ChildStarter {
    /// Where each child's output goes, as `<name>.log`.
    package let logsFolder: String

    /// The read end of the supervisor's pipe, which children find as descriptor 3.
    package let supervisorFile: Int32

    package init(logsFolder: String, supervisorFile: Int32) {
        self.logsFolder = logsFolder
        self.supervisorFile = supervisorFile
    }

    package func start(_ child: Child) async throws(ChildStartError) -> any RunningChild {
        let logs = logsFolder
        let file = supervisorFile
        let result: Result<SystemChild, ChildStartError> = await withCheckedContinuation { answer in
            let thread = Thread {
                SystemChild.run(child, logsFolder: logs, supervisorFile: file) {
                    answer.resume(returning: $0)
                }
            }
            thread.name = child.name
            thread.stackSize = 512 * 1024
            thread.start()
        }
        return try result.get()
    }
}

/// A child process, with the thread that started it and waits for it.
///
/// The thread lives as long as the process: `PR_SET_PDEATHSIG` fires when the thread that forked
/// ends, so it must not be one of a pool that comes and goes.
final class SystemChild: RunningChild {
    private struct State {
        var status: Int32?
        var waiters: [Int: CheckedContinuation<Int32?, Never>] = [:]
        var cancelled: Set<Int> = []
        var nextWaiter = 0
    }

    let processID: Int32
    private let state = Mutex(State())

    private init(processID: Int32) {
        self.processID = processID
    }

    /// Starts a child, reports it, and stays until it has ended.
    fileprivate static func run(
        _ child: Child,
        logsFolder: String,
        supervisorFile: Int32,
        report: (Result<SystemChild, ChildStartError>) -> Void
    ) {
        let path = "\(logsFolder)/\(child.name).log"
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            let reason = String(cString: strerror(errno))
            report(.failure(ChildStartError("its log \(path) cannot be written (\(reason))")))
            return
        }
        let id = spawn(child, output: log, kept: supervisorFile)
        close(log)
        guard id > 0 else {
            let reason = String(cString: strerror(-id))
            report(.failure(ChildStartError("\(child.executable): \(reason)")))
            return
        }
        let process = SystemChild(processID: id)
        report(.success(process))
        _ = cprocess_await_end(id)
        process.finish()
    }

    private static func spawn(_ child: Child, output: Int32, kept: Int32) -> Int32 {
        let variables = child.environment.map { "\($0.key)=\($0.value)" }
        return withCStrings([child.executable] + child.arguments) { arguments in
            withCStrings(variables) { environment in
                cprocess_spawn(
                    child.executable,
                    arguments,
                    environment,
                    output,
                    kept,
                    child.deathSignal ?? 0
                )
            }
        }
    }

    private static func withCStrings<Result>(
        _ texts: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("The list has at least its end.")
            }
            return body(base)
        }
    }

    func signal(_ number: Int32) {
        // Under the lock the process is not reaped yet, so its id cannot belong to another one.
        state.withLock { state in
            if state.status == nil { kill(processID, number) }
        }
    }

    func ended() async -> Int32? {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Int32?? = state.withLock { state in
                    if let status = state.status { return .some(status) }
                    if state.cancelled.remove(waiter) != nil { return .some(nil) }
                    state.waiters[waiter] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiters.removeValue(forKey: waiter)
                if continuation == nil { state.cancelled.insert(waiter) }
                return continuation
            }
            continuation?.resume(returning: nil)
        }
    }

    private func finish() {
        let (status, waiters) = state.withLock { state in
            let status = cprocess_wait(processID)
            state.status = status
            defer { state.waiters = [:] }
            return (status, Array(state.waiters.values))
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }
}
