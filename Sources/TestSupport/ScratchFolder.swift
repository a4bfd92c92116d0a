import Foundation
import Synchronization

/// Temporary folders of private servers, swept also after a test process that crashed.
enum PrivateRedisFolders {
    private static let parent = "/tmp"
    private static let prefix = "rbredis-"

    /// Folders to remove when the process ends.
    private static let made = Mutex<Set<String>>([])

    private static let preparation: Void = {
        sweep()
        atexit { PrivateRedisFolders.removeAll() }
    }()

    /// Makes an empty folder whose name tells whose it is.
    static func make() throws(ChildProcessError) -> String {
        _ = preparation
        var template = Array("\(parent)/\(prefix)\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .noResources(what: "a temporary folder in \(parent)", errno: errno)
        }
        let folder = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        made.withLock { _ = $0.insert(folder) }
        return folder
    }

    /// Removes one folder with what is in it.
    static func remove(_ folder: String) {
        made.withLock { _ = $0.remove(folder) }
        erase(folder)
    }

    /// A port of 127.0.0.1 that nobody listens on just now.
    static func freePort() throws(ChildProcessError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .noResources(what: "a socket", errno: errno) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | getsockname(descriptor, address, &length)
            }
        }
        guard result == 0 else { throw .noResources(what: "a free port", errno: errno) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func removeAll() {
        for folder in made.withLock({ $0 }) { erase(folder) }
    }

    /// Removes what processes that are gone have left.
    private static func sweep() {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: parent)
        } catch {
            return  // Nothing can be listed, so nothing can be swept; making one will say why.
        }
        for name in names where name.hasPrefix(prefix) {
            let owner = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" })
            if let owner, kill(owner, 0) != 0, errno == ESRCH { erase("\(parent)/\(name)") }
        }
    }

    private static func erase(_ folder: String) {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch CocoaError.fileNoSuchFile {
            // Swept by another process in the meantime.
        } catch {
            FileHandle.standardError.write(Data("cannot remove \(folder): \(error)\n".utf8))
        }
    }
}

/// Starts the shared server once, however many tests ask for it at the same time.
final class SharedPrivateRedis: Sendable {
    static let instance = SharedPrivateRedis()

    private enum State {
        case none
        case starting([CheckedContinuation<PrivateRedis, any Error>])
        case done(Result<PrivateRedis, any Error>)
    }

    private let state = Mutex(State.none)

    func server() async throws -> PrivateRedis {
        let isFirst = state.withLock { state in
            guard case .none = state else { return false }
            state = .starting([])
            return true
        }
        if isFirst { return try await begin() }
        return try await withCheckedThrowingContinuation { continuation in
            let answer: Result<PrivateRedis, any Error>? = state.withLock { state in
                if case .done(let result) = state { return result }
                if case .starting(let waiters) = state {
                    state = .starting(waiters + [continuation])
                }
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    private func begin() async throws -> PrivateRedis {
        let result: Result<PrivateRedis, any Error>
        do {
            result = .success(try await PrivateRedis.start())
        } catch {
            result = .failure(error)
        }
        let waiters = state.withLock { state in
            var waiting: [CheckedContinuation<PrivateRedis, any Error>] = []
            if case .starting(let waiters) = state { waiting = waiters }
            state = .done(result)
            return waiting
        }
        for waiter in waiters { waiter.resume(with: result) }
        return try result.get()
    }
}
