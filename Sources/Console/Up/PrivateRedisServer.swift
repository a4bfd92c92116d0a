import Ambient
import Foundation
import Hosting
import RedisClient
import Settings

/// The `redis-server` that `ringback up` runs for itself.
struct PrivateRedisServer: Sendable {
    /// How long one that is left over may take to end before it is killed.
    private static let endMax = Duration.seconds(10)

    private let files: PrivateRedis
    private let dataFolder: String
    private let executable: String
    private let socket: String

    /// A temporary folder for the socket; nil when it fits beside the data.
    private let socketFolder: String?

    var url: String { "unix://" + socket }

    /// - Throws: `StartFailure` when there is no `redis-server`, or no place for its socket.
    init(files: PrivateRedis, dataFolder: String) throws(StartFailure) {
        guard let executable = Programs.find("redis-server") else {
            throw StartFailure(
                .failed,
                "redis-server is not installed; `apt-get install redis-server`, or set REDIS_URL "
                    + "to a Redis that runs"
            )
        }
        self.files = files
        self.dataFolder = dataFolder
        self.executable = executable
        if files.fitsInFolder {
            socketFolder = nil
            socket = files.socketInFolder
        } else {
            let folder = try Self.temporaryFolder()
            socketFolder = folder
            socket = folder + "/redis.sock"
        }
    }

    private static func temporaryFolder() throws(StartFailure) -> String {
        var template = Array("/tmp/ringback-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            let reason = String(cString: strerror(errno))
            throw StartFailure(.failed, "no temporary folder can be made in /tmp (\(reason))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Waits for the end of a server that an earlier `up` left, and clears its traces.
    func prepare(ambient: Ambient, say: (String) -> Void) async throws {
        let deadline = ambient.elapsed() + Self.endMax
        var hasSaid = false
        while let process = leftover() {
            if !hasSaid {
                say("waiting for the Redis of an earlier `ringback up` to end")
                kill(process, SIGTERM)
                hasSaid = true
            }
            if ambient.elapsed() > deadline { kill(process, SIGKILL) }
            guard ambient.elapsed() < deadline + .seconds(5) else {
                throw StartFailure(
                    .failed,
                    "the Redis of an earlier `ringback up` (process \(process)) does not end; end "
                        + "it by hand"
                )
            }
            try await ambient.sleep(for: .milliseconds(100))
        }
        unlink(files.socketInFolder)
        unlink(files.addressFile)
        guard socketFolder != nil else { return }
        do {
            try Data((url + "\n").utf8).write(to: URL(fileURLWithPath: files.addressFile))
        } catch {
            throw StartFailure(
                .failed,
                "\(files.addressFile) cannot be written (\(error.localizedDescription))"
            )
        }
    }

    /// A `redis-server` that works on our folder, found by its working folder in `/proc`.
    private func leftover() -> Int32? {
        let files = FileManager.default
        let names: [String]
        do {
            names = try files.contentsOfDirectory(atPath: "/proc")
        } catch {
            return nil
        }
        let folder = URL(fileURLWithPath: dataFolder).resolvingSymlinksInPath().path
        return names.compactMap { Int32($0) }.first { process in
            // Processes of others, and those that end meanwhile, cannot be read.
            Self.link("/proc/\(process)/cwd") == folder
                && Self.link("/proc/\(process)/exe")?.contains("/redis-") == true
        }
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &buffer, buffer.count - 1)
        guard length > 0 else { return nil }
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The child: an append-only file that is flushed each second, never evicting, no TCP.
    func child(environment: [String: String]) -> Child {
        Child(
            name: "redis",
            executable: executable,
            arguments: [
                "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700",
                "--dir", dataFolder, "--appendonly", "yes", "--appendfsync", "everysec",
                "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no",
                "--logfile", "", "--loglevel", "notice", "--databases", "16",
            ],
            environment: environment,
            stopMax: .seconds(15),
            deathSignal: SIGTERM
        )
    }

    /// Whether it takes commands.
    func isReady(host: Hosting.Host) async throws -> Bool {
        guard FileManager.default.fileExists(atPath: socket) else { return false }
        let access = try RedisAccess(host.settings)
        let client = try access.client("up", for: host) { $0.connectPatience = .zero }
        do {
            _ = try await client.send(RedisCommand("PING"))
            await client.close()
            return true
        } catch {
            // Not listening yet, or still loading; whoever waits has the limit.
            await client.close()
            return false
        }
    }

    /// Removes what a stopped server leaves behind.
    func cleanUp() {
        unlink(socket)
        guard let socketFolder else { return }
        unlink(files.addressFile)
        rmdir(socketFolder)
    }
}
