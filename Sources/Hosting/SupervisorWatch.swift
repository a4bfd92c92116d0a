import Foundation

/// Ends a process when the one that started it is gone.
///
/// The supervisor keeps the write end of a pipe open and never writes; when it dies, however it
/// dies, the kernel closes that end and the read here returns. A thread of its own waits for that,
/// so that a process whose pool is busy ends, too.
package enum SupervisorWatch {
    /// The variable that holds the number of the pipe's read end.
    package static let variable = "RINGBACK_SUPERVISOR_FD"

    /// How long the process may take to end; the promise to those who start it is five seconds.
    package static let graceSeconds: Double = 4

    /// Starts to watch when the environment says that there is a supervisor.
    ///
    /// - Parameters:
    ///   - environment: The process's variables.
    ///   - shutdown: Asked for the end when the supervisor is gone.
    /// - Throws: `StartFailure` when the variable holds no open file descriptor.
    package static func start(
        environment: [String: String],
        shutdown: Shutdown
    ) throws(StartFailure) {
        guard let text = environment[variable], !text.isEmpty else { return }
        guard let file = Int32(text), file >= 0, fcntl(file, F_GETFD) >= 0 else {
            throw StartFailure(
                .wrongUse,
                "\(variable) is set by `ringback up` for its children; \"\(text)\" is no open file "
                    + "descriptor: remove the variable"
            )
        }
        // A grandchild that inherited it would do no harm, but would hold a useless descriptor.
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        let thread = Thread {
            waitForEnd(of: file)
            shutdown.request(.supervisorGone)
            Thread.sleep(forTimeInterval: graceSeconds)
            _exit(ExitCode.abandoned.rawValue)
        }
        thread.name = "supervisor-watch"
        thread.stackSize = 256 * 1024
        thread.start()
    }

    private static func waitForEnd(of file: Int32) {
        var byte: UInt8 = 0
        while true {
            let count = read(file, &byte, 1)
            // Nothing is ever written; a byte is somebody's mistake and means nothing.
            if count == 0 || (count < 0 && errno != EINTR) { return }
        }
    }
}
