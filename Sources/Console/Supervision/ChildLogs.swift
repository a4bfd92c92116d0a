import Foundation

/// Keeps the children's logs from growing without end.
package struct ChildLogs: Sendable {
    /// A log that is longer becomes the old one, of which there is one.
    package static let bytesMax = 8 * 1024 * 1024

    package let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// Copies each log that has grown too long to `<name>.log.old` and empties it.
    ///
    /// The children hold their logs open, for appending, so the files stay and their content
    /// moves. A line that is written in between is lost.
    package func trim() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasSuffix(".log") {
            let path = "\(folder)/\(name)"
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size > Self.bytesMax else { continue }
            if FileManager.default.fileExists(atPath: path + ".old") {
                try FileManager.default.removeItem(atPath: path + ".old")
            }
            try FileManager.default.copyItem(atPath: path, toPath: path + ".old")
            truncate(path, 0)
        }
    }

    /// The last line of a child's log; nil when it said nothing.
    package func lastLine(of name: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: "\(folder)/\(name).log") else {
            return nil
        }
        do {
            let end = try handle.seekToEnd()
            let window: UInt64 = 4096
            try handle.seek(toOffset: end > window ? end - window : 0)
            let tail = try handle.readToEnd() ?? Data()
            try handle.close()
            return String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline).last
                .map { $0.trimmingCharacters(in: .whitespaces) }
        } catch {
            return "(its log cannot be read: \(error.localizedDescription))"
        }
    }
}
