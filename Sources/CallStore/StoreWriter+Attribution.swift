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
        let entry = AttributionEntry(
            call: call,
            seen: seen,
            before: before.map { AttributionState($0.decision) },
            decision: decision
        )
        if try !enter([entry]).isEmpty { return entry.isChange ? .changed : .unchanged }
        if let decided = try settleFrozen(entry) { return decided }
        return try refusal(of: call, seen: seen)
    }

    /// Writes many decisions; each stands or falls alone.
    ///
    /// - Returns: The calls that are credited otherwise than before, and those that changed since
    ///   they were read: to be decided again.
    /// - Throws: `StoreError.rejected` when a decision breaks a rule of the schema; nothing that
    ///   the transaction did stands then.
    package func attribute(_ entries: [AttributionEntry]) throws -> AttributionReceipt {
        var receipt = AttributionReceipt()
        var known: Set<CallID> = []
        let entries = entries.filter { known.insert($0.call).inserted }
        let written = try enter(entries)
        for entry in entries {
            if written.contains(entry.call) {
                if entry.isChange { receipt.changed.append(entry.call) }
            } else if try entry.decision == nil && keep(entry) {
                continue
            } else if try isPinned(entry.call) {
                receipt.pinned += 1
            } else if let decided = try settleFrozen(entry) {
                if decided == .changed { receipt.changed.append(entry.call) }
            } else {
                receipt.stale.append(entry.call)
            }
        }
        return receipt
    }

    /// What became of a call whose content is gone; nil for any other.
    ///
    /// It keeps what was decided while the content was there. One that was never decided is decided
    /// without what a handler may have read before the content went.
    private func settleFrozen(_ entry: AttributionEntry) throws -> Decided? {
        guard try withholding(of: entry.call)?.isFrozen == true else { return nil }
        let known = try CallReading.attribution(of: entry.call, in: database)
        guard known == nil, var decision = entry.decision else {
            // So that the sweep does not find it again.
            _ = try keep(entry)
            return .unchanged
        }
        decision.recipient = nil
        decision.evidence = [:]
        let now = try CallReading.revision(of: entry.call, in: database)
        try overwrite(entry.call, decision, by: entry.person, callRevision: now.content)
        try addHistory(
            of: entry.call,
            before: nil,
            after: decision,
            evidence: "{}",
            by: entry.person,
            note: nil
        )
        return .changed
    }

    /// Notes that a call was looked at and stays as it is: its month is closed, or its content is
    /// gone.
    private func keep(_ entry: AttributionEntry) throws -> Bool {
        try run(
            """
            update attributions set call_revision = ?1, decided_ms = ?2
            where call_id = ?3 and revision = ?4
            and (select revision from calls where id = ?3) = ?1
            """,
            [
                entry.seen.content, nowMilliseconds, entry.call.number, entry.seen.attribution,
            ]
        ) == 1
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
    package func pin(
        _ call: CallID,
        _ pin: ManualPin,
        assignment: AssignmentID? = nil
    ) throws {
        let revision = try CallReading.revision(of: call, in: database)
        let before = try CallReading.attribution(of: call, in: database)
        try run(
            """
            insert into manual_pins (
                call_id, campaign_id, recipient_id, person, note, pinned_ms, assignment_id
            ) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                campaign_id = excluded.campaign_id, recipient_id = excluded.recipient_id,
                person = excluded.person, note = excluded.note, pinned_ms = excluded.pinned_ms,
                assignment_id = excluded.assignment_id
            """,
            [
                call.number, pin.campaign?.number, pin.recipient?.number, pin.person, pin.note,
                nowMilliseconds, assignment?.number,
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
        try addHistory(
            of: call,
            before: before.map { AttributionState($0.decision) },
            after: decision,
            evidence: try StoredJSON.evidence(decision.evidence),
            by: pin.person,
            note: pin.note,
            assignment: assignment
        )
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
                after: AuditNote.fields(["campaign": value(campaign)], note: note)
            )
        )
    }

    /// Takes a person's word back; the call is open again and waits for the rules.
    ///
    /// The caller adds the attribution job that decides it anew.
    ///
    /// - Returns: Whether the call was pinned.
    @discardableResult
    package func unpin(
        _ call: CallID,
        by person: String,
        note: String? = nil,
        assignment: AssignmentID? = nil
    ) throws -> Bool {
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
        try addHistory(
            of: call,
            before: before.map { AttributionState($0.decision) },
            after: decision,
            evidence: "{}",
            by: person,
            note: note,
            assignment: assignment
        )
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
                try StoredJSON.evidence(decision.evidence), decision.ruleVersion, callRevision,
                nowMilliseconds, person,
            ]
        )
    }

    private func addHistory(
        of call: CallID,
        before: AttributionState?,
        after decision: AttributionDecision,
        evidence: String,
        by person: String,
        note: String?,
        assignment: AssignmentID? = nil
    ) throws {
        try run(
            """
            insert into attribution_history (
                call_id, at_ms, by_whom, campaign_before, campaign_id, recipient_before,
                recipient_id, method_before, method, note, evidence, assignment_id
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                call.number, nowMilliseconds, person, before?.campaign?.number,
                decision.campaign?.number, before?.recipient?.number,
                decision.recipient?.number, before?.method.rawValue,
                decision.method.rawValue, note, evidence, assignment?.number,
            ]
        )
    }
}
