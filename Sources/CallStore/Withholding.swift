import Foundation
import GRDB
import PhoneNumbers

/// Why a call has no content.
package enum Withholding: String, Sendable, Codable {
    /// Its caller was erased; the call stands for the figures alone.
    case erased

    /// It came after its caller was erased.
    case suppressed

    /// It was kept as long as it was to be.
    case expired

    /// Whether what was decided of the call stands: there is nothing left to decide it from.
    var isFrozen: Bool { self != .suppressed }

    /// From the column `withheld`; nil for a call that is stored whole.
    init?(stored word: String?) {
        guard let word else { return nil }
        self.init(rawValue: word)
    }
}

extension CallRecord {
    /// The reading without whatever was said, and without whatever points to a person.
    var withoutContent: CallRecord {
        var record = self
        record.caller = nil
        record.transcript = nil
        record.summary = nil
        record.title = nil
        record.criteria = criteria?.map { criterion in
            var criterion = criterion
            criterion.rationale = nil
            return criterion
        }
        record.collected = nil
        record.feedbackComment = nil
        record.errorReason = nil
        record.userID = nil
        record.dynamicVariables = nil
        record.batchRecipientID = nil
        record.upstreamLeadID = nil
        return record
    }
}

extension StoreWriter {
    /// Why a conversation is stored without content; nil when it is stored whole.
    func withholding(of identity: CallIdentity) throws -> Withholding? {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select
                        (
                            select withheld from calls
                            where workspace = ?1 and conversation_id = ?2
                        ) as withheld,
                        exists (
                            select 1 from tombstones
                            where workspace = ?1 and conversation_id = ?2 and reason = 'erased'
                        ) as is_erased
                    """
            ),
            arguments: [identity.workspace, identity.conversationID]
        )
        if let word: String = row?["withheld"] { return Withholding(rawValue: word) }
        return row?["is_erased"] == true ? .suppressed : nil
    }

    func withholding(of call: CallID) throws -> Withholding? {
        try String.fetchOne(
            database.cachedStatement(sql: "select withheld from calls where id = ?"),
            arguments: [call.number]
        ).flatMap { Withholding(rawValue: $0) }
    }

    /// Whether a number belongs to somebody who was erased and whose calls are only counted.
    func isSuppressed(_ number: PartyNumber?) throws -> Bool {
        guard privacy.suppressedCalls == .counted, let caller = number?.identity, let ring else {
            return false
        }
        let statement = try database.cachedStatement(
            sql: "select exists (select 1 from suppressions where caller_key = ?)"
        )
        for key in ring.callerKeys(of: caller)
        where try Bool.fetchOne(statement, arguments: [key]) == true {
            return true
        }
        return false
    }

    /// Marks a call as one without content, and takes away what an earlier reading may have brought.
    func withhold(_ call: CallID, _ reason: Withholding) throws {
        try run("update calls set withheld = ? where id = ?", [reason.rawValue, call.number])
        try clearContent(of: call)
        try clearCopies(of: call)
    }
}
