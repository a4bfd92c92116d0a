import GRDB

extension StoreWriter {
    /// Writes the decisions whose calls are as they were seen, with their lines of history.
    ///
    /// Entries without a decision, calls that a person has pinned, and those whose content is gone
    /// or that changed meanwhile are left alone.
    ///
    /// - Parameter entries: Each call once.
    /// - Returns: The calls that were written.
    /// - Throws: `StoreError.rejected` when a decision breaks a rule of the schema.
    func enter(_ entries: [AttributionEntry]) throws -> Set<CallID> {
        var written: Set<CallID> = []
        written.reserveCapacity(entries.count)
        let decided = entries.filter { $0.decision != nil }
        guard !decided.isEmpty else { return [] }
        try countingCredits {
            var renewed: [CallID] = []
            let seen = Dictionary(uniqueKeysWithValues: decided.map { ($0.call, $0.seen) })
            try RowsStatement.cut(decided) { part in
                let statement = try bound(Self.upsert.text(rows: part.count)) { values in
                    for entry in part { try values.bind(entry) }
                    try values.bind(nowMilliseconds)
                }
                let rows = try Row.fetchCursor(statement)
                while let row = try rows.next() {
                    let call = CallID(row[0])
                    written.insert(call)
                    let revision: Int64 = row[1]
                    if seen[call]?.attribution != revision { renewed.append(call) }
                }
            }
            return renewed
        }
        let changes = entries.filter { $0.isChange && written.contains($0.call) }
        try RowsStatement.cut(changes) { part in
            let statement = try bound(Self.insertHistory.text(rows: part.count)) { values in
                for entry in part {
                    try values.bind(entry.call.number)
                    try values.bind(entry.before?.campaign?.number)
                    try values.bind(entry.before?.recipient?.number)
                    try values.bind(entry.before?.method.rawValue)
                }
                try values.bind(nowMilliseconds)
            }
            try statement.execute()
        }
        return written
    }

    /// The revision stands for the decision: one that says the same leaves it.
    private static let upsert = RowsStatement { count in
        """
        with entries (
            call_id, content, attribution, campaign_id, recipient_id, method, confidence, reason,
            evidence, rule_version, person
        ) as (values \(rows(count, of: "(?,?,?,?,?,?,?,?,?,?,?)")))
        insert into attributions (
            call_id, campaign_id, recipient_id, method, confidence, reason, evidence,
            rule_version, call_revision, decided_ms, decided_by
        )
        select calls.id, entries.campaign_id, entries.recipient_id, entries.method,
            entries.confidence, entries.reason, entries.evidence, entries.rule_version,
            calls.revision, ?, entries.person
        from entries cross join calls on calls.id = entries.call_id
        where calls.revision = entries.content
        and (calls.withheld is null or calls.withheld = 'suppressed')
        and entries.attribution = coalesce(
            (select revision from attributions where call_id = entries.call_id), 0
        )
        and not exists (select 1 from manual_pins where call_id = entries.call_id)
        on conflict (call_id) do update set
            revision = attributions.revision + (
                attributions.campaign_id is not excluded.campaign_id
                or attributions.recipient_id is not excluded.recipient_id
                or attributions.method <> excluded.method
                or attributions.confidence is not excluded.confidence
                or attributions.reason is not excluded.reason
                or attributions.evidence <> excluded.evidence
                or attributions.rule_version <> excluded.rule_version
                or attributions.decided_by <> excluded.decided_by
            ),
            campaign_id = excluded.campaign_id, recipient_id = excluded.recipient_id,
            method = excluded.method, confidence = excluded.confidence,
            reason = excluded.reason, evidence = excluded.evidence,
            rule_version = excluded.rule_version, call_revision = excluded.call_revision,
            decided_ms = excluded.decided_ms, decided_by = excluded.decided_by
        returning call_id, revision
        """
    }

    /// What was written just now stands in the attributions.
    private static let insertHistory = RowsStatement { count in
        """
        with entries (call_id, campaign_before, recipient_before, method_before) as (
            values \(rows(count, of: "(?,?,?,?)"))
        )
        insert into attribution_history (
            call_id, at_ms, by_whom, campaign_before, campaign_id, recipient_before,
            recipient_id, method_before, method, evidence
        )
        select entries.call_id, ?, attributions.decided_by, entries.campaign_before,
            attributions.campaign_id, entries.recipient_before, attributions.recipient_id,
            entries.method_before, attributions.method, attributions.evidence
        from entries cross join attributions on attributions.call_id = entries.call_id
        """
    }
}

extension StatementValues {
    /// The values of one decided entry's row.
    fileprivate mutating func bind(_ entry: AttributionEntry) throws {
        guard let decision = entry.decision else { return }
        try bind(entry.call.number)
        try bind(entry.seen.content)
        try bind(entry.seen.attribution)
        try bind(decision.campaign?.number)
        try bind(decision.recipient?.number)
        try bind(decision.method.rawValue)
        try bind(decision.confidence)
        try bind(decision.reason)
        try bind(try StoredJSON.evidence(decision.evidence))
        try bind(decision.ruleVersion)
        try bind(entry.person)
    }
}
