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
            try inStatements(decided) { part in
                let statement = try database.cachedStatement(sql: Self.upsert(rows: part.count))
                let rows = try Row.fetchCursor(statement, arguments: try arguments(of: part))
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
        try inStatements(changes) { part in
            var values: [DatabaseValue] = []
            values.reserveCapacity(part.count * 4 + 1)
            for entry in part {
                values.append(entry.call.number.databaseValue)
                values.append(entry.before?.campaign?.number.databaseValue ?? .null)
                values.append(entry.before?.recipient?.number.databaseValue ?? .null)
                values.append(entry.before?.method.rawValue.databaseValue ?? .null)
            }
            values.append(nowMilliseconds.databaseValue)
            try run(Self.insertHistory(rows: part.count), StatementArguments(values))
        }
        return written
    }

    private func arguments(
        of entries: ArraySlice<AttributionEntry>
    ) throws -> StatementArguments {
        var values: [DatabaseValue] = []
        values.reserveCapacity(entries.count * 11 + 1)
        for entry in entries {
            guard let decision = entry.decision else { continue }
            values.append(entry.call.number.databaseValue)
            values.append(entry.seen.content.databaseValue)
            values.append(entry.seen.attribution.databaseValue)
            values.append(decision.campaign?.number.databaseValue ?? .null)
            values.append(decision.recipient?.number.databaseValue ?? .null)
            values.append(decision.method.rawValue.databaseValue)
            values.append(decision.confidence?.databaseValue ?? .null)
            values.append(decision.reason?.databaseValue ?? .null)
            values.append(try StoredJSON.evidence(decision.evidence).databaseValue)
            values.append(decision.ruleVersion.databaseValue)
            values.append(entry.person.databaseValue)
        }
        values.append(nowMilliseconds.databaseValue)
        return StatementArguments(values)
    }

    /// The revision stands for the decision: one that says the same leaves it.
    private static func upsert(rows: Int) -> String {
        """
        with entries (
            call_id, content, attribution, campaign_id, recipient_id, method, confidence, reason,
            evidence, rule_version, person
        ) as (values \(Self.rows(rows, of: "(?,?,?,?,?,?,?,?,?,?,?)")))
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
    private static func insertHistory(rows: Int) -> String {
        """
        with entries (call_id, campaign_before, recipient_before, method_before) as (
            values \(Self.rows(rows, of: "(?,?,?,?)"))
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
