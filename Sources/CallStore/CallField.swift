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

    /// Why the call is not counted; null for one that is.
    case excluded
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
    case conversionRules = "conversion_rules"
    case conversionValue = "conversion_value"
    case conversionCurrency = "conversion_currency"
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

    /// Separated by spaces.
    case tags

    /// What a cell holds, which decides how it is written.
    package enum Kind: Sendable {
        /// A number, or nothing.
        case number

        /// Unix seconds.
        case instant

        /// E.164 where there is one.
        case phone

        /// One of a few words that the store itself checks.
        case word

        /// Whatever somebody wrote.
        case text
    }

    package var kind: Kind {
        switch self {
        case .id, .durationSeconds, .campaignID, .messages, .callerMessages, .costCredits,
            .costDollars, .rating, .conversionValue:
            .number
        case .startedUnix: .instant
        case .callerNumber, .agentNumber: .phone
        case .channel, .direction, .callerClass, .attributionMethod, .conversion, .excluded: .word
        case .conversationID, .workspace, .agentID, .agentName, .status, .outcome, .callResult,
            .campaign, .recipient, .attributionConfidence, .attributionReason, .conversionType,
            .conversionNote, .conversionRules, .conversionCurrency, .language, .terminationReason,
            .sentiment, .title, .summary, .tags:
            .text
        }
    }

    /// The field's expression, over the tables that `CallSummary.joins` and `joins` join.
    package var expression: String {
        switch self {
        case .id, .conversationID, .workspace, .startedUnix, .agentID, .agentName, .channel,
            .direction, .status, .callResult, .durationSeconds, .language, .terminationReason,
            .costCredits, .rating, .sentiment, .title, .summary:
            "calls.\(rawValue)"
        case .outcome: "coalesce(calls.call_successful, 'pending')"
        case .excluded:
            """
            coalesce(
                call_exclusions.reason, iif(calls.initiation_source = 'template_preview', 'preview', null)
            )
            """
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
        case .conversionRules: "conversions.rule_version"
        case .conversionValue: "conversions.value_micros / 1000000.0"
        case .conversionCurrency: "conversions.currency"
        case .messages: "calls.message_count"
        case .callerMessages: "calls.caller_message_count"
        case .costDollars: "calls.cost_dollars"
        case .tags:
            """
            (
                select group_concat(tag, ' ')
                from (select tag from call_words where call_id = calls.id order by tag)
            )
            """
        }
    }

    /// What fields need beyond a summary's tables.
    package static let joins = """
        \(CallSummary.joins)
        left join recipients on recipients.id = attributions.recipient_id
        left join call_exclusions on call_exclusions.call_id = calls.id
        """
}
