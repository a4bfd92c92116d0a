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
                call_revision, judged_ms
            )
            select id, :outcome, :ruleOutcome, :type, :ruleVersion, :needsReview, :note, revision,
                :now
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
                call_revision = excluded.call_revision, judged_ms = excluded.judged_ms
            """,
            [
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
        let isSame =
            before?.outcome == after.outcome && before?.type == after.type
            && before?.ruleVersion == judgement.ruleVersion
        return isSame ? .unchanged : .changed
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
                    call_revision, evaluated_ms
                ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    call.number, verdict.type, judgement.ruleVersion, position,
                    verdict.outcome.rawValue, verdict.needsReview, verdict.echo,
                    try StoredJSON.text(verdict.evidence), callRevision, nowMilliseconds,
                ]
            )
        }
    }

    /// Notes what a person says of a call; goes before every rule until `unlabel`.
    ///
    /// - Throws: `StoreError.notFound` when there is no such call.
    package func label(_ call: CallID, _ label: ManualLabel) throws {
        let revision = try CallReading.revision(of: call, in: database)
        try run(
            """
            insert into labels (call_id, type, label, person, note, labelled_ms)
            values (?, ?, ?, ?, ?, ?)
            on conflict (call_id, type) do update set
                label = excluded.label, person = excluded.person, note = excluded.note,
                labelled_ms = excluded.labelled_ms
            """,
            [
                call.number, label.type, label.label.rawValue, label.person, label.note,
                nowMilliseconds,
            ]
        )
        try weighAgain(call, callRevision: revision.content)
        try audit(
            AuditNote(
                actor: label.person,
                action: "call.label",
                object: "call:\(call)",
                after: ["type": .text(label.type), "label": .text(label.label.rawValue)],
                reason: label.note
            )
        )
    }

    /// Takes a person's label back; the rules' verdict counts again.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    package func unlabel(_ call: CallID, type: String) throws -> Bool {
        let revision = try CallReading.revision(of: call, in: database)
        let removed = try run(
            "delete from labels where call_id = ? and type = ?",
            [call.number, type]
        )
        guard removed == 1 else { return false }
        try weighAgain(call, callRevision: revision.content)
        return true
    }

    private func weighAgain(_ call: CallID, callRevision: Int64) throws {
        let before = try CallReading.conversion(of: call, in: database)
        let judgement = try before?.ruleVersion.map { try storedJudgement(of: call, version: $0) }
        let after = try effective(call, judgement: judgement)
        try run(
            """
            insert into conversions (
                call_id, outcome, type, needs_review, note, call_revision, judged_ms
            ) values (?, ?, ?, 0, ?, ?, ?)
            on conflict (call_id) do update set
                revision = conversions.revision + 1,
                outcome = excluded.outcome, type = excluded.type, note = excluded.note,
                judged_ms = excluded.judged_ms
            """,
            [
                call.number, after.outcome.rawValue, after.type, after.note,
                // A label alone judges no content: the rules still have to.
                0, nowMilliseconds,
            ]
        )
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
        let rows = try Row.fetchAll(
            database.cachedStatement(sql: "select * from labels where call_id = ? order by type"),
            arguments: [call.number]
        )
        let labels = rows.map { row in
            EffectiveOutcome.Label(
                type: row["type"],
                label: Ternary(rawValue: row["label"]) ?? .unknown,
                note: row["note"]
            )
        }
        return EffectiveOutcome(labels: labels, verdicts: judgement?.verdicts ?? [])
    }
}

/// Whether a call counts as a conversion, labels before verdicts.
struct EffectiveOutcome: Equatable {
    struct Label: Equatable {
        var type: String
        var label: Ternary
        var note: String?
    }

    let outcome: Ternary
    let type: String?

    /// The label's note, else the echo of the rule that made it a conversion.
    let note: String?

    init(labels: [Label], verdicts: [Verdict]) {
        let labelled = Set(labels.map(\.type))
        let open = verdicts.filter { !labelled.contains($0.type) }
        let outcomes = labels.map(\.label) + open.map(\.outcome)
        let echo: String?
        if let label = labels.first(where: { $0.label == .yes }) {
            outcome = .yes
            type = label.type
            echo = verdicts.first { $0.type == label.type && $0.outcome == .yes }?.echo
        } else if let verdict = open.first(where: { $0.outcome == .yes }) {
            outcome = .yes
            type = verdict.type
            echo = verdict.echo
        } else {
            outcome = outcomes.contains(.unknown) || outcomes.isEmpty ? .unknown : .no
            type = nil
            echo = nil
        }
        let deciding = type
        let labelNote =
            labels.first { $0.type == deciding }?.note ?? labels.lazy.compactMap(\.note).first
        note = labelNote ?? echo
    }
}

extension CallReading {
    static func verdict(in row: Row) throws -> Verdict {
        Verdict(
            type: row["type"],
            outcome: Ternary(rawValue: row["outcome"]) ?? .unknown,
            evidence: try StoredJSON.value(row["evidence"], as: [StoredValue].self) ?? [],
            echo: row["echo"],
            needsReview: row["needs_review"]
        )
    }
}
