import Ambient
import CallJobs
package import CallStore
import Foundation
package import JobQueue
package import JobWorker
import Logging

/// Runs `export` jobs.
///
/// The file is made outside the transaction, under a name that carries the delivery's fence; the
/// job's ledger row and the row that names the file are committed together. So a job that is
/// delivered twice has one winning file, and upkeep removes the others.
package struct ExportHandler: JobHandler {
    package typealias Effect = StoreChange

    /// How long a job waits for room on the disk, or for the store.
    static let pause = Duration.seconds(30)

    private let store: CallStore
    private let settings: ExportSettings

    package init(store: CallStore, settings: ExportSettings) {
        self.store = store
        self.settings = settings
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.export.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.export.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let arguments: ExportArguments
        do throws(ArgumentsError) {
            arguments = try ExportArguments(of: job)
        } catch {
            return .unreadable(error)
        }
        let zoneName = arguments.timeZone ?? settings.timeZone
        guard let zone = TimeZone(identifier: zoneName) else {
            return .dead(reason: "argument timeZone: expected an IANA name like Europe/Berlin")
        }
        do {
            let plan = ExportPlan(
                job: job,
                arguments: arguments,
                zone: zone,
                fence: context.fence,
                now: context.ambient.now(),
                settings: settings
            )
            let record = try await write(plan)
            context.logger.info(
                "wrote an export",
                metadata: ["file": "\(record.fileName)", "rows": "\(record.rows)"]
            )
            return .done { writer in try writer.add(record) }
        } catch ExportError.noRoom {
            return .snooze(after: Self.pause, reason: "no room on the disk of the exports folder")
        } catch let error as ExportError {
            return .retry(reason: "\(error)")
        } catch let error as StoreError {
            return try Self.result(of: error)
        }
    }

    private static func result(of error: StoreError) throws -> HandlerResult<StoreChange> {
        switch error {
        case .unavailable(let reason): return .snooze(after: pause, reason: reason)
        case .cancelled: throw CancellationError()
        default: return .retry(reason: "\(error)")
        }
    }

    /// Writes the file and its manifest; both are whole and on the disk when this returns.
    private func write(_ plan: ExportPlan) async throws -> ExportRecord {
        try AtomicFile.makeFolder(settings.folder)
        let fields = CallExport.fields
        let written = try await store.withCalls(plan.arguments.filter, fields: fields) { rows in
            let file = try AtomicFile(finalPath: plan.path)
            let count = try CallExport(zone: plan.zone).write(rows, to: file)
            let bytes = file.bytes
            return (rows: count, bytes: bytes, sha256: try file.finish())
        }
        let record = plan.record(
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let manifest = try AtomicFile(finalPath: plan.manifestPath)
        try manifest.write(Array(try encoder.encode(plan.manifest(of: record))))
        _ = try manifest.finish()
        try AtomicFile.synchronize(folder: settings.folder)
        return record
    }
}

/// One export: its names, its times and what its manifest says.
struct ExportPlan: Sendable {
    let arguments: ExportArguments
    let zone: TimeZone
    private let jobID: String
    private let folder: String
    private let createdMilliseconds: Int64
    private let expiresMilliseconds: Int64
    private let fileName: String
    private let manifestName: String

    init(
        job: Job,
        arguments: ExportArguments,
        zone: TimeZone,
        fence: Int64,
        now: Date,
        settings: ExportSettings
    ) {
        self.arguments = arguments
        self.zone = zone
        jobID = job.id.text
        folder = settings.folder
        createdMilliseconds = Int64((now.timeIntervalSince1970 * 1000).rounded(.down))
        expiresMilliseconds = createdMilliseconds + settings.expiry.components.seconds * 1000
        let stamp = String(decoding: TimeText.utc(createdMilliseconds / 1000), as: UTF8.self)
            .filter { $0 != "-" && $0 != ":" }
        let base = "\(arguments.subject.rawValue)-\(stamp)-\(fence)"
        fileName = base + ".csv"
        manifestName = base + ".manifest.json"
    }

    var path: String { folder + "/" + fileName }

    var manifestPath: String { folder + "/" + manifestName }

    func record(rows: Int64, bytes: Int64, sha256: String) -> ExportRecord {
        ExportRecord(
            jobID: jobID,
            what: arguments.subject.rawValue,
            dialect: arguments.dialect.rawValue,
            fileName: fileName,
            manifestName: manifestName,
            rows: rows,
            bytes: bytes,
            sha256: sha256,
            filter: arguments.filterText,
            createdBy: arguments.person,
            createdMilliseconds: createdMilliseconds,
            expiresMilliseconds: expiresMilliseconds
        )
    }

    func manifest(of record: ExportRecord) -> ExportManifest {
        ExportManifest(
            manifestVersion: ExportManifest.versionKnown,
            file: record.fileName,
            what: record.what,
            dialect: record.dialect,
            rows: record.rows,
            bytes: record.bytes,
            sha256: record.sha256,
            columns: CallExport.columns,
            filter: ExportManifest.Filter(
                text: record.filter,
                fields: arguments.filterFields
            ),
            timeZone: zone.identifier,
            definitionVersion: ExportManifest.definitionVersion,
            createdBy: record.createdBy,
            createdAt: Self.text(record.createdMilliseconds),
            expiresAt: Self.text(record.expiresMilliseconds),
            personalData: true,
            job: record.jobID
        )
    }

    private static func text(_ milliseconds: Int64) -> String {
        String(decoding: TimeText.utc(milliseconds / 1000), as: UTF8.self)
    }
}

extension ExportArguments {
    /// What the filter lets through, as the arguments name it.
    var filterFields: [String: String] {
        var texts: [String: String] = [:]
        for (name, value) in fields where !["what", "dialect", "by", "timeZone"].contains(name) {
            switch value {
            case .text(let text): texts[name] = text
            case .integer(let number) where name == "from" || name == "to":
                texts[name] = String(decoding: TimeText.utc(number), as: UTF8.self)
            case .integer(let number): texts[name] = String(number)
            default: preconditionFailure("A filter holds texts and whole numbers.")
            }
        }
        return texts
    }

    /// The filter in words.
    var filterText: String {
        let parts = filterFields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return parts.isEmpty ? "all calls" : parts.joined(separator: ", ")
    }
}
