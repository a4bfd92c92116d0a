import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Reports

/// The files of exports: fetched whole or in parts, described, and removed.
enum ExportFileEndpoints {
    static var all: [Endpoint] { [file, manifest, remove] }

    /// The record of a file that is there.
    private static func finished(_ ask: Ask) async throws -> ExportRecord {
        let found = try await ask.parts.store.export(ofJob: try ExportEndpoints.id(of: ask))
        guard let found, found.state == .finished else {
            throw APIError(.notFound, "There is no such file, or its time is over.")
        }
        return found
    }

    private static func path(_ name: String, _ ask: Ask) -> String {
        ask.parts.places.exportsFolder + "/" + name
    }

    private static let file = Endpoint(
        method: .get,
        path: "/api/v1/exports/{id}/file",
        summary: "The file, or the part of it that Range names.",
        alsoStatus: [.partialContent, .notModified],
        contentType: "application/octet-stream"
    ) { ask in
        let record = try await finished(ask)
        guard ask.context.principal.rights >= .write || !record.holdsPersonalData else {
            throw APIError(.notAllowed, "Files with whole numbers are for those who may write.")
        }
        let tag = "\"\(record.sha256)\""
        var headers: HTTPFields = [
            .eTag: tag, .acceptRanges: "bytes", .contentType: "application/octet-stream",
            .cacheControl: "private, no-cache",
        ]
        let request = ask.request.headers
        if request[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        let name = record.fileName.split(separator: "/").last.map(String.init) ?? "export"
        headers[.contentDisposition] = "attachment; filename=\"\(name)\""
        let bytes = Int(record.bytes)
        let range = try range(request, tag: tag, of: bytes)
        try await QueueEndpoints.note("export.download", "job:\(record.jobID)", ask)
        let io = FileIO()
        guard let range else {
            let body = try await io.loadFile(
                path: path(record.fileName, ask),
                context: ask.context
            )
            return Response(status: .ok, headers: headers, body: body)
        }
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(bytes)"
        let body = try await io.loadFile(
            path: path(record.fileName, ask),
            range: range,
            context: ask.context
        )
        return Response(status: .partialContent, headers: headers, body: body)
    }

    private static let manifest = Endpoint(
        method: .get,
        path: "/api/v1/exports/{id}/manifest",
        summary: "The manifest of a file: rows, digest, filter, columns and parts.",
        answer: .anything
    ) { ask in
        let record = try await finished(ask)
        let body = try await FileIO().loadFile(
            path: path(record.manifestName, ask),
            context: ask.context
        )
        return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }

    /// The one range that is asked for; nil for the whole file.
    static func range(
        _ headers: HTTPFields,
        tag: String,
        of bytes: Int
    ) throws(APIError) -> ClosedRange<Int>? {
        guard let text = headers[.range] else { return nil }
        // The part of another file would be put behind this one's.
        if let condition = headers[.ifRange], condition != tag { return nil }
        // Several ranges, and units that are not bytes, may be left out of account.
        guard let parts = text.wholeMatch(of: /bytes=(\d*)-(\d*)/) else { return nil }
        let (first, last) = (Int(parts.1), Int(parts.2))
        switch (first, last) {
        case (let first?, let last?) where first <= last && first < bytes:
            return first...min(last, bytes - 1)
        case (let first?, nil) where first < bytes: return first...(bytes - 1)
        case (nil, let count?) where count > 0 && bytes > 0:
            return max(0, bytes - count)...(bytes - 1)
        default:
            var error = APIError(.rangeNotSatisfiable, "The file has \(bytes) bytes.")
            error.headers[.contentRange] = "bytes */\(bytes)"
            throw error
        }
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/exports/{id}",
        summary: "Remove a file before its time is over.",
        answer: .fields(("removed", .bool))
    ) { ask in
        let record = try await finished(ask)
        // The files first: a row that says that they are gone would never be looked at again.
        for name in [record.fileName, record.manifestName] {
            let path = path(name, ask)
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.removeItem(atPath: path)
        }
        let note = AuditNote(
            actor: ask.person,
            action: "export.remove",
            object: "job:\(record.jobID)"
        )
        try await ask.parts.store.write { writer in
            try writer.markExpired([record.id])
            try writer.audit(note)
        }
        return .json(.fields(("removed", .bool(true))))
    }
}
