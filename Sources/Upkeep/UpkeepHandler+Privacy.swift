import Ambient
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging

extension UpkeepHandler {
    /// Most erasures that one job takes up.
    private static let erasuresMax = 100

    /// Removes a batch of what was kept long enough, and hands on behind it.
    func expire(
        _ what: ExpiringClass,
        _ kept: Duration,
        _ arguments: UpkeepArguments,
        _ context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let now = context.ambient.now().timeIntervalSince1970
        let ids = try await store.expired(
            what,
            before: Int64(now) - kept.components.seconds,
            after: arguments.after,
            limit: settings.batch
        )
        guard let last = ids.last else { return .done { _ in } }
        context.logger.info(
            "removed what was kept long enough",
            metadata: ["class": "\(what.rawValue)", "rows": "\(ids.count)"]
        )
        let isFull = ids.count >= settings.batch
        return .done { writer in
            try writer.expire(what, ids)
            try writer.reportRetention(of: what.rawValue, removed: ids.count)
            if isFull {
                try writer.addToOutbox(
                    OutboxJob(UpkeepArguments(arguments.task, after: last), lane: .low)
                )
            }
        }
    }

    /// Gives a batch of rows the caller keys of the secret in force, and hands on behind it.
    func rekey(
        _ table: KeyedTable,
        _ arguments: UpkeepArguments
    ) async throws -> HandlerResult<StoreChange> {
        // Each night's look, when no secret has changed.
        guard try await store.needsRekey(table) else { return .done { _ in } }
        let limit = settings.batch
        return .done { writer in
            let (_, last) = try writer.rekey(table, after: arguments.after, limit: limit)
            if let last {
                try writer.addToOutbox(
                    OutboxJob(UpkeepArguments(arguments.task, after: last), lane: .low)
                )
            }
        }
    }

    /// Finishes the erasures that nobody works on any more.
    ///
    /// Their steps have transactions of their own: a step that was made twice changes nothing.
    func finishErasures(_ context: JobContext) async throws -> HandlerResult<StoreChange> {
        let eraser = Eraser(
            store: store,
            exportsFolder: settings.exportsFolder,
            jobs: copies,
            ambient: context.ambient
        )
        for erasure in try await store.openErasures(limit: Self.erasuresMax) {
            let done = try await eraser.run(erasure.id)
            context.logger.notice(
                "An interrupted erasure is finished",
                metadata: ["erasure": "\(done.id)", "calls": "\(done.report.calls)"]
            )
        }
        return .done { _ in }
    }
}

extension StoreWriter {
    /// Tells the audit log how much was removed because its time was over.
    func reportRetention(of what: String, removed: Int) throws {
        guard removed > 0 else { return }
        try audit(
            AuditNote(
                actor: "upkeep",
                action: "retention",
                object: "class:\(what)",
                after: ["removed": .integer(Int64(removed))]
            )
        )
    }
}
