import Foundation
import GRDB
import PhoneNumbers

/// Makes values of rows; shared by reads and by transactions.
enum CallReading {
    static func party(of call: CallID, in database: Database) throws -> PartyNumber? {
        let statement = try database.cachedStatement(
            sql: "select * from call_parties where call_id = ?"
        )
        return try Row.fetchOne(statement, arguments: [call.number]).map(party(in:))
    }

    /// The number parts of a row of `call_parties` or `recipients`.
    static func party(in row: Row) -> PartyNumber {
        PartyNumber(
            raw: row["raw"],
            e164: (row["e164"] as String?).flatMap { E164(stored: $0) },
            phoneExtension: row["extension"],
            sipUser: row["sip_user"],
            kind: NumberClass(rawValue: row["class"]) ?? .invalid,
            normaliserVersion: row["normaliser"]
        )
    }

    static func turns(of call: CallID, in database: Database) throws -> [Turn] {
        let statement = try database.cachedStatement(
            sql: "select * from turns where call_id = ? order by position"
        )
        return try Row.fetchAll(statement, arguments: [call.number]).map { row in
            Turn(
                speaker: (row["speaker"] as String) == "caller" ? .caller : .agent,
                message: row["message"],
                secondsIn: row["seconds_in"],
                wasInterrupted: row["was_interrupted"],
                toolCalls: try StoredJSON.value(row["tool_calls"], as: [ToolCall].self) ?? [],
                toolResults: try StoredJSON.value(row["tool_results"], as: [ToolResult].self)
                    ?? []
            )
        }
    }

    static func revision(of call: CallID, in database: Database) throws -> CallRevision {
        let statement = try database.cachedStatement(
            sql: """
                select calls.revision as content,
                    coalesce(attributions.revision, 0) as attribution,
                    coalesce(conversions.revision, 0) as judgement
                from calls
                left join attributions on attributions.call_id = calls.id
                left join conversions on conversions.call_id = calls.id
                where calls.id = ?
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [call.number]) else {
            throw StoreError.notFound(what: "call \(call)")
        }
        return revision(in: row)
    }

    static func revision(in row: Row) -> CallRevision {
        CallRevision(
            content: row["content"],
            attribution: row["attribution"],
            judgement: row["judgement"]
        )
    }

    /// A whole call.
    ///
    /// Four statements by key; within one transaction or snapshot they belong together.
    static func call(_ row: Row, in database: Database) throws -> Call {
        let id = CallID(row["id"])
        return Call(
            id: id,
            revision: try revision(of: id, in: database),
            record: try record(row, id: id, in: database),
            createdMilliseconds: row["created_ms"],
            changedMilliseconds: row["changed_ms"],
            hasDetail: row["has_detail"],
            attribution: try attribution(of: id, in: database),
            conversion: try conversion(of: id, in: database)
        )
    }

    private static func record(_ row: Row, id: CallID, in database: Database) throws -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(
                workspace: row["workspace"],
                conversationID: row["conversation_id"]
            ),
            source: CallRecord.Source(rawValue: row["source"]) ?? .list,
            fetchedAtMilliseconds: row["fetched_ms"],
            agentID: row["agent_id"],
            status: CallStatus(row["status"])
        )
        record.listFingerprint = row["list_fingerprint"]
        record.startedUnix = row["started_unix"]
        for column in CallColumns.all { try column.read(&record, row[column.name]) }
        record.agentNumber = CallColumns.agentNumber(in: row)
        record.caller = try party(of: id, in: database)
        record.transcript = try turns(of: id, in: database)
        return record
    }

    static func attribution(of call: CallID, in database: Database) throws -> Attribution? {
        let statement = try database.cachedStatement(
            sql: """
                select attributions.*, manual_pins.call_id is not null as is_pinned
                from attributions left join manual_pins using (call_id)
                where attributions.call_id = ?
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [call.number]) else { return nil }
        return Attribution(
            decision: AttributionDecision(
                campaign: (row["campaign_id"] as Int64?).map { CampaignID($0) },
                recipient: (row["recipient_id"] as Int64?).map { RecipientID($0) },
                method: AttributionMethod(rawValue: row["method"]) ?? .none,
                confidence: row["confidence"],
                reason: row["reason"],
                evidence: try StoredJSON.value(
                    row["evidence"],
                    as: [String: StoredValue].self
                ) ?? [:],
                ruleVersion: row["rule_version"]
            ),
            isPinned: row["is_pinned"],
            decidedBy: row["decided_by"],
            decidedAtMilliseconds: row["decided_ms"],
            callRevision: row["call_revision"]
        )
    }

    static func conversion(of call: CallID, in database: Database) throws -> Conversion? {
        let statement = try database.cachedStatement(
            sql: "select * from conversions where call_id = ?"
        )
        guard let row = try Row.fetchOne(statement, arguments: [call.number]) else { return nil }
        return Conversion(
            outcome: Ternary(rawValue: row["outcome"]) ?? .unknown,
            ruleOutcome: (row["rule_outcome"] as String?).flatMap { Ternary(rawValue: $0) },
            type: row["type"],
            ruleVersion: row["rule_version"],
            needsReview: row["needs_review"],
            note: row["note"],
            judgedAtMilliseconds: row["judged_ms"],
            callRevision: row["call_revision"],
            worth: money(row["value_micros"], row["currency"]),
            isCounted: row["is_counted"],
            oncePerCallerDays: row["once_per_caller_days"]
        )
    }

    static func money(_ micros: Int64?, _ currency: String?) -> Money? {
        guard let micros, let currency else { return nil }
        return Money(micros: micros, currency: currency)
    }

    /// A campaign with what stands beside its row.
    static func campaign(in row: Row, _ database: Database) throws -> Campaign {
        let id: Int64 = row["id"]
        let windows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select from_unix, window_days from campaign_windows
                    where campaign_id = ? order by from_unix
                    """
            ),
            arguments: [id]
        )
        let numbers = try String.fetchAll(
            database.cachedStatement(
                sql: "select e164 from campaign_agent_numbers where campaign_id = ? order by e164"
            ),
            arguments: [id]
        )
        return Campaign(
            id: CampaignID(id),
            workspace: row["workspace"],
            name: row["name"],
            channel: CampaignChannel(rawValue: row["channel"]) ?? .mail,
            windowDays: row["window_days"],
            startsUnix: row["starts_unix"],
            endsUnix: row["ends_unix"],
            status: CampaignStatus(rawValue: row["status"]) ?? .ended,
            upstreamCampaignID: row["upstream_campaign_id"],
            batchCallID: row["batch_call_id"],
            createdMilliseconds: row["created_ms"],
            statusSinceUnix: row["status_since_unix"],
            agentNumbers: numbers.compactMap { E164(stored: $0) },
            windows: windows.map { WindowSpan(fromUnix: $0["from_unix"], days: $0["window_days"]) },
            landing: (row["landing_url"] as String?).flatMap(LandingAddress.init)
        )
    }
}
