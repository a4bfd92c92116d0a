import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobWorker
import Logging

extension SyncHandler {
    /// Asks the upstream to delete a conversation whose caller was erased here.
    ///
    /// At least once: an answer that is lost makes it ask again, and a conversation that is gone is
    /// as good as one that was deleted.
    func erase(
        _ identity: CallIdentity,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        guard try await store.isErased(identity) else {
            return .dead(reason: "only conversations of an erased caller are deleted upstream")
        }
        if try await restsFromHalt(identity.workspace, run) {
            var change = run.change(workspace: identity.workspace)
            change.next = [(.erase(identity), SyncLimits.haltPause)]
            return done(change)
        }
        do throws(ElevenLabsError) {
            try await source.deleteConversation(identity.conversationID)
            return .done { try $0.note(.deleted, of: identity) }
        } catch {
            switch Refusal(error) {
            case .gone: return .done { try $0.note(.gone, of: identity) }
            case .halted(let reason):
                return try await halted(
                    reason,
                    workspace: identity.workspace,
                    again: .erase(identity),
                    run
                )
            case .later(let wait, let reason): return .snooze(after: wait, reason: reason)
            case .resting(let wait): return .rest(after: wait, reason: Refusal.restingReason)
            case .failed(let reason, let wait): return .retry(reason: reason, notBefore: wait)
            case .rejected(let reason):
                run.context.logger.error(
                    "The upstream does not delete a conversation of an erased caller",
                    metadata: [
                        "conversation": "\(identity.conversationID)", "reason": "\(reason)",
                    ]
                )
                return .done { try $0.note(.refused, of: identity) }
            case .cancelled: throw CancellationError()
            }
        }
    }
}
