import Ambient
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Traces

/// Looks at the running stack again and again: shows changes, and enqueues what is due once.
struct StackWatcher {
    /// Looks between two lines of the summary, between two trims of the logs.
    private static let summaryEvery = 5
    private static let trimEvery = 30

    /// How long the first export waits for the queues to be empty once the backfill is through.
    ///
    /// Live calls may keep them from ever being empty.
    private static let exportPatience = Duration.seconds(60)

    private let stack: Stack
    private let folder: UpFolder
    private let logs: ChildLogs
    private var round = 0
    private var lastSummary = ""
    private var lastTrouble = ""
    private var lastHalt: String?
    private var opened: (queues: OpenQueues, store: CallStore, probe: StatusProbe)?
    private var backfilledAt: Duration?

    init(stack: Stack, folder: UpFolder, logs: ChildLogs) {
        self.stack = stack
        self.folder = folder
        self.logs = logs
    }

    /// One look; what fails is said once and tried again with the next.
    mutating func look() async {
        defer { round += 1 }
        do {
            if round.isMultiple(of: Self.trimEvery) { try logs.trim() }
            let opened = try await open()
            try await enqueueOnce(opened.queues, opened.store)
            if round.isMultiple(of: Self.summaryEvery) {
                let summary = try await opened.probe.report().summaryLine
                if summary != lastSummary { stack.say(summary) }
                lastSummary = summary
                let halt = try await opened.store.upstreamHalt()?.reason
                if let halt, halt != lastHalt {
                    stack.say("ATTENTION: polling stands still: \(halt)")
                }
                lastHalt = halt
            }
            lastTrouble = ""
        } catch {
            let line = CommandFailure.failure(error).line
            if line != lastTrouble, !stack.host.shutdown.isRequested {
                stack.say("cannot look: \(line)")
            }
            lastTrouble = line
        }
    }

    /// Ends what was opened.
    mutating func close() async {
        guard let opened else { return }
        await opened.queues.close()
        do {
            try opened.store.close()
        } catch {
            stack.say("the store did not close: \(error)")
        }
        self.opened = nil
    }

    private mutating func open() async throws -> (
        queues: OpenQueues, store: CallStore, probe: StatusProbe
    ) {
        if let opened { return opened }
        let queues = try await stack.host.openQueues(patience: RedisAccess.commandPatience)
        do {
            let store = try await stack.host.openStore()
            let probe = try StatusProbe(queues: queues, store: store, host: stack.host)
            let new = (queues, store, probe)
            opened = new
            return new
        } catch {
            await queues.close()
            throw error
        }
    }

    // MARK: Once

    /// Enqueues the first backfill, and the first export when the first calls are through.
    ///
    /// The ids are fixed, so the ledger makes one of two if `up` dies between enqueueing and
    /// noting; and what the ledger has is noted in the folder, for the ledger forgets.
    private mutating func enqueueOnce(_ queues: OpenQueues, _ store: CallStore) async throws {
        guard var state = try folder.state(), !state.hasBackfill || !state.hasExport else { return }
        let backfill = try JobID("up-first-backfill")
        let export = try JobID("up-first-export")
        let done = try await store.finished(among: [backfill, export])
        if !state.hasBackfill {
            guard done.contains(backfill) else {
                try await offer(backfillJob(backfill), to: queues[.sync])
                return
            }
            state.hasBackfill = true
            try folder.keep(state)
        }
        if done.contains(export) {
            state.hasExport = true
            try folder.keep(state)
        } else if try await isThrough(queues, store) {
            try await offer(exportJob(export), to: queues[.export])
        }
    }

    /// Puts a job in unless it waits, runs or is dead already.
    private func offer(_ job: NewJob, to queue: any ManagedQueue) async throws {
        // The unique key holds off a second copy while the first is in the queue; a dead one is
        // left for a person to look at.
        if let record = try await queue.job(job.id), record.state == .dead { return }
        let call = try EnqueueCallID(stack.host.ambient.newID().uuidString.lowercased())
        _ = try await queue.enqueue([job], call: call)
    }

    private func backfillJob(_ id: JobID) throws -> NewJob {
        let now = Int64(stack.host.ambient.now().timeIntervalSince1970)
        // A day more than the simulator makes and people expect: the edges are not lost.
        let from = now - Int64(UpOptions.days + 1) * 86_400
        return NewJob(
            id: id,
            kind: JobKind.sync.rawValue,
            payload: try ArgumentText.payload(["from=\(from)", "to=\(now)"]),
            unique: try UniqueKey("up-first-backfill"),
            uniqueHorizon: JobKind.sync.policy.uniqueHorizon,
            trace: TraceContext.ofNewJob(from: stack.host.ambient).traceparent
        )
    }

    private func exportJob(_ id: JobID) throws -> NewJob {
        NewJob(
            id: id,
            kind: JobKind.export.rawValue,
            payload: try ArgumentText.payload(["what=calls", "by=up"]),
            unique: try UniqueKey("up-first-export"),
            uniqueHorizon: JobKind.export.policy.uniqueHorizon,
            trace: TraceContext.ofNewJob(from: stack.host.ambient).traceparent
        )
    }

    /// Whether the first calls have been fetched, credited and judged.
    ///
    /// The outbox holds a row for every follow-on job until the ledger has it, so an empty one
    /// and empty queues mean that all of them are done.
    private mutating func isThrough(_ queues: OpenQueues, _ store: CallStore) async throws -> Bool {
        let now = stack.host.ambient.elapsed()
        let since = backfilledAt ?? now
        backfilledAt = since
        let counts = try await store.counts()
        guard counts.total > 0, counts.attributed + counts.conversions > 0 else { return false }
        if now - since > Self.exportPatience { return true }
        guard try await store.health().outboxWaiting == 0 else { return false }
        for kind in [JobKind.sync, .attribution, .conversion] {
            let figures = try await queues[kind].figures()
            let open = figures.ready.values.reduce(0, +) + figures.suspects + figures.running
            guard open == 0 else { return false }
        }
        return true
    }
}
