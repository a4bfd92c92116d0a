package import Foundation
import Synchronization

/// A folder of a test's own, removed with it.
///
/// Whoever is still there when the process ends loses it then, and what a process that crashed has
/// left is swept by the next one.
package final class ScratchFolder: Sendable {
    /// Short, because a Unix socket's path has about 100 bytes.
    package let path: String

    package var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

    package init() throws {
        path = try ScratchFolders.make()
    }

    deinit {
        ScratchFolders.remove(path)
    }

    /// The path of a file or folder in it.
    package func file(_ name: String) -> String { path + "/" + name }

    package func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: file(name)))
    }

    package func text(of name: String) throws -> String {
        try String(contentsOfFile: file(name), encoding: .utf8)
    }

    package func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: file(name),
            withIntermediateDirectories: true
        )
    }
}

/// Makes the temporary folders of tests and of their servers, and sweeps them.
enum ScratchFolders {
    private static let parent = "/tmp"
    private static let prefix = "rbtest-"

    /// Folders to remove when the process ends.
    private static let made = Mutex<Set<String>>([])

    private static let preparation: Void = {
        sweep()
        atexit { ScratchFolders.removeAll() }
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
