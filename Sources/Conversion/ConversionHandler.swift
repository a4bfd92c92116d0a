import CallJobs
package import CallStore
package import JobQueue
package import JobWorker

/// Judges calls by the conversion rules.
///
/// Reads the present state of each call, evaluates, and has the verdicts written where the call is
/// as it was read. Labels that people gave go before the rules; the store sees to that.
package struct ConversionHandler: JobHandler {
    package typealias Effect = StoreChange

    /// Calls that one sweep job judges before it hands on.
    package static let sweepBatch = 200

    /// How long to wait when the store cannot be read: nobody's attempt.
    private static let storePause = Duration.seconds(5)

    private let store: CallStore
    private let rules: @Sendable () -> RuleSet

    /// `rules` is asked for the rules at the start of each job.
    package init(store: CallStore, rules: @escaping @Sendable () -> RuleSet) {
        self.store = store
        self.rules = rules
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.conversion.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.conversion.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let selection: CallSelection
        do throws(ArgumentsError) {
            selection = try ConversionArguments(of: job).selection
        } catch {
            return .unreadable(error)
        }
        do throws(StoreError) {
            return .done(try await judge(selection, lane: job.lane))
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
        let rules = rules()
        let ids = try await calls(selection, rules)
        var judged: [Judged] = []
        for id in ids {
            if let one = try await judge(id, by: rules) { judged.append(one) }
        }
        return Self.change(judged, next: Self.next(selection, ids), lane: lane)
    }

    private func calls(
        _ selection: CallSelection,
        _ rules: RuleSet
    ) async throws(StoreError) -> [CallID] {
        switch selection {
        case .calls(let ids): ids
        case .open(let after):
            try await store.unjudged(
                ruleVersion: rules.version,
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
    }

    /// Nil for a call that is not at its end, and for one that is not there any more.
    private func judge(_ id: CallID, by rules: RuleSet) async throws(StoreError) -> Judged? {
        guard let call = try await store.call(id), call.record.status.isFinal else { return nil }
        return Judged(
            call: id,
            seen: call.revision,
            judgement: rules.judge(CallFacts(call))
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
        next: CallSelection?,
        lane: Lane
    ) -> StoreChange {
        { writer in
            var changedMeanwhile: [CallID] = []
            for one in judged {
                do {
                    _ = try writer.part {
                        try writer.judge(one.call, seen: one.seen, one.judgement)
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

extension CallFacts {
    /// What rules may look at, of a call at its end.
    package init(_ call: Call) {
        let record = call.record
        self.init(
            successful: record.callSuccessful,
            transcript: Self.transcript(of: call),
            criteria: record.criteria,
            collected: record.collected,
            durationSeconds: record.status.isFinal ? record.durationSeconds : nil
        )
    }

    /// The turns; nil when there were some that we do not have.
    private static func transcript(of call: Call) -> [Turn]? {
        guard call.transcript.isEmpty else { return call.transcript }
        let record = call.record
        let wasDeleted = record.transcriptDeletedUnix != nil
        let hadMessages = (record.messageCount ?? 0) > 0 || (record.callerMessageCount ?? 0) > 0
        return call.hasDetail && !wasDeleted && !hadMessages ? [] : nil
    }
}
