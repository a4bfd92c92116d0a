import CallJobs
import CallStore
import Foundation
import Logging

/// Writes the rows of one export into its file, part by part.
///
/// The rows are fixed at the start: by the ids of the calls that pass the filter then, and the place
/// of the newest change. An undisturbed export reads all of them in that one look. One that goes on
/// after a crash reads the rest by their ids; what changed meanwhile it reads as it is now, and says
/// in which part.
struct ExportRun: Sendable {
    /// What came of it.
    struct Written: Sendable {
        var rows: Int64
        var bytes: Int64
        var sha256: String
        var parts: [ExportPart]
        var mark: Int64
    }

    /// Calls that are read by their ids at once.
    private static let idsAtOnce = 500

    let plan: ExportPlan
    let folder: String
    let partCalls: Int
    let logger: Logger

    /// Writes all of it from a look at the store.
    func begin(in look: ExportLook) throws -> Written {
        let mark = try look.mark()
        let isLong = try fixCalls(in: look)
        let file = try openFile()
        if isLong {
            // Nothing to go on from yet: who asked for it sees at once how many calls it has.
            try progress(of: file, mark: mark).write(in: folder)
            logger.debug("chose the calls", metadata: ["file": "\(plan.base)"])
        }
        var format = plan.format
        format.begin(CallFormat.columns(of: plan.arguments.subject))
        let rows = try look.calls(plan.filter, fields: format.fields)
        var lines: Int64 = 0
        var calls = 0
        while try rows.next() {
            lines += try format.add(rows, in: look)
            calls += 1
            if format.pending >= AtomicFile.bufferBytes {
                try format.withPending(file.write)
                if isLong { ExportReach.note(file.calls + calls, of: plan.base, in: folder) }
            }
            if calls == partCalls {
                try format.withPending(file.write)
                file.endPart(rows: lines, calls: calls)
                (lines, calls) = (0, 0)
                if isLong { try note(file, mark: mark) }
            }
        }
        try format.withPending(file.write)
        if calls > 0 || file.parts.isEmpty { file.endPart(rows: lines, calls: calls) }
        return try end(file, mark: mark)
    }

    /// Goes on where a former delivery of the job ended.
    func resume(_ progress: ExportProgress, in look: ExportLook) throws -> Written? {
        guard !progress.parts.isEmpty else { return nil }
        let former = ExportProgress.idsPath(progress.base, in: folder)
        let own = ExportProgress.idsPath(plan.base, in: folder)
        unlink(own)
        // A name of its own, so that nobody takes the ids away from it.
        guard link(former, own) == 0, let ids = ExportIDs(path: own) else { return nil }
        defer { ids.close() }
        let file = try openFile()
        try file.take(
            progress.parts,
            from: folder + "/" + progress.base + "." + plan.fileExtension
                + AtomicFile.temporarySuffix
        )
        guard !file.parts.isEmpty else { return nil }
        logger.info(
            "goes on with an export",
            metadata: ["file": "\(plan.base)", "parts": "\(file.parts.count)"]
        )
        try note(file, mark: progress.mark)
        while try addPart(ids, to: file, mark: progress.mark, in: look) {
            try note(file, mark: progress.mark)
        }
        return try end(file, mark: progress.mark)
    }

    private func addPart(
        _ ids: ExportIDs,
        to file: PartedFile,
        mark: Int64,
        in look: ExportLook
    ) throws -> Bool {
        var format = plan.format
        var (lines, calls, changed, gone) = (Int64(0), 0, 0, 0)
        let first = file.calls
        while calls < partCalls {
            let limit = min(Self.idsAtOnce, partCalls - calls)
            let wanted = try ids.read(at: first + calls, limit: limit)
            guard !wanted.isEmpty else { break }
            let rows = try look.calls(wanted, fields: format.fields)
            var found = 0
            while try rows.next() {
                found += 1
                if rows.integer(format.fields.count + 1) > mark { changed += 1 }
                lines += try format.add(rows, in: look)
                if format.pending >= AtomicFile.bufferBytes { try format.withPending(file.write) }
            }
            gone += wanted.count - found
            calls += wanted.count
            ExportReach.note(first + calls, of: plan.base, in: folder)
        }
        guard calls > 0 else { return false }
        try format.withPending(file.write)
        file.endPart(rows: lines, calls: calls, changed: changed, gone: gone)
        return true
    }

    private func openFile() throws -> PartedFile {
        PartedFile(try AtomicFile(finalPath: plan.path, temporaryPath: plan.temporaryPath))
    }

    private func end(_ file: PartedFile, mark: Int64) throws -> Written {
        let (rows, bytes, parts) = (file.rows, file.totalBytes, file.parts)
        return Written(
            rows: rows,
            bytes: bytes,
            sha256: try file.finish(),
            parts: parts,
            mark: mark
        )
    }

    /// Makes the part that has just ended one to go on from.
    private func note(_ file: PartedFile, mark: Int64) throws {
        try progress(of: file, mark: mark).write(in: folder)
        file.keepUnfinished()
        logger.debug("wrote a part", metadata: ["part": "\(file.parts.count)"])
    }

    private func progress(of file: PartedFile, mark: Int64) -> ExportProgress {
        ExportProgress(
            job: plan.jobID,
            fence: plan.fence,
            base: plan.base,
            createdMilliseconds: plan.createdMilliseconds,
            mark: mark,
            timeZone: plan.zone.identifier,
            parts: file.parts
        )
    }

    /// Writes the ids of the calls down, unless they fit into one part anyway.
    private func fixCalls(in look: ExportLook) throws -> Bool {
        let ids = try look.ids(plan.filter)
        var bytes: [UInt8] = []
        var count = 0
        var file: AtomicFile?
        while try ids.next() {
            withUnsafeBytes(of: ids.integer(0).littleEndian) { bytes.append(contentsOf: $0) }
            count += 1
            if bytes.count >= AtomicFile.bufferBytes, count > partCalls {
                try opened(&file).write(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        guard count > partCalls else { return false }
        try opened(&file).write(bytes)
        _ = try file?.finish()
        return true
    }

    private func opened(_ file: inout AtomicFile?) throws -> AtomicFile {
        if let file { return file }
        let made = try AtomicFile(finalPath: ExportProgress.idsPath(plan.base, in: folder))
        file = made
        return made
    }
}
