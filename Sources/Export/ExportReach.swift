import Foundation

/// How many of an unfinished export's calls are written.
///
/// Known from the first whole part on; an export of one part is done before that.
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
            let written = progress.parts.reduce(0) { $0 + $1.calls }
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
}
