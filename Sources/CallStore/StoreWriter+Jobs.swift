import Ambient
import Crypto
import Foundation
import GRDB
package import JobQueue
import Traces

extension StoreWriter {
    /// Keeps a webhook before it is answered.
    ///
    /// For `.kept` the caller adds the job that reads it, in the same transaction. A webhook of a
    /// conversation that was erased is `.erased`: nothing of it is kept.
    package func receive(_ delivery: InboxDelivery) throws -> InboxReceipt {
        if let conversation = delivery.conversationID {
            let identity = CallIdentity(
                workspace: delivery.workspace,
                conversationID: conversation
            )
            let isFrozen = try withholding(of: identity)?.isFrozen == true
            if try isFrozen || isErased(identity) {
                try noteWebhook(delivery)
                return .erased
            }
        }
        let digest = Data(SHA256.hash(data: delivery.body))
        let added = try run(
            """
            insert into inbox (
                workspace, digest, type, conversation_id, received_ms, bytes, body
            ) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (workspace, digest) do nothing
            """,
            [
                delivery.workspace, digest, delivery.type, delivery.conversationID,
                delivery.receivedAtMilliseconds, delivery.body.count,
                try Zlib.compress(delivery.body),
            ]
        )
        let id = InboxID(database.lastInsertedRowID)
        try noteWebhook(delivery)
        if added == 1 { return .kept(id) }
        let known = try Int64.fetchOne(
            database.cachedStatement(
                sql: "select id from inbox where workspace = ? and digest = ?"
            ),
            arguments: [delivery.workspace, digest]
        )
        guard let known else {
            throw StoreError.stale(reason: "the inbox changed while a webhook came in")
        }
        return .known(InboxID(known))
    }

    private func noteWebhook(_ delivery: InboxDelivery) throws {
        try note(
            .lastWebhook,
            atMilliseconds: delivery.receivedAtMilliseconds,
            in: delivery.workspace
        )
    }

    /// Ends the wait of a webhook: read, or not to be understood.
    ///
    /// One that was read leaves at once when its call is to have no content, and while transcripts
    /// are redacted.
    ///
    /// - Throws: `StoreError.notFound` when the inbox does not have it.
    package func settleInbox(_ id: InboxID, _ state: InboxItem.State, reason: String? = nil) throws
    {
        let changed = try run(
            """
            update inbox set state = ?, reason = ?, settled_ms = iif(? = 'waiting', null, ?)
            where id = ?
            """,
            [state.rawValue, reason, state.rawValue, nowMilliseconds, id.number]
        )
        guard changed == 1 else { throw StoreError.notFound(what: "inbox item \(id)") }
        if state == .done, try !isInboxBodyKept(id) {
            try run("delete from inbox where id = ?", [id.number])
        }
    }

    private func isInboxBodyKept(_ id: InboxID) throws -> Bool {
        guard privacy.redaction.isNone else { return false }
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: "select workspace, conversation_id from inbox where id = ?"
            ),
            arguments: [id.number]
        )
        guard let row, let conversation: String = row["conversation_id"] else { return true }
        let identity = CallIdentity(workspace: row["workspace"], conversationID: conversation)
        return try withholding(of: identity) == nil
    }

    /// Puts a follow-on job into the outbox; it reaches its queue after the commit.
    ///
    /// Without a trace of its own it becomes a child of what it follows from.
    ///
    /// - Returns: Its id, made here and now: the same change made twice has two jobs.
    @discardableResult
    package func addToOutbox(_ job: OutboxJob) throws -> JobID {
        let id = try JobID("\(job.kind)-\(ambient.newID().uuidString.lowercased())")
        var job = job
        if job.trace == nil {
            let trace = added.cause?.trace.child(from: ambient) ?? .root(from: ambient)
            job.trace = trace.traceparent
        }
        try run(
            """
            insert into outbox (
                job_id, queue, kind, lane, payload, unique_key, unique_horizon_ms, delay_ms,
                trace, created_ms, due_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, job.queue.text, job.kind, job.lane.rawValue, Data(job.payload),
                job.unique?.text, job.uniqueHorizon.wholeMilliseconds,
                job.delay.wholeMilliseconds, job.trace, nowMilliseconds,
                nowMilliseconds + OutboxLimits.graceMilliseconds,
            ]
        )
        added.entries.append(
            OutboxEntry(id: id, job: job, createdMilliseconds: nowMilliseconds, sends: 0)
        )
        return id
    }

    /// Notes that a job of the outbox has reached its queue; one that is done is gone.
    ///
    /// The sweep sends it again after the wait, unless the ledger has it by then.
    package func markSent(_ id: JobID, againIn wait: Duration) throws {
        try run(
            "update outbox set sends = sends + 1, due_ms = ? where job_id = ?",
            [nowMilliseconds + wait.wholeMilliseconds, id.text]
        )
    }

    /// Lets a job of the outbox wait without counting a sending.
    package func postpone(_ id: JobID, by wait: Duration) throws {
        try run(
            "update outbox set due_ms = ? where job_id = ?",
            [nowMilliseconds + wait.wholeMilliseconds, id.text]
        )
    }

    /// Moves a mark forward; an earlier moment than the known one changes nothing.
    package func note(
        _ mark: SyncMark,
        atMilliseconds: Int64,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws {
        try run(
            """
            insert into sync_marks (workspace, name, at_ms) values (?, ?, ?)
            on conflict (workspace, name) do update set at_ms = excluded.at_ms
            where excluded.at_ms > at_ms
            """,
            [workspace, mark.rawValue, atMilliseconds]
        )
    }

    /// Moves a walk's cursor on.
    ///
    /// - Parameters:
    ///   - walk: The walk's name.
    ///   - position: Where it goes on; nil when it is through.
    ///   - fence: The fence of the delivery that got so far.
    /// - Throws: `StoreError.stale` when a newer delivery has written it: the lease is lost.
    package func advance(walk: String, to position: String?, fence: Int64) throws {
        let changed = try run(
            """
            insert into walk_cursors (name, position, fence, updated_ms) values (?, ?, ?, ?)
            on conflict (name) do update set
                position = excluded.position, fence = excluded.fence,
                updated_ms = excluded.updated_ms
            where fence <= excluded.fence
            """,
            [walk, position, fence, nowMilliseconds]
        )
        guard changed == 1 else {
            throw StoreError.stale(reason: "a newer delivery moved the cursor")
        }
    }

    /// Names the winning file of an export.
    ///
    /// - Throws: `StoreError.rejected` when the job has one already.
    @discardableResult
    package func add(_ export: ExportRecord) throws -> Int64 {
        try run(
            """
            insert into exports (
                job_id, what, dialect, file_name, manifest_name, rows, bytes, sha256, filter,
                created_by, created_ms, expires_ms, state, cursor
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                export.jobID, export.what, export.dialect, export.fileName, export.manifestName,
                export.rows, export.bytes, export.sha256, export.filter, export.createdBy,
                export.createdMilliseconds, export.expiresMilliseconds, export.state.rawValue,
                export.cursor,
            ]
        )
        return database.lastInsertedRowID
    }

    /// Notes that the files of exports are gone.
    package func markExpired(_ exports: [Int64]) throws {
        for id in exports {
            try run("update exports set state = 'expired' where id = ?", [id])
        }
    }
}

/// The numbers of the outbox.
enum OutboxLimits {
    /// How long the one who added a job has for sending it before the sweep does.
    static let graceMilliseconds: Int64 = 30_000
}

extension Duration {
    /// Whole milliseconds, cut off.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
