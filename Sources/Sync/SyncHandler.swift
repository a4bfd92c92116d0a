import Ambient
import CallJobs
package import CallStore
import ElevenLabs
import Foundation
package import JobQueue
package import JobWorker
import Logging

/// Brings conversations from the upstream into the store.
///
/// One job reads one page of the list, or one conversation, or one webhook of the inbox; a walk
/// through many pages hands on from page to page by follow-on jobs in the same transaction, so
/// that a crash repeats at most one page and memory stays that of one page.
package struct SyncHandler: JobHandler {
    package typealias Effect = StoreChange

    let source: any ConversationSource
    let store: CallStore
    let reader: CallReader

    package init(source: any ConversationSource, store: CallStore, reader: CallReader) {
        self.source = source
        self.store = store
        self.reader = reader
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.sync.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.sync.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let arguments: SyncArguments
        do throws(ArgumentsError) {
            arguments = try SyncArguments(of: job)
        } catch {
            return .unreadable(error)
        }
        do {
            return try await run(arguments, SyncRun(job: job, context: context))
        } catch let error as StoreError {
            switch error {
            case .unavailable(let reason):
                return .snooze(after: SyncLimits.storePause, reason: reason)
            case .cancelled: throw CancellationError()
            default: throw error
            }
        }
    }

    private func run(
        _ arguments: SyncArguments,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        switch arguments {
        case .recent: try await startPoll(.recent, run)
        case .last(let seconds): try await startPoll(.last(seconds: seconds), run)
        case .range(let range): try await startRange(range, run)
        case .page(let page): try await goOn(page, run)
        case .conversation(let identity): try await fetch(identity, run)
        case .inbox(let id): try await receive(id, run)
        case .erase(let identity): try await erase(identity, run)
        }
    }

    /// Whether the upstream refused us so short ago that asking again is no use.
    func restsFromHalt(_ workspace: String, _ run: SyncRun) async throws -> Bool {
        guard let halt = try await store.upstreamHalt(in: workspace) else { return false }
        let age = run.context.ambient.unixMilliseconds - halt.atMilliseconds
        return age < SyncLimits.haltTrustMilliseconds
    }

    /// Notes a refusal that only a person can lift, and puts the work aside.
    ///
    /// The first refusal says so loudly, once; polls end here and come back by their schedule,
    /// other work comes back after a rest.
    func halted(
        _ reason: String,
        workspace: String,
        again: SyncArguments?,
        endingWalk: String? = nil,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        if try await store.upstreamHalt(in: workspace) == nil {
            run.context.logger.critical(
                "The upstream refuses us; polling rests until somebody helps.",
                metadata: ["reason": "\(reason)"]
            )
        }
        var change = run.change(workspace: workspace)
        change.haltReason = reason
        change.pollWalk = endingWalk.map { ($0, nil) }
        if let again { change.next = [(again, SyncLimits.haltPause)] }
        change.slice = again?.slice
        return done(change)
    }

    /// The result of a job that got this far.
    func done(_ change: SyncChange) -> HandlerResult<StoreChange> {
        .done { writer in try change.write(with: writer) }
    }
}

/// One attempt, with what surrounds it.
struct SyncRun {
    let job: Job
    let context: JobContext

    /// An empty change in the job's lane.
    func change(workspace: String, _ reading: PageReading = PageReading()) -> SyncChange {
        var change = SyncChange(reading: reading, workspace: workspace, lane: job.lane)
        change.fence = context.fence
        return change
    }
}
