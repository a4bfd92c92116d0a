import Ambient
import CallJobs
package import CallStore
package import JobQueue
package import JobWorker

/// Judges calls by the conversion rules.
///
/// Reads the present state of each call, evaluates, and has the verdicts written where the call is
/// as it was read. Labels that people gave go before the rules; the store sees to that.
///
/// A call is judged by the version in use when it is judged first, and by that one again when it
/// changes; only a scoring anew gives it to another version.
package struct ConversionHandler: JobHandler {
    package typealias Effect = StoreChange

    /// Calls that one sweep job judges before it hands on.
    package static let sweepBatch = 200

    /// How long to wait when the store cannot be read: nobody's attempt.
    private static let storePause = Duration.seconds(5)

    private let store: CallStore
    private let library: RuleLibrary

    /// `library` is asked for the rules at the start of each job.
    package init(store: CallStore, library: RuleLibrary) {
        self.store = store
        self.library = library
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.conversion.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.conversion.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let arguments: ConversionArguments
        do throws(ArgumentsError) {
            arguments = try ConversionArguments(of: job)
        } catch {
            return .unreadable(error)
        }
        do throws(StoreError) {
            switch arguments {
            case .selection(let selection):
                return .done(try await judge(selection, lane: job.lane))
            case .rescore(let id):
                let batch = RescoreBatch(store: store, library: library, ambient: context.ambient)
                return .done(try await batch.change(id, lane: job.lane))
            }
        } catch {
            switch error {
            case .unavailable(let reason):
                return .snooze(after: Self.storePause, reason: reason)
            case .cancelled: throw CancellationError()
            default: throw error
            }
        }
    }

    private func judge(
        _ selection: CallSelection,
        lane: Lane
    ) async throws(StoreError) -> StoreChange {
        let rules = try await library.inUse()
        let ids = try await calls(selection, rules.active)
        var judged: [Judged] = []
        for call in try await store.callsToJudge(ids) {
            judged.append(try await judge(call, by: rules))
        }
        return Self.change(
            judged,
            by: [rules.active, rules.shadow].compactMap { $0?.stored },
            next: Self.next(selection, ids),
            lane: lane
        )
    }

    private func calls(
        _ selection: CallSelection,
        _ rules: RuleSet
    ) async throws(StoreError) -> [CallID] {
        switch selection {
        case .calls(let ids): ids
        case .open(let after):
            try await store.unjudged(
                followsCampaigns: rules.dependsOnCampaigns,
                after: after,
                limit: Self.sweepBatch
            )
        case .range(let from, let to, let after):
            try await store.callIDs(
                fromUnix: from,
                toUnix: to,
                after: after,
                limit: Self.sweepBatch
            )
        }
    }

    /// What one call was judged to be, and what was seen when it was.
    private struct Judged: Sendable {
        var call: CallID
        var seen: CallRevision
        var judgement: Judgement

        /// What the shadow says of it.
        var note: Judgement?
    }

    private func judge(_ call: CallToJudge, by rules: RulesInUse) async throws(StoreError) -> Judged
    {
        var active = rules.active
        if let version = call.call.conversion?.ruleVersion, version != active.version,
            let before = try await library.rules(version)
        {
            active = before
        }
        let facts = CallFacts(call)
        return Judged(
            call: call.call.id,
            seen: call.call.revision,
            judgement: active.judge(facts),
            note: rules.shadow?.judge(facts)
        )
    }

    /// Where a walk goes on: nil when this was the last batch.
    private static func next(_ selection: CallSelection, _ ids: [CallID]) -> CallSelection? {
        guard let last = ids.last, ids.count == sweepBatch else { return nil }
        switch selection {
        case .calls: return nil
        case .open: return .open(after: last)
        case .range(let from, let to, _): return .range(fromUnix: from, toUnix: to, after: last)
        }
    }

    private static func change(
        _ judged: [Judged],
        by versions: [RuleVersion],
        next: CallSelection?,
        lane: Lane
    ) -> StoreChange {
        { writer in
            if !judged.isEmpty {
                for version in versions { try writer.keep(version) }
            }
            var changedMeanwhile: [CallID] = []
            for one in judged {
                do {
                    try writer.part {
                        try writer.judge(one.call, seen: one.seen, one.judgement)
                        if let note = one.note, note.ruleVersion != one.judgement.ruleVersion {
                            try writer.note(one.call, seen: one.seen, note)
                        }
                    }
                } catch StoreError.stale where judged.count > 1 {
                    // One call that moved does not undo the batch: it gets a job of its own.
                    changedMeanwhile.append(one.call)
                }
            }
            if !changedMeanwhile.isEmpty {
                let again = ConversionArguments(.calls(changedMeanwhile))
                try writer.addToOutbox(OutboxJob(again, lane: lane))
            }
            if let next {
                try writer.addToOutbox(OutboxJob(ConversionArguments(next), lane: lane))
            }
        }
    }
}
