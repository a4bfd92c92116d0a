import Foundation
import Synchronization

/// A `redis-server` of a test's own, on a Unix socket in a temporary folder.
///
/// It ends with the test process, however that ends: the kernel kills it with the thread that
/// started it. Its data survive `kill()` and `start()`, so that a test can crash it.
package final class PrivateRedis: Sendable {
    /// Where the socket, the data and the log are; short, for a socket's path has about 100 bytes.
    package let folder: String

    package let options: PrivateRedisOptions

    /// A free port that the server listens on, when asked for.
    package let port: Int?

    /// A free port that the server speaks TLS on, when asked for.
    package let tlsPort: Int?

    private let running = Mutex<ChildProcess?>(nil)

    private init(_ options: PrivateRedisOptions) throws {
        self.options = options
        port = options.listensOnTCP ? try FreePort.next() : nil
        tlsPort = options.tls == nil ? nil : try FreePort.next()
        folder = try ScratchFolders.make()
    }

    deinit {
        running.withLock { $0 }?.signal(SIGKILL)
        ScratchFolders.remove(folder)
    }

    /// Starts a server and waits until it takes commands.
    ///
    /// - Parameters:
    ///   - options: How it is set up.
    ///   - readiness: What to wait for.
    /// - Returns: The running server.
    /// - Throws: `ChildProcessError` when there is no `redis-server` or it does not come up.
    package static func start(
        _ options: PrivateRedisOptions = PrivateRedisOptions(),
        until readiness: PrivateRedisReadiness = .ready
    ) async throws -> PrivateRedis {
        let server = try PrivateRedis(options)
        try await server.start(until: readiness)
        return server
    }

    /// The server that all tests of a run share, without persistence.
    ///
    /// Tests keep apart by the names of their keys and change no server-wide state.
    package static func shared() async throws -> PrivateRedis {
        try await SharedPrivateRedis.instance.server()
    }

    /// The path of the Unix socket.
    package var socketPath: String { folder + "/s" }

    /// The address as a setting, with the password if there is one.
    package var url: String {
        guard let password = options.password else { return "unix://\(socketPath)" }
        return "unix://:\(password)@\(socketPath)"
    }

    /// The process id; nil while it is down.
    package var processID: Int32? {
        running.withLock { $0 }?.processID
    }

    /// The end of what the server said, for the message of a failed test.
    package var log: String {
        running.withLock { $0 }?.recentOutput ?? ""
    }

    /// Starts it again on the same data, after `kill()` or `end()`.
    package func start(until readiness: PrivateRedisReadiness = .ready) async throws {
        precondition(running.withLock { $0 } == nil, "The server runs already.")
        var command = ChildProcess.Command(["redis-server"] + arguments())
        command.package = "redis-server"
        if let clock = options.clock { command.environment = clock.environment }
        let process = try await ChildProcess.launch(command)
        try await process.line(containing: readiness.rawValue)
        running.withLock { $0 = process }
    }

    /// `kill -9`, and waits until the process is gone.
    package func kill() async {
        let process = running.withLock { process in
            defer { process = nil }
            return process
        }
        guard let process else { return }
        await process.kill()
    }

    /// Lets it write what it has and end, and waits for that.
    package func end() async {
        let process = running.withLock { process in
            defer { process = nil }
            return process
        }
        guard let process else { return }
        process.signal(SIGCONT)
        process.signal(SIGTERM)
        await process.ended()
    }

    /// Stops the process in its tracks (SIGSTOP): connections stay open and nothing answers.
    package func freeze() {
        running.withLock { $0 }?.signal(SIGSTOP)
    }

    /// Lets a frozen process go on (SIGCONT).
    package func thaw() {
        running.withLock { $0 }?.signal(SIGCONT)
    }

    private func arguments() -> [String] {
        var arguments = [
            "--unixsocket", socketPath, "--unixsocketperm", "700", "--dir", folder,
            "--daemonize", "no", "--supervised", "no", "--loglevel", "notice", "--logfile", "",
            "--port", String(port ?? 0), "--bind", "127.0.0.1", "--databases", "16",
            // Tests crash servers on purpose; a watchdog's trace would only hide the reason.
            "--crash-log-enabled", "no", "--enable-debug-command", "yes",
        ]
        if let fsync = options.appendFsync {
            arguments += ["--appendonly", "yes", "--appendfsync", fsync.rawValue]
        }
        arguments += ["--save", ""]
        if let bytes = options.memoryMaxBytes {
            arguments += ["--maxmemory", String(bytes), "--maxmemory-policy", "noeviction"]
        }
        if let password = options.password { arguments += ["--requirepass", password] }
        for user in options.users {
            arguments += ["--user"] + user.split(separator: " ").map(String.init)
        }
        if let tls = options.tls, let tlsPort {
            arguments += [
                "--tls-port", String(tlsPort), "--tls-cert-file", tls.certificateFile,
                "--tls-key-file", tls.keyFile, "--tls-ca-cert-file", tls.authorityFile,
                "--tls-auth-clients", "no",
            ]
        }
        return arguments + options.extraArguments
    }
}

/// How a private server is set up.
package struct PrivateRedisOptions: Sendable {
    /// When the append-only file reaches the disk.
    package enum AppendFsync: String, Sendable {
        case always
        case everySecond = "everysec"
        case no
    }

    /// Files for TLS, all in PEM.
    package struct TLS: Sendable {
        package var certificateFile: String
        package var keyFile: String
        package var authorityFile: String

        package init(certificateFile: String, keyFile: String, authorityFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.authorityFile = authorityFile
        }
    }

    /// Keeps an append-only file, flushed like this; nil keeps nothing.
    package var appendFsync: AppendFsync?

    /// Refuses writes over this much memory (`noeviction`).
    package var memoryMaxBytes: Int?

    /// Password of the default user.
    package var password: String?

    /// More users, each a line of the ACL file's syntax without the word `user`.
    package var users: [String] = []

    package var tls: TLS?

    /// Listens on a free TCP port of 127.0.0.1, too.
    package var listensOnTCP = false

    /// Added to the command line as they are.
    package var extraArguments: [String] = []

    /// What its wall clock follows.
    package var clock: ClockShift?

    package init(appendFsync: AppendFsync? = nil) {
        self.appendFsync = appendFsync
    }
}

/// What starting a server waits for.
package enum PrivateRedisReadiness: String, Sendable {
    /// It listens, but may still be loading its data.
    case listening = "Server initialized"

    /// It takes commands.
    ///
    /// Redis 7.0 says "The server is now ready ..." of a Unix socket and "Ready ..." of a port.
    case ready = "eady to accept connections"
}
