package import CallStore

/// What a change of a campaign would do to the credits of calls.
package struct AttributionDifference: Sendable, Equatable {
    /// One campaign's calls, or those of none.
    package struct Row: Sendable, Equatable {
        /// Nil for the calls that are credited to nobody.
        package var campaign: CampaignID?
        package var before: Int
        package var after: Int

        /// Calls that come to it, and that leave it.
        package var gained: Int
        package var lost: Int

        package init(
            campaign: CampaignID?,
            before: Int = 0,
            after: Int = 0,
            gained: Int = 0,
            lost: Int = 0
        ) {
            self.campaign = campaign
            self.before = before
            self.after = after
            self.gained = gained
            self.lost = lost
        }
    }

    /// Every campaign that has calls in the range, by id; first those of none.
    package var rows: [Row] = []
    package var calls = 0

    /// Calls whose campaign, recipient or method would be another.
    package var changed = 0

    /// Calls that stay as they are, for a person has pinned them.
    package var pinned = 0

    /// Calls that stay, for their month is closed or their content is gone.
    package var locked = 0
}

/// Decides a range of calls as if a campaign were another, and counts what would change.
package struct AttributionTrial: Sendable {
    /// Calls that are decided at a time.
    package static let batch = 2_000

    private let store: CallStore
    private let attributor: Attributor

    package init(store: CallStore, rules: AttributionRules) {
        self.store = store
        attributor = Attributor(store: store, rules: rules)
    }

    /// Counts the difference; writes nothing.
    ///
    /// - Parameters:
    ///   - campaign: As it would be; nil shows what a decision by the present rules would change.
    ///   - fromUnix: Start of the first calls, inclusive.
    ///   - toUnix: Start of the last, exclusive.
    ///   - progress: Told how many calls are through, after each batch.
    /// - Returns: The difference by campaign.
    /// - Throws: `StoreError`.
    package func run(
        trying campaign: Campaign?,
        fromUnix: Int64,
        toUnix: Int64,
        progress: (Int) -> Void = { _ in }
    ) async throws(StoreError) -> AttributionDifference {
        var difference = AttributionDifference()
        var rows: [CampaignID?: AttributionDifference.Row] = [:]
        var last: CallID?
        while true {
            let ids = try await store.callIDs(
                fromUnix: fromUnix,
                toUnix: toUnix,
                after: last,
                limit: Self.batch
            )
            for decided in try await attributor.decide(ids, trying: campaign) {
                Self.count(decided, &difference, &rows)
            }
            progress(difference.calls)
            guard ids.count == Self.batch else { break }
            last = ids.last
        }
        difference.rows = rows.values.sorted {
            ($0.campaign?.number ?? 0) < ($1.campaign?.number ?? 0)
        }
        return difference
    }

    private static func count(
        _ decided: Attributor.Decided,
        _ difference: inout AttributionDifference,
        _ rows: inout [CampaignID?: AttributionDifference.Row]
    ) {
        difference.calls += 1
        let before = decided.input.before
        var after = before
        switch decided.outcome {
        case .decided(let decision): after = AttributionState(decision)
        case .locked: difference.locked += 1
        case .pinned: difference.pinned += 1
        case .unread: break
        }
        if before?.campaign != after?.campaign || before?.recipient != after?.recipient
            || (before?.method ?? .none) != (after?.method ?? .none)
        {
            difference.changed += 1
        }
        let old = before?.campaign
        let new = after?.campaign
        func row(_ campaign: CampaignID?) -> AttributionDifference.Row {
            rows[campaign] ?? AttributionDifference.Row(campaign: campaign)
        }
        var from = row(old)
        from.before += 1
        if old == new { from.after += 1 } else { from.lost += 1 }
        rows[old] = from
        guard old != new else { return }
        var to = row(new)
        to.after += 1
        to.gained += 1
        rows[new] = to
    }
}
