package import Foundation
import GRDB

/// What the store can tell of a call in one cell of a table.
package enum CallField: String, Sendable, CaseIterable {
    case id
    case conversationID = "conversation_id"
    case workspace

    /// Unix seconds.
    case startedUnix = "started_unix"
    case agentID = "agent_id"
    case agentName = "agent_name"
    case channel
    case direction
    case status
    case outcome
    case callResult = "call_result"
    case durationSeconds = "duration_seconds"
    case callerNumber = "caller_number"
    case callerClass = "caller_class"
    case agentNumber = "agent_number"
    case campaignID = "campaign_id"
    case campaign
    case recipient
    case attributionMethod = "attribution_method"
    case attributionConfidence = "attribution_confidence"
    case attributionReason = "attribution_reason"
    case conversion
    case conversionType = "conversion_type"
    case conversionNote = "conversion_note"
    case messages
    case callerMessages = "caller_messages"
    case language
    case terminationReason = "termination_reason"
    case costCredits = "cost_credits"
    case costDollars = "cost_usd"
    case rating
    case sentiment
    case title
    case summary

    /// The field's expression, over the tables that `CallSummary.joins` joins.
    fileprivate var expression: String {
        switch self {
        case .id, .conversationID, .workspace, .startedUnix, .agentID, .agentName, .channel,
            .direction, .status, .callResult, .durationSeconds, .language, .terminationReason,
            .costCredits, .rating, .sentiment, .title, .summary:
            "calls.\(rawValue)"
        case .outcome: "coalesce(calls.call_successful, 'pending')"
        case .callerNumber: "call_parties.e164"
        case .callerClass: "call_parties.class"
        case .agentNumber: "coalesce(calls.agent_number_e164, calls.agent_number_raw)"
        case .campaignID: "attributions.campaign_id"
        case .campaign: "campaigns.name"
        case .recipient: "recipients.reference"
        case .attributionMethod: "attributions.method"
        case .attributionConfidence: "attributions.confidence"
        case .attributionReason: "attributions.reason"
        case .conversion: "conversions.outcome"
        case .conversionType: "conversions.type"
        case .conversionNote: "conversions.note"
        case .messages: "calls.message_count"
        case .callerMessages: "calls.caller_message_count"
        case .costDollars: "calls.cost_dollars"
        }
    }
}

/// The calls of one look at the store, one after the other; valid only while it lasts.
package final class CallRows {
    private let cursor: RowCursor
    private let positions: [CallField: Int]

    fileprivate init(cursor: RowCursor, fields: [CallField]) {
        self.cursor = cursor
        positions = Dictionary(uniqueKeysWithValues: zip(fields, fields.indices))
    }

    /// The next call, or nil; ends the life of the one before.
    package func next() throws -> CallRow? {
        try cursor.next().map { CallRow(row: $0, positions: positions) }
    }
}

/// One call of `CallRows`, not copied out of the database's own memory.
package struct CallRow {
    fileprivate let row: Row
    fileprivate let positions: [CallField: Int]

    /// A whole number; nil when there is none.
    package func integer(_ field: CallField) -> Int64? {
        guard let position = positions[field] else { return nil }
        return row[position]
    }

    /// Lends the field's text as UTF-8; numbers as SQLite writes them; nil when there is none.
    package func withText<Value>(
        _ field: CallField,
        _ body: (Data?) throws -> Value
    ) throws -> Value {
        guard let position = positions[field] else { return try body(nil) }
        return try row.withUnsafeData(atIndex: position, body)
    }
}

extension CallStore {
    /// Walks through calls, oldest first, in one consistent look and with flat memory.
    ///
    /// Writers go on meanwhile and are not seen. A cancelled task ends the walk.
    ///
    /// - Parameters:
    ///   - filter: Which calls.
    ///   - fields: What to tell of each.
    ///   - body: Runs on a thread that may block.
    /// - Returns: What the body returns.
    /// - Throws: `StoreError`, or what the body throws.
    package func withCalls<Value: Sendable>(
        _ filter: CallFilter,
        fields: [CallField],
        _ body: @escaping @Sendable (CallRows) throws -> Value
    ) async throws -> Value {
        do {
            let value = try await pool.read { database in
                let clause = FilterClause(filter)
                let columns = fields.map(\.expression).joined(separator: ", ")
                let cursor = try Row.fetchCursor(
                    database,
                    sql: """
                        select \(columns) from calls
                        \(CallSummary.joins)
                        left join recipients on recipients.id = attributions.recipient_id
                        \(clause.sql)
                        order by calls.started_unix, calls.id
                        """,
                    arguments: clause.arguments
                )
                return try body(CallRows(cursor: cursor, fields: fields))
            }
            // A long look has kept the log from beginning anew; now it can.
            _ = try await checkpoint()
            return value
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }
}
