import Foundation

/// How many of an unfinished export's calls are written.
///
/// Known once its calls are chosen; an export of one part is done about then.
package struct ExportReach: Sendable, Equatable {
    package var written: Int
    package var all: Int

    package init(written: Int, all: Int) {
        self.written = written
        self.all = all
    }

    /// The reach of each job that a folder knows, by the job's id: that of its latest delivery.
    package static func all(in folder: String) -> [String: ExportReach] {
        var found: [String: ExportReach] = [:]
        for progress in ExportProgress.all(in: folder).sorted(by: { $0.fence < $1.fence }) {
            let whole = progress.parts.reduce(0) { $0 + $1.calls }
            let written = max(whole, noted(of: progress.base, in: folder))
            var status = stat()
            // Gone by now: the export is done.
            guard stat(ExportProgress.idsPath(progress.base, in: folder), &status) == 0 else {
                continue
            }
            let all = Int(status.st_size) / ExportIDs.idBytes
            found[progress.job] = ExportReach(written: min(written, all), all: all)
        }
        return found
    }

    // MARK: Within a part

    /// Where it stands how many calls are written, whole parts or not: eight bytes.
    static func path(_ base: String, in folder: String) -> String { folder + "/" + base + ".reach" }

    /// Notes how many calls are written, for people alone.
    ///
    /// Not brought to the disk: nothing goes on from it, so an export does not wait for it, and one
    /// that cannot be written shows whole parts.
    static func note(_ calls: Int, of base: String, in folder: String) {
        let descriptor = open(path(base, in: folder), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = withUnsafeBytes(of: Int64(calls).littleEndian) {
            pwrite(descriptor, $0.baseAddress, $0.count, 0)
        }
    }

    private static func noted(of base: String, in folder: String) -> Int {
        guard let data = FileManager.default.contents(atPath: path(base, in: folder)),
            data.count == ExportIDs.idBytes
        else { return 0 }
        return data.withUnsafeBytes { Int(Int64(littleEndian: $0.loadUnaligned(as: Int64.self))) }
    }
}
