import Crypto
import Foundation
import GRDB
import PhoneNumbers

extension Verdict {
    /// What stands for evidence that quoted what is not kept any more.
    static let evidenceRemoved: [StoredValue] = [.object(["removed": .bool(true)])]
}

extension StoreWriter {
    /// Removes number, words and whatever points to a person from a call.
    ///
    /// What stays is what figures are made of: day, agent, duration, outcome, campaign, conversion.
    func clearContent(of call: CallID) throws {
        let id: StatementArguments = [call.number]
        try run("delete from call_parties where call_id = ?", id)
        try run("delete from turns where call_id = ?", id)
        try oweTextMerge()
        try clearCriteria(of: call)
        try run(
            """
            update calls set
                summary = null, title = null, collected = null, feedback_comment = null,
                error_reason = null, user_id = null, dynamic_variables = null,
                batch_recipient_id = null, upstream_lead_id = null
            where id = ?
            """,
            id
        )
        try run("update call_exclusions set note = null where call_id = ?", id)
        try run("delete from call_tags where call_id = ?", id)
        try run("update label_readings set note = null where call_id = ?", id)
        try clearTracked(of: call)
        try clearDecisions(of: call)
    }

    /// Removes only the number from a call, and what quotes it.
    func clearNumber(of call: CallID) throws {
        let id: StatementArguments = [call.number]
        try run("delete from call_parties where call_id = ?", id)
        try run(
            """
            update calls set
                user_id = null, dynamic_variables = null, batch_recipient_id = null,
                upstream_lead_id = null
            where id = ?
            """,
            id
        )
        try clearTracked(of: call)
        try clearAttribution(of: call)
    }

    /// Removes only the words of a call, and what quotes them.
    func clearWords(of call: CallID) throws {
        let id: StatementArguments = [call.number]
        try run("delete from turns where call_id = ?", id)
        try oweTextMerge()
        try clearCriteria(of: call)
        try run(
            """
            update calls set
                summary = null, title = null, collected = null, feedback_comment = null,
                error_reason = null
            where id = ?
            """,
            id
        )
        try clearJudgement(of: call)
    }

    /// The upstream's verdicts stay, its reasons quote the caller.
    private func clearCriteria(of call: CallID) throws {
        try run(
            """
            update calls set criteria = (
                select json_group_array(json_remove(value, '$.rationale'))
                from json_each(calls.criteria)
            )
            where id = ? and criteria is not null
            """,
            [call.number]
        )
    }

    private func clearDecisions(of call: CallID) throws {
        try clearAttribution(of: call)
        try clearJudgement(of: call)
    }

    private func clearAttribution(of call: CallID) throws {
        let id: StatementArguments = [call.number]
        try run(
            "update attributions set recipient_id = null, evidence = '{}' where call_id = ?",
            id
        )
        try run(
            """
            update attribution_history set
                recipient_before = null, recipient_id = null, note = null, evidence = '{}'
            where call_id = ?
            """,
            id
        )
        try run("update manual_pins set recipient_id = null, note = null where call_id = ?", id)
        try run("update assignments set recipient_id = null, note = null where call_id = ?", id)
    }

    private func clearJudgement(of call: CallID) throws {
        let id: StatementArguments = [call.number]
        try run(
            "update verdicts set evidence = ? where call_id = ? and evidence <> '[]'",
            [try StoredJSON.text(Verdict.evidenceRemoved), call.number]
        )
        // A note is that of a label, or the rule in words: of the two only the first is a person's.
        try run(
            """
            update conversions set note = null
            where call_id = ?1
            and exists (select 1 from labels where call_id = ?1 and note is not null)
            """,
            id
        )
        try run("update labels set note = null where call_id = ?", id)
    }

    /// Removes the bodies that a call was read from, and what the job index says of its jobs.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - waitingToo: Whether webhooks go that no job has read yet; a job finds nothing then.
    /// - Returns: How many bodies there were.
    /// - Throws: Errors of the database.
    @discardableResult
    func clearCopies(of call: CallID, waitingToo: Bool = false) throws -> Int {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: "select workspace, conversation_id from calls where id = ?"
            ),
            arguments: [call.number]
        )
        guard let row else { return 0 }
        let workspace: String = row["workspace"]
        let conversation: String = row["conversation_id"]
        var bodies = 0
        for kind in RawBody.Kind.allCases {
            bodies += try run(
                """
                delete from raw_bodies
                where workspace = ? and kind = ? and coalesce(conversation_id, '') = ?
                """,
                [workspace, kind.rawValue, conversation]
            )
        }
        let inbox = try Int64.fetchAll(
            database.cachedStatement(
                sql: "select id from inbox where workspace = ? and conversation_id = ?"
            ),
            arguments: [workspace, conversation]
        )
        bodies += try run(
            """
            delete from inbox
            where workspace = ? and conversation_id = ? and (? or state <> 'waiting')
            """,
            [workspace, conversation, waitingToo]
        )
        for entity in [conversation, "call_\(call)"] + inbox.map({ "inbox_\($0)" }) {
            try clearJobs(about: entity)
        }
        return bodies
    }

    private func clearJobs(about entity: String) throws {
        try run(
            """
            update job_events set reason = null
            where job_id in (select job_id from job_index where entity = ?)
            """,
            [entity]
        )
        try run("update job_index set entity = null, reason = null where entity = ?", [entity])
        try run("update ledger set entity = null where entity = ?", [entity])
    }

    /// Makes recipients with a number, and those that a call was credited to, nobody in particular.
    ///
    /// Their rows and touches stay, for the figures of their campaigns.
    ///
    /// - Returns: How many there were.
    func clearRecipients(who caller: CallerIdentity, creditedIn erasure: ErasureID) throws -> Int {
        let ids = try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    select id from recipients where \(caller.column) = ?1
                    union
                    select attributions.recipient_id from erasure_calls
                    join attributions using (call_id)
                    where erasure_id = ?2 and attributions.recipient_id is not null
                    and attributions.method <> 'manual'
                    """
            ),
            arguments: [caller.text, erasure.number]
        )
        for id in ids {
            let campaign = try Int64.fetchOne(
                database.cachedStatement(sql: "select campaign_id from recipients where id = ?"),
                arguments: [id]
            )
            guard let campaign else { continue }
            let reference = try erasedReference(of: caller, in: CampaignID(campaign))
            try clearRecipient(id, reference: reference)
        }
        return ids.count
    }

    /// The reference of an erased recipient: the same for the same number in a campaign, so that
    /// importing a list again finds the row; only who has the secret can tell whose it is.
    func erasedReference(of caller: CallerIdentity, in campaign: CampaignID) throws -> String {
        let key = try phoneKeys().current.callerKey(of: caller)
        let digest = SHA256.hash(data: key + Data("|\(campaign)".utf8))
        return "erased-" + AuditObject.hex(Data(digest.prefix(8)))
    }

    private func clearRecipient(_ id: Int64, reference: String) throws {
        // A list may name a number twice.
        try run(
            """
            update recipients set
                reference = iif(
                    exists (
                        select 1 from recipients as other
                        where other.campaign_id = recipients.campaign_id
                        and other.reference = ?1 and other.id <> recipients.id
                    ),
                    'erased-' || id, ?1
                ),
                name = null, raw = null, e164 = null,
                extension = null, sip_user = null, class = null, normaliser = null,
                caller_key = null, key_id = null, token = null
            where id = ?2
            """,
            [reference, id]
        )
        try run("update touches set token = null where recipient_id = ?", [id])
    }

    /// Removes the number of a recipient whose campaign is long over; reference and name stay.
    func clearRecipientNumber(_ id: Int64) throws {
        try run(
            """
            update recipients set
                raw = null, e164 = null, extension = null, sip_user = null, class = null,
                normaliser = null, caller_key = null, key_id = null
            where id = ?
            """,
            [id]
        )
    }
}
