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
                tally.add(try Self.score(call, judgement, rules, id, writer))
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

    /// Writes what a call is judged to be; a call that changed since it was read is judged here.
    private static func score(
        _ read: CallToJudge,
        _ judgement: Judgement,
        _ rules: RuleSet,
        _ id: RescoreID,
        _ writer: StoreWriter
    ) throws -> RescoreChange? {
        guard let now = try writer.callToJudge(read.call.id) else { return nil }
        let judgement =
            now.call.revision == read.call.revision ? judgement : rules.judge(CallFacts(now))
        let after = EffectiveOutcome(labels: now.labels, verdicts: judgement.verdicts)
        try writer.judge(now.call.id, seen: now.call.revision, judgement)
        guard let change = RescoreChange(now, to: after) else { return nil }
        try writer.add(change, to: id)
        return change
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
