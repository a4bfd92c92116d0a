import Foundation
import GRDB
package import PhoneNumbers

extension StoreWriter {
    /// Begins the erasure of a caller, or finds the one that is under way.
    ///
    /// From this transaction's commit on nothing of the caller is brought in again: the caller is
    /// suppressed, and the conversations are tombstoned.
    ///
    /// - Parameters:
    ///   - caller: Whose data.
    ///   - person: Who asked for it.
    /// - Returns: The erasure, and whether it began now.
    /// - Throws: `StoreError.rejected` when the store was opened without the phone key.
    package func beginErasure(
        of caller: CallerIdentity,
        by person: String
    ) throws -> (id: ErasureID, isNew: Bool) {
        let ring = try phoneKeys()
        let key = ring.current.callerKey(of: caller)
        let open = try Int64.fetchOne(
            database,
            sql: "select id from erasures where caller = ? and step <> 'done'",
            arguments: [caller.text]
        )
        if let open { return (ErasureID(open), false) }
        var report = ErasureReport()
        report.sentTo = try CallReading.dataRecipients(
            of: caller,
            object: AuditObject.caller(key),
            in: database
        )
        for old in ring.callerKeys(of: caller) {
            try run("delete from suppressions where caller_key = ?", [old])
        }
        try run(
            "insert into suppressions (caller_key, key_id, since_ms) values (?, ?, ?)",
            [key, ring.current.id, nowMilliseconds]
        )
        try run(
            """
            insert into erasures (
                caller, caller_key, key_id, person, step, requested_ms, report
            ) values (?, ?, ?, ?, 'content', ?, ?)
            """,
            [
                caller.text, key, ring.current.id, person, nowMilliseconds,
                try StoredJSON.text(report),
            ]
        )
        let id = ErasureID(database.lastInsertedRowID)
        report.calls = try claimCalls(of: caller, for: id)
        try save(report, of: id)
        try audit(
            AuditNote(
                actor: person,
                action: "caller.erase",
                object: AuditObject.caller(key),
                keyID: ring.current.id,
                after: ["calls": .integer(Int64(report.calls)), "erasure": .integer(id.number)]
            )
        )
        return (id, true)
    }

    /// Tombstones the caller's conversations; what a reading brings of them is refused from now.
    private func claimCalls(of caller: CallerIdentity, for id: ErasureID) throws -> Int {
        let claimed = try run(
            """
            insert into erasure_calls (erasure_id, call_id, workspace, conversation_id)
            select ?, calls.id, calls.workspace, calls.conversation_id
            from call_parties join calls on calls.id = call_parties.call_id
            where call_parties.\(caller.column) = ?
            """,
            [id.number, caller.text]
        )
        try run(
            """
            insert into tombstones (workspace, conversation_id, reason, at_ms)
            select workspace, conversation_id, 'erased', ? from erasure_calls
            where erasure_id = ?
            on conflict (workspace, conversation_id) do update set reason = excluded.reason
            """,
            [nowMilliseconds, id.number]
        )
        try run(
            """
            update calls set withheld = 'erased'
            where id in (select call_id from erasure_calls where erasure_id = ?)
            """,
            [id.number]
        )
        return claimed
    }

    /// Removes the content of some calls of an erasure, and the recipients that the caller is.
    ///
    /// - Returns: How many calls; 0 when nothing is left to do.
    package func clearContent(of erasure: Erasure, limit: Int) throws -> Int {
        let calls = try claimed(by: erasure.id, stage: 0, limit: limit)
        if let caller = erasure.caller {
            // Before the calls forget to whom they were credited.
            for key in try phoneKeys().callerKeys(of: caller) {
                try run("delete from caller_lists where caller_key = ?", [key])
            }
            let cleared = try clearRecipients(who: caller, creditedIn: erasure.id)
            if cleared > 0 { try amend(erasure.id) { $0.recipients += cleared } }
        }
        for call in calls {
            try clearContent(of: call)
            try advance(call, of: erasure.id, to: 1)
        }
        return calls.count
    }

    /// Removes the copies of some calls of an erasure.
    ///
    /// - Returns: How many calls; 0 when nothing is left to do.
    package func clearCopies(of erasure: Erasure, limit: Int) throws -> Int {
        let calls = try claimed(by: erasure.id, stage: 1, limit: limit)
        var bodies = 0
        for call in calls {
            bodies += try clearCopies(of: call, waitingToo: true)
            try advance(call, of: erasure.id, to: 2)
        }
        if bodies > 0 { try amend(erasure.id) { $0.bodies += bodies } }
        return calls.count
    }

    private func claimed(by id: ErasureID, stage: Int, limit: Int) throws -> [CallID] {
        try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    select call_id from erasure_calls
                    where erasure_id = ? and stage = ? order by call_id limit ?
                    """
            ),
            arguments: [id.number, stage, limit]
        ).map { CallID($0) }
    }

    private func advance(_ call: CallID, of id: ErasureID, to stage: Int) throws {
        try run(
            "update erasure_calls set stage = ? where erasure_id = ? and call_id = ?",
            [stage, id.number, call.number]
        )
    }

    /// Removes bodies that nobody knows the conversation of, because they name the caller.
    package func remove(_ bodies: [UnnamedBody], of id: ErasureID) throws {
        for body in bodies {
            try run("delete from \(body.table) where id = ?", [body.id])
        }
        if !bodies.isEmpty { try amend(id) { $0.bodies += bodies.count } }
    }

    /// The conversations whose deletion the upstream is still to be asked for.
    package func upstreamWaiting(of id: ErasureID) throws -> [CallIdentity] {
        try Row.fetchAll(
            database,
            sql: """
                select workspace, conversation_id from erasure_calls
                where erasure_id = ? and upstream = 'waiting' order by call_id
                """,
            arguments: [id.number]
        ).map {
            CallIdentity(workspace: $0["workspace"], conversationID: $0["conversation_id"])
        }
    }

    /// Notes what the upstream said of a conversation that it was asked to delete.
    package func note(_ deletion: UpstreamDeletion, of identity: CallIdentity) throws {
        try run(
            "update erasure_calls set upstream = ? where workspace = ? and conversation_id = ?",
            [deletion.rawValue, identity.workspace, identity.conversationID]
        )
    }

    /// Goes on to a step.
    ///
    /// With `database` the readable caller is forgotten; with `done` the erasure is over.
    package func advance(
        _ id: ErasureID,
        to step: Erasure.Step,
        _ change: (inout ErasureReport) -> Void = { _ in }
    ) throws {
        try amend(id, change)
        let isCallerKept = step != .database && step != .done
        try run(
            """
            update erasures set step = ?, caller = iif(?, caller, null), finished_ms = ?
            where id = ?
            """,
            [
                step.rawValue, isCallerKept, step == .done ? nowMilliseconds : nil, id.number,
            ]
        )
    }

    /// Changes the report of an erasure.
    package func amend(_ id: ErasureID, _ change: (inout ErasureReport) -> Void) throws {
        let text = try String.fetchOne(
            database,
            sql: "select report from erasures where id = ?",
            arguments: [id.number]
        )
        guard let text else { throw StoreError.notFound(what: "erasure \(id)") }
        var report =
            try StoredJSON.value(text.databaseValue, as: ErasureReport.self) ?? ErasureReport()
        change(&report)
        try save(report, of: id)
    }

    private func save(_ report: ErasureReport, of id: ErasureID) throws {
        try run(
            "update erasures set report = ? where id = ?",
            [try StoredJSON.text(report), id.number]
        )
    }
}

/// The numbers of an erasure.
package enum ErasureLimits {
    /// Calls whose content one transaction removes.
    package static let callsPerBatch = 100

    /// Bodies without a conversation that one look takes.
    package static let bodiesPerBatch = 100

    /// Exports and hand-outs that a report names.
    static let dataRecipientsMax = 1_000
}

extension CallReading {
    /// Files and hand-outs that may name a caller: all exports since the first of the calls.
    static func dataRecipients(
        of caller: CallerIdentity,
        object: String,
        in database: Database
    ) throws -> [DataRecipient] {
        let exports = try Row.fetchAll(
            database,
            sql: """
                select created_by, created_ms, what, file_name from exports
                where created_ms / 1000 >= (
                    select min(started_unix) from calls
                    join call_parties on call_parties.call_id = calls.id
                    where \(caller.column) = ?
                )
                order by id desc limit ?
                """,
            arguments: [caller.text, ErasureLimits.dataRecipientsMax]
        ).map { row in
            DataRecipient(
                kind: "export",
                person: row["created_by"],
                atMilliseconds: row["created_ms"],
                what: "\(row["what"] as String) in \(row["file_name"] as String)"
            )
        }
        let handed = try Row.fetchAll(
            database,
            sql: """
                select actor, at_ms, action from audit_log
                where object = ? and action = 'caller.export' order by position desc limit ?
                """,
            arguments: [object, ErasureLimits.dataRecipientsMax]
        ).map { row in
            DataRecipient(
                kind: "caller-export",
                person: row["actor"],
                atMilliseconds: row["at_ms"],
                what: "all data of the caller"
            )
        }
        return handed + exports
    }
}
