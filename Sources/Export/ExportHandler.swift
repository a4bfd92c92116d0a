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
        let now = Int64((context.ambient.now().timeIntervalSince1970 * 1000).rounded(.down))
        let fence = context.fence
        let make = { @Sendable (created: Int64) in
            ExportPlan(
                job: job,
                arguments: arguments,
                zone: zone,
                fence: fence,
                createdMilliseconds: created,
                settings: settings
            )
        }
        do {
            return try await finish(try await write(make, now: now, context.logger), context.logger)
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

    private typealias Planning = @Sendable (_ createdMilliseconds: Int64) -> ExportPlan

    private struct Outcome: Sendable {
        var plan: ExportPlan
        var written: ExportRun.Written
        var columns: [String]
        var cursor: Int64?
        var former: [String] = []
    }

    /// Writes the file; it is whole and on the disk when this returns.
    private func write(
        _ plan: @escaping Planning,
        now: Int64,
        _ logger: Logger
    ) async throws -> Outcome {
        let fresh = plan(now)
        try AtomicFile.makeFolder(settings.folder)
        try AtomicFile.makeFolder(fresh.finalFolder)
        switch fresh.arguments.subject {
        case .calls, .conversions, .transcripts: return try await calls(plan, fresh, logger)
        case .campaigns:
            let written = try await store.look { look in
                try CampaignExport(dialect: fresh.arguments.dialect).write(look, fresh)
            }
            return Outcome(plan: fresh, written: written, columns: CampaignExport.columns)
        case .feed:
            let since: Int64
            switch fresh.arguments.since {
            case .cursor(let cursor): since = cursor
            case .last:
                since = try await store.lastExportCursor(
                    what: fresh.arguments.subject.rawValue,
                    dialect: fresh.arguments.profile.rawValue
                )
            }
            let written = try await store.look { look in
                try FeedExport(profile: fresh.arguments.profile, zone: fresh.zone)
                    .write(look, since: since, fresh)
            }
            return Outcome(
                plan: fresh,
                written: written,
                columns: FeedExport.columns(of: fresh.arguments.profile),
                cursor: written.mark
            )
        }
    }

    /// Goes on with what a former delivery left, or begins.
    private func calls(
        _ plan: @escaping Planning,
        _ fresh: ExportPlan,
        _ logger: Logger
    ) async throws -> Outcome {
        let former = ExportProgress.all(
            ofJob: fresh.jobID,
            below: fresh.fence,
            in: settings.folder
        )
        let columns = CallFormat.columns(of: fresh.arguments.subject)
        let bases = former.map(\.base)
        for progress in former where progress.timeZone == fresh.zone.identifier {
            let resumed = plan(progress.createdMilliseconds)
            let run = exportRun(resumed, logger)
            if let written = try await store.look({ try run.resume(progress, in: $0) }) {
                return Outcome(plan: resumed, written: written, columns: columns, former: bases)
            }
        }
        let run = exportRun(fresh, logger)
        let written = try await store.look { try run.begin(in: $0) }
        return Outcome(plan: fresh, written: written, columns: columns, former: bases)
    }

    private func exportRun(_ plan: ExportPlan, _ logger: Logger) -> ExportRun {
        ExportRun(
            plan: plan,
            folder: settings.folder,
            partCalls: settings.partCalls,
            logger: logger
        )
    }

    /// Writes the manifest and removes what only an unfinished export needs.
    private func finish(
        _ outcome: Outcome,
        _ logger: Logger
    ) async throws -> HandlerResult<StoreChange> {
        let plan = outcome.plan
        for base in outcome.former + [plan.base] {
            ExportProgress.remove(base, fileExtension: plan.fileExtension, in: settings.folder)
        }
        if outcome.written.rows == 0, !plan.arguments.writesEmpty {
            unlink(plan.path)
            logger.info("nothing to export")
            return .done { _ in }
        }
        let record = plan.record(of: outcome.written, cursor: outcome.cursor)
        let manifest = plan.manifest(of: record, outcome.written, columns: outcome.columns)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let file = try AtomicFile(
            finalPath: plan.manifestPath,
            temporaryPath: plan.manifestTemporaryPath
        )
        try file.write(Array(try encoder.encode(manifest)))
        _ = try file.finish()
        try AtomicFile.synchronize(folder: plan.finalFolder)
        logger.info(
            "wrote an export",
            metadata: ["file": "\(record.fileName)", "rows": "\(record.rows)"]
        )
        let channels = plan.arguments.channels.sorted { $0.rawValue < $1.rawValue }
        return .done { writer in
            let id = try writer.add(record)
            for channel in channels {
                let delivery = ExportDelivery(export: id, channel: channel)
                try writer.addToOutbox(OutboxJob(UpkeepArguments(sending: delivery)))
            }
        }
    }
}
