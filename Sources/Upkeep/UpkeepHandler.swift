import Ambient
import CallJobs
package import CallStore
import Foundation
package import JobQueue
package import JobWorker
import Logging

/// Runs `upkeep` jobs: removes what has been kept long enough.
///
/// Each job removes one bounded batch in the transaction of its ledger row and, when there may be
/// more, adds the next job to the outbox in the same transaction.
package struct UpkeepHandler: JobHandler {
    package typealias Effect = StoreChange

    /// How long a job waits for a store that is away.
    static let pause = Duration.seconds(30)

    let store: CallStore
    private(set) var settings: UpkeepSettings
    let copies: JobCopies
    let errands: UpkeepErrands

    /// - Parameters:
    ///   - store: What is tidied.
    ///   - settings: How long things are kept.
    ///   - jobs: The queues, for erasures that were interrupted.
    ///   - errands: What is done outside of the store.
    package init(
        store: CallStore,
        settings: UpkeepSettings,
        jobs: JobCopies = .none,
        errands: UpkeepErrands = .none
    ) {
        self.store = store
        self.settings = settings
        copies = jobs
        self.errands = errands
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.upkeep.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.upkeep.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let arguments: UpkeepArguments
        do throws(ArgumentsError) {
            arguments = try UpkeepArguments(of: job)
        } catch {
            return .unreadable(error)
        }
        do {
            var handler = self
            handler.settings.keep(as: try await store.retentionSettings())
            return try await handler.run(arguments, context)
        } catch let error as StoreError {
            switch error {
            case .unavailable(let reason): return .snooze(after: Self.pause, reason: reason)
            case .cancelled: throw CancellationError()
            default: return .retry(reason: "\(error)")
            }
        } catch let problem as ErasureProblem {
            return .retry(reason: "\(problem)")
        } catch let error as QueueError {
            return .retry(reason: "\(error)")
        } catch let error as ExportFolder.Failure {
            return .retry(reason: "\(error)")
        }
    }

    private func run(
        _ arguments: UpkeepArguments,
        _ context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let task = arguments.task
        switch task {
        case .retention:
            return .done { writer in
                for task in UpkeepArguments.Task.allCases where task.isRetention {
                    try writer.addToOutbox(Self.next(task))
                }
            }
        case .rawBodies: return .done(batches(of: task, rawBodies))
        case .inbox: return .done(batches(of: task, inbox))
        case .ledger: return .done(batches(of: task, ledger))
        case .jobs: return .done(batches(of: task, jobs))
        case .exports: return try await exports(context)
        case .numbers:
            return try await expire(.numbers, settings.numbers, arguments, context)
        case .transcripts:
            return try await expire(.transcripts, settings.transcripts, arguments, context)
        case .texts: return .done(texts(after: arguments.after))
        case .courses: return try await courses()
        case .recipientNumbers:
            return try await expire(.recipients, settings.numbers, arguments, context)
        case .rekeyCalls: return try await rekey(.parties, arguments)
        case .rekeyRecipients: return try await rekey(.recipients, arguments)
        case .erasures: return try await finishErasures(context)
        case .events: return .done(batches(of: task, events))
        case .deliver:
            guard let endpoint = arguments.endpoint else {
                return .discard(reason: "no endpoint is named")
            }
            return try await errands.deliver(endpoint, context)
        case .sendExport:
            guard let export = arguments.export else {
                return .discard(reason: "no export is named")
            }
            return try await errands.sendExport(export, context)
        case .alerts: return try await errands.alerts(context)
        case .digest: return try await errands.digest(context)
        case .database:
            try await store.optimize()
            let left = try await store.checkpoint()
            if left > 0 {
                context.logger.debug(
                    "readers keep pages in the log",
                    metadata: ["pages": "\(left)"]
                )
            }
            return .done { _ in }
        }
    }

    private typealias Batch = @Sendable (StoreWriter, _ limit: Int) throws -> Int

    private static func next(_ task: UpkeepArguments.Task) -> OutboxJob {
        OutboxJob(UpkeepArguments(task), lane: .low)
    }

    /// Removes up to a batch of each part, and hands on when one of them was full.
    private func batches(of task: UpkeepArguments.Task, _ parts: [Batch]) -> StoreChange {
        let limit = settings.batch
        return { writer in
            var isFull = false
            var removed = 0
            for part in parts {
                let count = try part(writer, limit)
                removed += count
                if count >= limit { isFull = true }
            }
            try writer.reportRetention(of: task.rawValue, removed: removed)
            if isFull { try writer.addToOutbox(Self.next(task)) }
        }
    }

    private var rawBodies: [Batch] {
        let settings = settings
        return RawBody.Kind.allCases.map { kind in
            { writer, limit in
                let kept = kind == .webhook ? settings.webhookBodies : settings.rawBodies
                return try writer.removeRawBodies(
                    kind,
                    receivedBefore: writer.moment(kept),
                    unreadableBefore: writer.moment(max(kept, settings.rawBodies)),
                    limit: limit
                )
            }
        }
    }

    private var inbox: [Batch] {
        let settings = settings
        return [
            { writer, limit in
                try writer.removeInbox(
                    .done,
                    settledBefore: writer.moment(settings.webhookBodies),
                    limit: limit
                )
            },
            { writer, limit in
                try writer.removeInbox(
                    .dead,
                    settledBefore: writer.moment(settings.deadInbox),
                    limit: limit
                )
            },
            { writer, limit in
                try writer.removeTracked(
                    startedBefore: writer.moment(settings.numbers) / 1_000,
                    limit: limit
                )
            },
        ]
    }

    private var ledger: [Batch] {
        let settings = settings
        return [
            { writer, limit in
                try writer.removeLedger(
                    finishedBefore: writer.moment(settings.ledger),
                    limit: limit
                )
            },
            { writer, limit in
                try writer.removeOutbox(
                    createdBefore: writer.moment(settings.ledger),
                    limit: limit
                )
            },
        ]
    }

    /// One step of the index of words, and on to the next.
    private func texts(after steps: Int64) -> StoreChange {
        let limit = settings.batch
        return { writer in
            let isUnfilled = try writer.indexTexts(limit: limit)
            let hasMore = try isUnfilled ? true : writer.mergeTexts()
            // What is left then, the next night goes on with.
            guard hasMore, steps < UpkeepSettings.textStepsMax else { return }
            try writer.addToOutbox(
                OutboxJob(UpkeepArguments(.texts, after: steps + 1), lane: .low)
            )
        }
    }

    private var events: [Batch] {
        let settings = settings
        return [
            { writer, limit in
                try writer.removeEvents(before: writer.moment(settings.ledger), limit: limit)
            }
        ]
    }

    private var jobs: [Batch] {
        let settings = settings
        return [
            { writer, limit in
                try writer.removeIndexedJobs(
                    changedBefore: writer.moment(settings.jobIndex),
                    limit: limit
                )
            }
        ]
    }

    /// Removes files whose time is over, then says so; and files that no row names.
    ///
    /// The files go first: a crash in between is repaired by the next job, while a row that says
    /// "expired" beside a file that is still there would never be looked at again.
    private func exports(_ context: JobContext) async throws -> HandlerResult<StoreChange> {
        let folder = ExportFolder(path: settings.exportsFolder)
        let expired = try await store.expiredExports(limit: settings.batch)
        try folder.remove(expired.flatMap { [$0.fileName, $0.manifestName] })
        let age = TimeInterval(settings.strayFiles.components.seconds)
        let old = try folder.files(writtenBefore: context.ambient.now().addingTimeInterval(-age))
        let named = try await store.exportFiles(among: old)
        let strays = old.filter { !named.contains($0) }
        try folder.remove(strays)
        if !expired.isEmpty || !strays.isEmpty {
            context.logger.info(
                "removed files of exports",
                metadata: ["expired": "\(expired.count)", "strays": "\(strays.count)"]
            )
        }
        let ids = expired.map(\.id)
        let settings = settings
        let isFull = ids.count >= settings.batch
        return .done { writer in
            try writer.markExpired(ids)
            try writer.reportRetention(of: "exports", removed: ids.count + strays.count)
            let removed = try writer.removeExports(
                expiredBefore: writer.moment(settings.exportRecords),
                limit: settings.batch
            )
            if isFull || removed >= settings.batch {
                try writer.addToOutbox(Self.next(.exports))
            }
        }
    }
}

extension StoreWriter {
    /// The moment so long before this transaction, Unix milliseconds.
    fileprivate func moment(_ ago: Duration) -> Int64 { nowMilliseconds - ago.wholeMilliseconds }
}
