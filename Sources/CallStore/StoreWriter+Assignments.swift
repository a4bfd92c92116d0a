import GRDB

extension StoreWriter {
    /// Calls that one assignment or undo changes at most; a caller with more is no person.
    package static let callsPerAssignmentMax = 10_000

    /// Pins calls where a person says that they belong.
    ///
    /// A wider scope also takes the calls of the same caller that are credited to nobody; those
    /// that are credited, or that a person has pinned, stay.
    ///
    /// - Returns: What was done; the call itself first.
    /// - Throws: `StoreError.notFound`; `stale` when the attribution is not as the person saw it;
    ///   `rejected` when the recipient is not the campaign's, when
    ///   the call's month is closed and no reason is given, and when a wider scope is asked for a
    ///   caller without a number.
    package func assign(_ new: NewAssignment) throws -> AssignmentReceipt {
        let revision = try CallReading.revision(of: new.call, in: database)
        if let expected = new.expected, expected != revision.attribution {
            throw StoreError.stale(reason: "the call's campaign was decided anew since")
        }
        if new.scope != .call, try !hasCallerKey(new.call) {
            throw StoreError.rejected(
                reason: "the caller has no number by which other calls could be known"
            )
        }
        let id = try insertAssignment(
            Assignment(
                id: AssignmentID(0),
                atMilliseconds: nowMilliseconds,
                person: new.person,
                note: new.note,
                action: .assign,
                scope: new.scope,
                call: new.call,
                campaign: new.campaign,
                recipient: new.recipient,
                untilUnix: new.scope == .future ? new.untilUnix : nil
            )
        )
        var receipt = AssignmentReceipt(id: id, calls: [])
        guard try isOpenForChange(new.call, by: new.person, reason: new.overrideReason) else {
            throw StoreError.rejected(
                reason: "the call's month is closed; say why it is changed all the same"
            )
        }
        let others = new.scope == .call ? [] : try openCalls(ofCallerOf: new.call)
        let pin = ManualPin(
            campaign: new.campaign,
            recipient: new.recipient,
            person: new.person,
            note: new.note ?? new.overrideReason
        )
        try self.pin(new.call, pin, assignment: id)
        receipt.calls.append(new.call)
        for call in others where call != new.call {
            guard try isOpenForChange(call, by: new.person, reason: new.overrideReason) else {
                receipt.locked += 1
                continue
            }
            try self.pin(call, pin, assignment: id)
            receipt.calls.append(call)
        }
        return receipt
    }

    /// Takes the pin of one call away, so that the rules decide it again.
    ///
    /// The caller adds the job that does.
    ///
    /// - Returns: Nil when the call has no pin.
    /// - Throws: `StoreError.notFound`; `rejected` when its month is closed and no reason is given.
    package func release(
        _ call: CallID,
        by person: String,
        note: String? = nil,
        overrideReason: String? = nil
    ) throws -> AssignmentReceipt? {
        guard try isPinnedByHand(call) else {
            _ = try CallReading.revision(of: call, in: database)
            return nil
        }
        guard try isOpenForChange(call, by: person, reason: overrideReason) else {
            throw StoreError.rejected(
                reason: "the call's month is closed; say why it is changed all the same"
            )
        }
        let id = try insertAssignment(
            Assignment(
                id: AssignmentID(0),
                atMilliseconds: nowMilliseconds,
                person: person,
                note: note,
                action: .release,
                scope: .call,
                call: call
            )
        )
        try unpin(call, by: person, note: note ?? overrideReason, assignment: id)
        return AssignmentReceipt(id: id, calls: [call])
    }

    /// Puts back what an assignment or a release changed, and leaves a line of its own in the
    /// history of each call.
    ///
    /// Calls that somebody has assigned otherwise since are left as they are. The caller adds the
    /// job that decides anew what has no pin now.
    ///
    /// - Throws: `StoreError.notFound`; `rejected` when it is undone already, or is an undo, or
    ///   concerns only calls of closed months and no reason is given.
    package func undo(
        _ id: AssignmentID,
        by person: String,
        note: String? = nil,
        overrideReason: String? = nil
    ) throws -> AssignmentReceipt {
        guard let assignment = try assignment(id) else {
            throw StoreError.notFound(what: "assignment \(id)")
        }
        guard assignment.action != .undo, assignment.undoneMilliseconds == nil else {
            throw StoreError.rejected(reason: "assignment \(id) is undone already")
        }
        let undo = try insertAssignment(
            Assignment(
                id: AssignmentID(0),
                atMilliseconds: nowMilliseconds,
                person: person,
                note: note,
                action: .undo,
                scope: .call,
                call: assignment.call,
                campaign: assignment.campaign,
                recipient: assignment.recipient
            )
        )
        var receipt = AssignmentReceipt(id: undo, calls: [])
        for step in try steps(of: id) {
            guard try isLast(step) else {
                receipt.changedSince += 1
                continue
            }
            guard try isOpenForChange(step.call, by: person, reason: overrideReason) else {
                receipt.locked += 1
                continue
            }
            try putBack(step, by: person, note: note, undo: undo)
            receipt.calls.append(step.call)
        }
        guard receipt.locked == 0 || !receipt.calls.isEmpty else {
            throw StoreError.rejected(
                reason: "the calls' month is closed; say why it is changed all the same"
            )
        }
        try run(
            "update assignments set undone_ms = ?, undone_by = ? where id = ?",
            [nowMilliseconds, person, id.number]
        )
        receipt.calls += try reopenFollowers(of: id)
        return receipt
    }

    /// The last thing that a person said of a call and that is not undone; nil when there is none.
    package func lastAssignment(of call: CallID) throws -> Assignment? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select assignments.* from assignments
                    where action <> 'undo' and undone_ms is null and (
                        call_id = ?1 or id in (
                            select assignment_id from attribution_history where call_id = ?1
                        )
                    )
                    order by id desc limit 1
                    """
            ),
            arguments: [call.number]
        ).map(CallReading.assignment)
    }

    private func assignment(_ id: AssignmentID) throws -> Assignment? {
        try Row.fetchOne(
            database.cachedStatement(sql: "select * from assignments where id = ?"),
            arguments: [id.number]
        ).map(CallReading.assignment)
    }

    private func insertAssignment(_ assignment: Assignment) throws -> AssignmentID {
        try run(
            """
            insert into assignments (
                at_ms, person, note, action, scope, call_id, campaign_id, recipient_id, until_unix
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                assignment.atMilliseconds, assignment.person, assignment.note,
                assignment.action.rawValue, assignment.scope.rawValue, assignment.call.number,
                assignment.campaign?.number, assignment.recipient?.number, assignment.untilUnix,
            ]
        )
        return AssignmentID(database.lastInsertedRowID)
    }

    // MARK: Which calls

    private func hasCallerKey(_ call: CallID) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select exists (
                        select 1 from call_parties
                        where call_id = ? and caller_key is not null
                    )
                    """
            ),
            arguments: [call.number]
        ) ?? false
    }

    private func isPinnedByHand(_ call: CallID) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: "select exists (select 1 from manual_pins where call_id = ?)"
            ),
            arguments: [call.number]
        ) ?? false
    }

    /// The caller's calls that no campaign is credited with and no person has pinned.
    private func openCalls(ofCallerOf call: CallID) throws -> [CallID] {
        try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    select party.call_id from call_parties as said
                    join call_parties as party on party.caller_key = said.caller_key
                    join calls on calls.id = party.call_id
                    left join attributions on attributions.call_id = party.call_id
                    where said.call_id = ?1 and attributions.campaign_id is null
                    and calls.workspace = (select workspace from calls where id = ?1)
                    and not exists (
                        select 1 from manual_pins where manual_pins.call_id = party.call_id
                    )
                    order by party.call_id limit ?2
                    """
            ),
            arguments: [call.number, Self.callsPerAssignmentMax]
        ).map { CallID($0) }
    }

    // MARK: Undoing

    /// One line of a call's history that an assignment wrote.
    private struct Step {
        var history: Int64
        var call: CallID
        var campaignBefore: Int64?
        var recipientBefore: Int64?
        var wasManual: Bool
    }

    private func steps(of id: AssignmentID) throws -> [Step] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select id, call_id, campaign_before, recipient_before, method_before
                    from attribution_history where assignment_id = ? order by id limit ?
                    """
            ),
            arguments: [id.number, Self.callsPerAssignmentMax + 1]
        ).map { row in
            Step(
                history: row["id"],
                call: CallID(row["call_id"]),
                campaignBefore: row["campaign_before"],
                recipientBefore: row["recipient_before"],
                wasManual: (row["method_before"] as String?) == AttributionMethod.manual.rawValue
            )
        }
    }

    /// Whether nobody has said anything of the call since that still stands.
    private func isLast(_ step: Step) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select not exists (
                        select 1 from attribution_history
                        join assignments on assignments.id = attribution_history.assignment_id
                        where attribution_history.call_id = ? and attribution_history.id > ?
                        and assignments.action <> 'undo' and assignments.undone_ms is null
                    )
                    """
            ),
            arguments: [step.call.number, step.history]
        ) ?? false
    }

    private func putBack(
        _ step: Step,
        by person: String,
        note: String?,
        undo: AssignmentID
    ) throws {
        guard step.wasManual else {
            try unpin(step.call, by: person, note: note ?? "undone", assignment: undo)
            return
        }
        // The pin before it was somebody's, too: it is theirs again.
        let earlier = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select by_whom, note from attribution_history
                    where call_id = ? and id < ? and method = 'manual'
                    order by id desc limit 1
                    """
            ),
            arguments: [step.call.number, step.history]
        )
        let pin = ManualPin(
            campaign: step.campaignBefore.map { CampaignID($0) },
            recipient: step.recipientBefore.map { RecipientID($0) },
            person: earlier?["by_whom"] ?? person,
            note: earlier?["note"]
        )
        try self.pin(step.call, pin, assignment: undo)
    }

    /// Calls that had followed a standing word are open again.
    private func reopenFollowers(of id: AssignmentID) throws -> [CallID] {
        try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    update attributions set call_revision = 0, revision = revision + 1
                    where call_id in (
                        select party.call_id from assignments
                        join call_parties as said on said.call_id = assignments.call_id
                        join call_parties as party on party.caller_key = said.caller_key
                        where assignments.id = ?1
                    )
                    and method = 'manual' and json_extract(evidence, '$.assignment') = ?1
                    and not exists (
                        select 1 from manual_pins where manual_pins.call_id = attributions.call_id
                    )
                    returning call_id
                    """
            ),
            arguments: [id.number]
        ).map { CallID($0) }
    }
}

extension CallReading {
    static func assignment(in row: Row) -> Assignment {
        Assignment(
            id: AssignmentID(row["id"]),
            atMilliseconds: row["at_ms"],
            person: row["person"],
            note: row["note"],
            action: Assignment.Action(rawValue: row["action"]) ?? .assign,
            scope: AssignmentScope(rawValue: row["scope"]) ?? .call,
            call: CallID(row["call_id"]),
            campaign: (row["campaign_id"] as Int64?).map { CampaignID($0) },
            recipient: (row["recipient_id"] as Int64?).map { RecipientID($0) },
            untilUnix: row["until_unix"],
            undoneMilliseconds: row["undone_ms"],
            undoneBy: row["undone_by"]
        )
    }
}
