import GRDB

extension StoreWriter {
    /// Writes what the rules say of a call's campaign.
    ///
    /// A pinned call is left alone; so is one that changed since `seen` was read, and one whose
    /// content is gone, which keeps what was decided while it was there.
    ///
    /// - Throws: `StoreError.stale` when the content or the attribution is not as it was seen,
    ///   `notFound` when there is no such call.
    @discardableResult
    package func attribute(
        _ call: CallID,
        seen: CallRevision,
        _ decision: AttributionDecision
    ) throws -> Decided {
        let before = try CallReading.attribution(of: call, in: database)
        var decision = decision
        if try withholding(of: call)?.isFrozen == true {
            guard before == nil else { return .unchanged }
            // A handler may have read the call before its content went.
            decision.recipient = nil
            decision.evidence = [:]
        }
        let changed = try run(
            """
            insert into attributions (
                call_id, campaign_id, recipient_id, method, confidence, reason, evidence,
                rule_version, call_revision, decided_ms, decided_by
            )
            select id, :campaign, :recipient, :method, :confidence, :reason, :evidence,
                :ruleVersion, revision, :now, 'rule'
            from calls
            where id = :call and revision = :content
            and :attribution = coalesce(
                (select revision from attributions where call_id = calls.id), 0
            )
            and not exists (select 1 from manual_pins where call_id = calls.id)
            on conflict (call_id) do update set
                revision = attributions.revision + 1,
                campaign_id = excluded.campaign_id, recipient_id = excluded.recipient_id,
                method = excluded.method, confidence = excluded.confidence,
                reason = excluded.reason, evidence = excluded.evidence,
                rule_version = excluded.rule_version, call_revision = excluded.call_revision,
                decided_ms = excluded.decided_ms, decided_by = excluded.decided_by
            """,
            [
                "campaign": decision.campaign?.number, "recipient": decision.recipient?.number,
                "method": decision.method.rawValue, "confidence": decision.confidence,
                "reason": decision.reason, "evidence": try StoredJSON.text(decision.evidence),
                "ruleVersion": decision.ruleVersion, "now": nowMilliseconds,
                "call": call.number, "content": seen.content, "attribution": seen.attribution,
            ]
        )
        guard changed == 1 else { return try refusal(of: call, seen: seen) }
        let isSame =
            before?.decision.campaign == decision.campaign
            && before?.decision.recipient == decision.recipient
            && (before?.decision.method ?? .none) == decision.method
        if isSame { return .unchanged }
        try addHistory(of: call, before: before, after: decision, by: "rule", note: nil)
        return .changed
    }

    /// Why a decision was not written.
    private func refusal(of call: CallID, seen: CallRevision) throws -> Decided {
        let now = try CallReading.revision(of: call, in: database)
        if try isPinned(call) { return .pinned }
        guard now.content == seen.content else {
            throw StoreError.stale(reason: "the call changed after it was read")
        }
        throw StoreError.stale(reason: "the call was attributed after it was read")
    }

    private func isPinned(_ call: CallID) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: "select exists (select 1 from manual_pins where call_id = ?)"
            ),
            arguments: [call.number]
        ) ?? false
    }

    /// Puts a call where a person says it belongs; stays until `unpin`.
    ///
    /// - Throws: `StoreError.notFound`; `rejected` when the recipient is not the campaign's.
    package func pin(_ call: CallID, _ pin: ManualPin) throws {
        let revision = try CallReading.revision(of: call, in: database)
        let before = try CallReading.attribution(of: call, in: database)
        try run(
            """
            insert into manual_pins (
                call_id, campaign_id, recipient_id, person, note, pinned_ms
            ) values (?, ?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                campaign_id = excluded.campaign_id, recipient_id = excluded.recipient_id,
                person = excluded.person, note = excluded.note, pinned_ms = excluded.pinned_ms
            """,
            [
                call.number, pin.campaign?.number, pin.recipient?.number, pin.person, pin.note,
                nowMilliseconds,
            ]
        )
        let decision = AttributionDecision(
            campaign: pin.campaign,
            recipient: pin.recipient,
            method: .manual,
            confidence: "confirmed",
            reason: pin.campaign == nil ? "not-from-a-campaign" : nil,
            evidence: pin.note.map { ["note": .text($0)] } ?? [:],
            ruleVersion: "manual"
        )
        try overwrite(call, decision, by: pin.person, callRevision: revision.content)
        try addHistory(of: call, before: before, after: decision, by: pin.person, note: pin.note)
        try auditAssignment("call.assign", call, before, pin.campaign, by: pin.person, pin.note)
    }

    private func auditAssignment(
        _ action: String,
        _ call: CallID,
        _ before: Attribution?,
        _ campaign: CampaignID?,
        by person: String,
        _ note: String?
    ) throws {
        func value(_ campaign: CampaignID?) -> StoredValue {
            campaign.map { .integer($0.number) } ?? .null
        }
        try audit(
            AuditNote(
                actor: person,
                action: action,
                object: "call:\(call)",
                before: ["campaign": value(before?.decision.campaign)],
                after: ["campaign": value(campaign)],
                reason: note
            )
        )
    }

    /// Takes a person's word back; the call is open again and waits for the rules.
    ///
    /// The caller adds the attribution job that decides it anew.
    ///
    /// - Returns: Whether the call was pinned.
    @discardableResult
    package func unpin(_ call: CallID, by person: String, note: String? = nil) throws -> Bool {
        let revision = try CallReading.revision(of: call, in: database)
        let before = try CallReading.attribution(of: call, in: database)
        guard try run("delete from manual_pins where call_id = ?", [call.number]) == 1 else {
            return false
        }
        let decision = AttributionDecision(
            campaign: nil,
            recipient: nil,
            method: .none,
            confidence: nil,
            reason: "unpinned",
            evidence: [:],
            ruleVersion: "manual"
        )
        // Revision 0 is no call's: the sweep takes it for not decided yet.
        try overwrite(call, decision, by: person, callRevision: 0)
        precondition(revision.content > 0, "Revisions of calls start at 1.")
        try addHistory(of: call, before: before, after: decision, by: person, note: note)
        try auditAssignment("call.release", call, before, nil, by: person, note)
        return true
    }

    private func overwrite(
        _ call: CallID,
        _ decision: AttributionDecision,
        by person: String,
        callRevision: Int64
    ) throws {
        try run(
            """
            insert into attributions (
                call_id, campaign_id, recipient_id, method, confidence, reason, evidence,
                rule_version, call_revision, decided_ms, decided_by
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                revision = attributions.revision + 1,
                campaign_id = excluded.campaign_id, recipient_id = excluded.recipient_id,
                method = excluded.method, confidence = excluded.confidence,
                reason = excluded.reason, evidence = excluded.evidence,
                rule_version = excluded.rule_version, call_revision = excluded.call_revision,
                decided_ms = excluded.decided_ms, decided_by = excluded.decided_by
            """,
            [
                call.number, decision.campaign?.number, decision.recipient?.number,
                decision.method.rawValue, decision.confidence, decision.reason,
                try StoredJSON.text(decision.evidence), decision.ruleVersion, callRevision,
                nowMilliseconds, person,
            ]
        )
    }

    private func addHistory(
        of call: CallID,
        before: Attribution?,
        after decision: AttributionDecision,
        by person: String,
        note: String?
    ) throws {
        try run(
            """
            insert into attribution_history (
                call_id, at_ms, by_whom, campaign_before, campaign_id, recipient_before,
                recipient_id, method_before, method, note, evidence
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                call.number, nowMilliseconds, person, before?.decision.campaign?.number,
                decision.campaign?.number, before?.decision.recipient?.number,
                decision.recipient?.number, before?.decision.method.rawValue,
                decision.method.rawValue, note, try StoredJSON.text(decision.evidence),
            ]
        )
    }
}
