package import CallStore

/// What a draft of the rules says of the newest calls, beside the rules in use.
package struct DraftTrial: Sendable, Equatable {
    /// Newest calls that a draft is tried on: judged while somebody types.
    package static let callsMax = 100

    /// Places that are named for one call.
    static let evidenceMax = 4

    /// One call that counts by either, or that nobody can tell of any more.
    package struct Row: Sendable, Equatable {
        package var call: CallID
        package var conversationID: String
        package var startedUnix: Int64?

        /// By the rules in use, and by the draft; labels go before both.
        package var before: EffectiveOutcome
        package var after: EffectiveOutcome

        /// Nil for a call that counts as it did.
        package var kind: RescoreChange.Kind?

        /// What the draft's verdict stands on, or, where it says no, that of the rules in use.
        package var evidence: [StoredValue]
    }

    package private(set) var calls = 0
    package private(set) var before = 0
    package private(set) var after = 0

    /// The calls that change first, each part from the newest.
    package private(set) var rows: [Row] = []

    /// Tries a draft; nothing is written.
    ///
    /// - Parameters:
    ///   - draft: The rules to try.
    ///   - inUse: The rules that count now; nil when there are none.
    ///   - store: Whose newest calls.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole,
    ///   `CancellationError`.
    package init(of draft: RuleSet, beside inUse: RuleSet?, in store: CallStore) async throws {
        for call in try await store.newestToJudge(limit: Self.callsMax) {
            // Whoever asked may have typed on.
            try Task.checkCancellation()
            let facts = CallFacts(call)
            add(call, inUse?.judge(facts), draft.judge(facts))
        }
        rows = rows.filter { $0.kind != nil } + rows.filter { $0.kind == nil }
    }

    /// How many calls change in a way.
    package func count(_ kind: RescoreChange.Kind) -> Int {
        rows.count { $0.kind == kind }
    }

    private mutating func add(_ call: CallToJudge, _ old: Judgement?, _ new: Judgement) {
        let before = EffectiveOutcome(labels: call.labels, verdicts: old?.verdicts ?? [])
        let after = EffectiveOutcome(labels: call.labels, verdicts: new.verdicts)
        calls += 1
        if before.outcome == .yes { self.before += 1 }
        if after.outcome == .yes { self.after += 1 }
        let kind: RescoreChange.Kind? =
            switch (before.outcome == .yes, after.outcome == .yes) {
            case (false, true): .added
            case (true, false): .withdrawn
            case (true, true):
                before.type == after.type && before.worth == after.worth ? nil : .changed
            case (false, false): nil
            }
        guard before.outcome == .yes || after.outcome == .yes else { return }
        let deciding = after.outcome == .yes ? new : old
        let type = after.outcome == .yes ? after.type : before.type
        let verdict = deciding?.verdicts.first { $0.type == type && $0.outcome == .yes }
        rows.append(
            Row(
                call: call.call.id,
                conversationID: call.call.record.identity.conversationID,
                startedUnix: call.call.record.startedUnix,
                before: before,
                after: after,
                kind: kind,
                evidence: Array((verdict?.evidence ?? []).prefix(Self.evidenceMax))
            )
        )
    }
}
