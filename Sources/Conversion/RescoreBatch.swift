import Ambient
import CallJobs
import CallStore
import JobQueue

/// One batch of a scoring anew: up to 500 calls in order of ids, then the next job.
///
/// The batch, its place and the job after it are one transaction, which only the first of several
/// deliveries makes: the place must be where the batch began. So however often it is killed,
/// cancelled and resumed, each call is scored once.
struct RescoreBatch {
    /// Calls of one batch.
    static let size = 500

    let store: CallStore
    let library: RuleLibrary
    let ambient: Ambient

    /// What a job of the scoring changes; nothing when it does not run any more.
    ///
    /// - Throws: `StoreError.notFound` for a scoring or a version that is not there.
    func change(_ id: RescoreID, lane: Lane) async throws(StoreError) -> StoreChange {
        let began = ambient.elapsed()
        guard let rescore = try await store.rescore(id) else {
            throw .notFound(what: "scoring \(id)")
        }
        guard rescore.state == .running else { return { _ in } }
        let order = rescore.order
        guard let rules = try await library.rules(order.version) else {
            throw .notFound(what: "rules \(order.version)")
        }
        let calls = try await store.callsToJudge(
            fromUnix: order.fromUnix,
            toUnix: order.toUnix,
            after: rescore.position,
            upTo: rescore.last,
            limit: Self.size
        )
        let judged = calls.map { ($0, rules.judge(CallFacts($0))) }
        let elapsed = ambient.elapsed
        return { writer in
            // Ended or moved on meanwhile: this delivery is a late one and has nothing to do.
            guard let now = try writer.rescore(id), now.state == .running,
                now.position == rescore.position
            else { return }
            let locked =
                order.closedReason == nil ? try writer.lockedStarts() : LockedStarts()
            var tally = RescoreTally()
            for (call, judgement) in judged {
                tally.lookedAt += 1
                if locked.contains(call.call.record) {
                    tally.locked += 1
                    continue
                }
                guard let now = try writer.callToJudge(call.call.id) else { continue }
                if now.isSettled {
                    tally.locked += 1
                    continue
                }
                // One that changed since it was read is judged here.
                let isSame = now.call.revision == call.call.revision
                let present = isSame ? judgement : rules.judge(CallFacts(now))
                tally.add(try Self.score(now, present, id, writer))
            }
            try writer.advance(
                id,
                from: rescore.position,
                to: judged.last?.0.call.id,
                tally,
                workedMilliseconds: (elapsed() - began).wholeMilliseconds
            )
            if !judged.isEmpty {
                try writer.addToOutbox(OutboxJob(ConversionArguments.rescore(id), lane: lane))
            }
        }
    }

    /// Writes what a call is judged to be, and what that changes.
    ///
    /// Where the store left the call as it was, there is no change: no figure would follow it.
    private static func score(
        _ call: CallToJudge,
        _ judgement: Judgement,
        _ id: RescoreID,
        _ writer: StoreWriter
    ) throws -> RescoreChange? {
        let judged = try writer.judge(call.call.id, seen: call.call.revision, judgement)
        let after = EffectiveOutcome(labels: call.labels, verdicts: judgement.verdicts)
        guard judged == .changed, let change = RescoreChange(call, to: after) else { return nil }
        try writer.add(change, to: id)
        return change
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
