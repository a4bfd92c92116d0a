import CZlib
import Crypto
import Foundation
import GRDB
import PhoneNumbers

extension StoreWriter {
    /// Brings one reading of a conversation together with what the store knows of it.
    ///
    /// The newest by status rank and time of reading wins, field by field; what a reading does
    /// not know it does not erase, nor does one whose transcript the upstream has deleted. A call
    /// that is to have no content gets none: of an erased one nothing is read but its end, of a
    /// suppressed one only its figures.
    ///
    /// - Returns: The call, what changed, and its revision now.
    /// - Throws: `StoreError.rejected` when a value breaks the schema, or a conversation that was
    ///   erased here would come back.
    @discardableResult
    package func record(_ reading: CallRecord) throws -> Recorded {
        let stored = try Row.fetchOne(
            database.cachedStatement(sql: Self.selectStored),
            arguments: [reading.identity.workspace, reading.identity.conversationID]
        )
        let reading = reading.redacted(by: privacy.redaction)
        let withheld = try withholding(of: reading.identity)
        let isSuppressed = try withheld == nil && isSuppressed(reading.caller)
        if withheld == nil, !isSuppressed {
            guard let stored else { return try insert(reading) }
            return try merge(reading, into: stored)
        }
        guard let stored else {
            guard try !isErased(reading.identity) else {
                throw StoreError.rejected(reason: "the conversation was erased here")
            }
            let recorded = try insert(reading.withoutContent)
            try withhold(recorded.call, withheld ?? .suppressed)
            return recorded
        }
        let call = CallID(stored["id"])
        if isSuppressed { try withhold(call, .suppressed) }
        let isOver = (stored["status_rank"] as Int) == CallStatus.done.rank
        if withheld?.isFrozen == true, isOver { return try refuse(reading, for: call) }
        let now = try Row.fetchOne(
            database.cachedStatement(sql: Self.selectStored),
            arguments: [reading.identity.workspace, reading.identity.conversationID]
        )
        return try merge(reading.withoutContent, into: now ?? stored)
    }

    /// Leaves a call as it is, but for the list row that need not be read for it again.
    private func refuse(_ reading: CallRecord, for call: CallID) throws -> Recorded {
        try run(
            "update calls set list_fingerprint = coalesce(?, list_fingerprint) where id = ?",
            [reading.listFingerprint, call.number]
        )
        return Recorded(
            call: call,
            change: .older,
            revision: try CallReading.revision(of: call, in: database)
        )
    }

    private func insert(_ reading: CallRecord) throws -> Recorded {
        var values: [DatabaseValue] = [
            reading.identity.workspace.databaseValue,
            reading.identity.conversationID.databaseValue,
            reading.source.rawValue.databaseValue,
            reading.status.word.databaseValue,
            reading.status.rank.databaseValue,
            reading.fetchedAtMilliseconds.databaseValue,
            reading.listFingerprint?.databaseValue ?? .null,
            reading.isDetail.databaseValue,
            (reading.startedUnix ?? reading.fetchedAtMilliseconds / 1000).databaseValue,
            nowMilliseconds.databaseValue,
            nowMilliseconds.databaseValue,
            reading.arrival.rawValue.databaseValue,
            reading.deliveredMilliseconds?.databaseValue ?? .null,
        ]
        values += try CallColumns.all.map { try $0.write(reading) }
        try run(Self.insertCall, StatementArguments(values))
        let id = CallID(database.lastInsertedRowID)
        if let caller = reading.caller { try writeParty(caller, of: id) }
        if let turns = reading.transcript { try writeTurns(turns, of: id) }
        return Recorded(
            call: id,
            change: .inserted,
            revision: CallRevision(content: 1, attribution: 0, judgement: 0)
        )
    }

    private func merge(_ reading: CallRecord, into stored: Row) throws -> Recorded {
        let id = CallID(stored["id"])
        let revision: Int64 = stored["revision"]
        let storedRank: Int = stored["status_rank"]
        let storedFetched: Int64 = stored["fetched_ms"]
        let isOlder =
            (reading.status.rank, reading.fetchedAtMilliseconds) < (storedRank, storedFetched)
        let hasDetail: Bool = stored["has_detail"]
        // A detail is of the state it was read in: a call that has come further is to be read anew.
        let isWhole =
            reading.status.rank == storedRank
            ? hasDetail || reading.isDetail
            : isOlder ? hasDetail : reading.isDetail
        // What only details tell is of an earlier state then, whenever the list was read.
        let isFirstOfState =
            !hasDetail && reading.isDetail && reading.status.rank == storedRank
        let isOlderDetail = isOlder && !isFirstOfState
        let isDeleted = reading.transcriptDeletedUnix != nil
        let storedTurns =
            reading.transcript == nil ? [] : try CallReading.turns(of: id, in: database)
        let replacesTurns = CallMerge.replacesTranscript(
            stored: storedTurns,
            read: reading.transcript,
            isOlder: isOlderDetail,
            isDeletedUpstream: isDeleted
        )
        let merged = try CallColumns.all.map { column in
            // Until the turns of the end are here, the list knows better how much was said.
            if column.isOfTurns, !isWhole { return DatabaseValue.null }
            if column.isOfTurns, reading.transcript != nil {
                return CallMerge.valueOfTurns(
                    stored: stored[column.name],
                    read: try column.write(reading),
                    replacesTurns: replacesTurns,
                    isOfStored: reading.transcript == storedTurns
                )
            }
            return CallMerge.value(
                stored: stored[column.name],
                read: try column.write(reading),
                isContent: column.isContent,
                isOlder: column.isOfDetail ? isOlderDetail : isOlder,
                isDeletedUpstream: isDeleted
            )
        }
        let storedStart: Int64 = stored["started_unix"]
        // The event of a failed call tells when it failed, not when it began.
        let keepsStart = (isOlder && hasDetail) || reading.source == .initiationFailure
        let start = keepsStart ? storedStart : (reading.startedUnix ?? storedStart)
        let storedParty = try CallReading.party(of: id, in: database)
        let party = CallMerge.number(
            stored: storedParty,
            read: reading.caller,
            isOlder: isOlderDetail
        )
        let status = isOlder ? CallStatus(stored["status"]) : reading.status
        let isNews =
            zip(CallColumns.all, merged).contains { stored[$0.name] != $1 }
            || start != storedStart || party != storedParty || replacesTurns
            || status != CallStatus(stored["status"]) || (isWhole && !hasDetail)
        let corrections =
            isOlder || !hasDetail || !CallStatus(stored["status"]).isFinal
            ? []
            : try CallHistory.corrections(
                of: stored,
                by: merged,
                status: status,
                start: start,
                turns: replacesTurns ? storedTurns.count : nil
            )
        // It is still there, whatever was thought of it.
        let isBack =
            (stored["gone_ms"] as Int64?).map { gone in
                !isOlder
                    && (reading.source == .detail
                        || reading.isDetail && reading.fetchedAtMilliseconds > gone)
            } ?? false

        var values: [DatabaseValue] = [
            (isOlder ? stored["source"] : reading.source.rawValue.databaseValue),
            status.word.databaseValue,
            status.rank.databaseValue,
            max(reading.fetchedAtMilliseconds, storedFetched).databaseValue,
            (isOlder
                ? stored["list_fingerprint"]
                : reading.listFingerprint?.databaseValue ?? stored["list_fingerprint"]),
            isWhole.databaseValue,
            start.databaseValue,
            (isNews ? revision + 1 : revision).databaseValue,
            // The clock of this machine may have stepped back.
            (isNews ? max(nowMilliseconds, stored["created_ms"]) : stored["changed_ms"])
                .databaseValue,
            reading.deliveredMilliseconds?.databaseValue ?? .null,
            (corrections.isEmpty ? nil : nowMilliseconds)?.databaseValue ?? .null,
            isBack.databaseValue,
        ]
        values += merged
        values += [
            id.number.databaseValue, revision.databaseValue, status.rank.databaseValue,
        ]
        guard try run(Self.updateCall, StatementArguments(values)) == 1 else {
            throw StoreError.stale(reason: "the call was changed while it was recorded")
        }
        if let party, party != storedParty { try writeParty(party, of: id) }
        if replacesTurns, let turns = reading.transcript { try writeTurns(turns, of: id) }
        try keep(corrections, of: id)
        if isBack { try unbury(reading.identity) }
        return Recorded(
            call: id,
            change: isNews ? .changed : isOlder ? .older : .unchanged,
            revision: try CallReading.revision(of: id, in: database)
        )
    }

    private func writeParty(_ party: PartyNumber, of call: CallID) throws {
        let (key, keyID) = try callerKey(of: party)
        try run(
            """
            insert into call_parties (
                call_id, raw, e164, extension, sip_user, class, normaliser, caller_key, key_id
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                raw = excluded.raw, e164 = excluded.e164, extension = excluded.extension,
                sip_user = excluded.sip_user, class = excluded.class,
                normaliser = excluded.normaliser, caller_key = excluded.caller_key,
                key_id = excluded.key_id
            """,
            [
                call.number, party.raw, party.e164?.text, party.phoneExtension, party.sipUser,
                party.kind.rawValue, party.normaliserVersion, key, keyID,
            ]
        )
        try excludeInternal(call, key)
    }

    private func writeTurns(_ turns: [Turn], of call: CallID) throws {
        try run("delete from turns where call_id = ?", [call.number])
        for (position, turn) in turns.enumerated() {
            try run(
                """
                insert into turns (
                    call_id, position, speaker, message, seconds_in, was_interrupted,
                    tool_calls, tool_results
                ) values (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    call.number, position, turn.speaker.rawValue, turn.message, turn.secondsIn,
                    turn.wasInterrupted,
                    turn.toolCalls.isEmpty ? .null : try StoredJSON.column(turn.toolCalls),
                    turn.toolResults.isEmpty ? .null : try StoredJSON.column(turn.toolResults),
                ]
            )
        }
    }

    /// Remembers an agent's name; a nil name leaves the known one.
    package func note(_ agent: Agent) throws {
        try run(
            """
            insert into agents (workspace, agent_id, name, first_seen_ms) values (?, ?, ?, ?)
            on conflict (workspace, agent_id) do update set name = excluded.name
            where excluded.name is not null and excluded.name is not agents.name
            """,
            [agent.workspace, agent.id, agent.name, nowMilliseconds]
        )
    }

    /// Keeps a body as it came; one that is there already is only marked as seen again.
    ///
    /// Of list rows only the newest of a conversation is kept: they change often, and their
    /// fingerprint stands with the call. Nothing is kept of a conversation that is to have no
    /// content, and no body that was understood while transcripts are redacted.
    package func storeRaw(_ raw: RawBody) throws {
        guard privacy.redaction.isNone || raw.unreadableReason != nil else { return }
        if let conversation = raw.conversationID {
            let identity = CallIdentity(workspace: raw.workspace, conversationID: conversation)
            guard try withholding(of: identity) == nil else { return }
        }
        let digest = Data(SHA256.hash(data: raw.body))
        if raw.kind == .list, let conversation = raw.conversationID {
            try run(
                """
                delete from raw_bodies
                where workspace = ? and kind = 'list' and coalesce(conversation_id, '') = ?
                and digest <> ?
                """,
                [raw.workspace, conversation, digest]
            )
        }
        try run(
            """
            insert into raw_bodies (
                workspace, kind, conversation_id, digest, received_ms, bytes, body,
                unreadable_reason
            ) values (?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (workspace, kind, coalesce(conversation_id, ''), digest) do update set
                received_ms = max(received_ms, excluded.received_ms),
                unreadable_reason = excluded.unreadable_reason
            """,
            [
                raw.workspace, raw.kind.rawValue, raw.conversationID, digest,
                raw.receivedAtMilliseconds, raw.body.count, try Zlib.compress(raw.body),
                raw.unreadableReason,
            ]
        )
    }

    private static let selectStored = """
        select * from calls where workspace = ? and conversation_id = ?
        """

    private static let columnNames = CallColumns.all.map(\.name)

    private static let insertCall = """
        insert into calls (
            workspace, conversation_id, source, status, status_rank, fetched_ms,
            list_fingerprint, has_detail, started_unix, created_ms, changed_ms, arrived_by,
            webhook_ms, \(columnNames.joined(separator: ", "))
        ) values (\(Array(repeating: "?", count: 13 + columnNames.count).joined(separator: ", ")))
        """

    private static let updateCall = """
        update calls set
            source = ?, status = ?, status_rank = ?, fetched_ms = ?, list_fingerprint = ?,
            has_detail = ?, started_unix = ?, revision = ?, changed_ms = ?,
            webhook_ms = coalesce(webhook_ms, ?), corrected_ms = coalesce(corrected_ms, ?),
            gone_ms = iif(?, null, gone_ms),
            \(columnNames.map { "\($0) = ?" }.joined(separator: ", "))
        where id = ? and revision = ? and status_rank <= ?
        """
}

extension CallRecord {
    /// Whether it is a whole reading, not a list row or a mere event.
    var isDetail: Bool { source == .detail || source == .webhook }

    /// Turns in which the caller says words; nil where the reading has no transcript.
    var callerTurnsWithWords: Int? {
        transcript.map { $0.count { $0.speaker == .caller && $0.hasWords } }
    }

    /// Turns of the agent that the caller cut short; nil where the reading has no transcript.
    var interruptions: Int? {
        transcript.map { $0.count { $0.speaker == .agent && $0.wasInterrupted } }
    }

    /// By what the reading came.
    var arrival: CallArrival { deliveredMilliseconds == nil ? .poll : .webhook }
}
