import GRDB

extension StoreWriter {
    /// Writes what one version of the rules says of a call.
    ///
    /// The verdicts replace earlier ones of the same version; those of other versions stay.
    /// Labels that people gave go before them. A call whose content is gone keeps the verdicts
    /// that were made while it was there.
    ///
    /// - Throws: `StoreError.stale` when the content or the judgement is not as it was seen,
    ///   `notFound`, and `rejected` for a conversion without evidence.
    @discardableResult
    package func judge(
        _ call: CallID,
        seen: CallRevision,
        _ judgement: Judgement
    ) throws -> Judged {
        var judgement = judgement
        if try withholding(of: call)?.isFrozen == true {
            guard try CallReading.conversion(of: call, in: database) == nil else {
                return .unchanged
            }
            // A handler may have read the call before its content went.
            for index in judgement.verdicts.indices {
                judgement.verdicts[index].evidence = Verdict.evidenceRemoved
            }
        }
        try run(
            """
            insert into rule_versions (version, name, first_used_ms) values (?, ?, ?)
            on conflict (version) do nothing
            """,
            [judgement.ruleVersion, judgement.ruleName, nowMilliseconds]
        )
        let before = try CallReading.conversion(of: call, in: database)
        let after = try effective(call, judgement: judgement)
        let changed = try run(
            """
            insert into conversions (
                call_id, outcome, rule_outcome, type, rule_version, needs_review, note,
                call_revision, judged_ms, value_micros, currency, once_per_caller_days,
                attribution_revision
            )
            select id, :outcome, :ruleOutcome, :type, :ruleVersion, :needsReview, :note, revision,
                :now, :value, :currency, :days, :attribution
            from calls
            where id = :call and revision = :content
            and :judgement = coalesce(
                (select revision from conversions where call_id = calls.id), 0
            )
            on conflict (call_id) do update set
                revision = conversions.revision + 1,
                outcome = excluded.outcome, rule_outcome = excluded.rule_outcome,
                type = excluded.type, rule_version = excluded.rule_version,
                needs_review = excluded.needs_review, note = excluded.note,
                call_revision = excluded.call_revision, judged_ms = excluded.judged_ms,
                value_micros = excluded.value_micros, currency = excluded.currency,
                once_per_caller_days = excluded.once_per_caller_days,
                attribution_revision = excluded.attribution_revision
            """,
            [
                "value": after.worth?.micros, "currency": after.worth?.currency,
                "days": after.oncePerCallerDays, "attribution": seen.attribution,
                "outcome": after.outcome.rawValue, "ruleOutcome": judgement.outcome.rawValue,
                "type": after.type, "ruleVersion": judgement.ruleVersion,
                "needsReview": judgement.verdicts.contains { $0.needsReview },
                "note": after.note, "now": nowMilliseconds, "call": call.number,
                "content": seen.content, "judgement": seen.judgement,
            ]
        )
        guard changed == 1 else {
            let now = try CallReading.revision(of: call, in: database)
            throw StoreError.stale(
                reason: now.content == seen.content
                    ? "the call was judged after it was read" : "the call changed after it was read"
            )
        }
        try writeVerdicts(judgement, of: call, callRevision: seen.content)
        try count(call, before: before, after: after)
        let isSame =
            before?.outcome == after.outcome && before?.type == after.type
            && before?.worth == after.worth && before?.ruleVersion == judgement.ruleVersion
        return isSame ? .unchanged : .changed
    }

    /// Keeps what a version says of a call that another version counts for.
    ///
    /// - Returns: Whether the call is as it was read; nothing is written otherwise.
    @discardableResult
    package func note(
        _ call: CallID,
        seen: CallRevision,
        _ judgement: Judgement
    ) throws -> Bool {
        guard try CallReading.revision(of: call, in: database).content == seen.content else {
            return false
        }
        try writeVerdicts(judgement, of: call, callRevision: seen.content)
        return true
    }

    private func writeVerdicts(
        _ judgement: Judgement,
        of call: CallID,
        callRevision: Int64
    ) throws {
        try run(
            "delete from verdicts where call_id = ? and rule_version = ?",
            [call.number, judgement.ruleVersion]
        )
        for (position, verdict) in judgement.verdicts.enumerated() {
            try run(
                """
                insert into verdicts (
                    call_id, type, rule_version, position, outcome, needs_review, echo, evidence,
                    call_revision, evaluated_ms, value_micros, currency, once_per_caller_days
                ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    call.number, verdict.type, judgement.ruleVersion, position,
                    verdict.outcome.rawValue, verdict.needsReview, verdict.echo,
                    try StoredJSON.text(verdict.evidence), callRevision, nowMilliseconds,
                    verdict.worth?.micros, verdict.worth?.currency, verdict.oncePerCallerDays,
                ]
            )
        }
    }

    /// Lets a label that came or went take effect.
    func weighAgain(_ call: CallID) throws {
        let before = try CallReading.conversion(of: call, in: database)
        let judgement = try before?.ruleVersion.map { try storedJudgement(of: call, version: $0) }
        let after = try effective(call, judgement: judgement)
        try run(
            """
            insert into conversions (
                call_id, outcome, type, needs_review, note, call_revision, judged_ms, value_micros,
                currency, once_per_caller_days
            ) values (?, ?, ?, 0, ?, ?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                revision = conversions.revision + 1,
                outcome = excluded.outcome, type = excluded.type, note = excluded.note,
                judged_ms = excluded.judged_ms, value_micros = excluded.value_micros,
                currency = excluded.currency,
                once_per_caller_days = excluded.once_per_caller_days
            """,
            [
                call.number, after.outcome.rawValue, after.type, after.note,
                // A label alone judges no content: the rules still have to.
                0, nowMilliseconds, after.worth?.micros, after.worth?.currency,
                after.oncePerCallerDays,
            ]
        )
        try count(call, before: before, after: after)
    }

    private func storedJudgement(of call: CallID, version: String) throws -> Judgement {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select * from verdicts where call_id = ? and rule_version = ?
                    order by position
                    """
            ),
            arguments: [call.number, version]
        )
        return Judgement(
            ruleVersion: version,
            ruleName: "",
            verdicts: try rows.map(CallReading.verdict)
        )
    }

    /// What counts when people's labels go before the rules' verdicts.
    private func effective(_ call: CallID, judgement: Judgement?) throws -> EffectiveOutcome {
        EffectiveOutcome(
            labels: try CallReading.labels(of: call, in: database),
            verdicts: judgement?.verdicts ?? []
        )
    }
}

extension CallReading {
    static func verdict(in row: Row) throws -> Verdict {
        Verdict(
            type: row["type"],
            outcome: Ternary(rawValue: row["outcome"]) ?? .unknown,
            evidence: try StoredJSON.value(row["evidence"], as: [StoredValue].self) ?? [],
            echo: row["echo"],
            needsReview: row["needs_review"],
            worth: money(row["value_micros"], row["currency"]),
            oncePerCallerDays: row["once_per_caller_days"]
        )
    }

    static func labels(of call: CallID, in database: Database) throws -> [ManualLabel] {
        try Row.fetchAll(
            database.cachedStatement(sql: "select * from labels where call_id = ? order by type"),
            arguments: [call.number]
        ).map { row in
            ManualLabel(
                type: row["type"],
                label: Ternary(rawValue: row["label"]) ?? .unknown,
                person: row["person"],
                note: row["note"]
            )
        }
    }
}
