/// How a call was credited: the ladder of evidence, strongest first.
package enum AttributionMethod: String, Sendable, Codable, CaseIterable {
    case manual
    case batchRecipient = "batch-recipient"
    case dynamicVariable = "dynamic-variable"
    case token
    case exactNumber = "exact-number"
    case numberVariant = "number-variant"
    case agentNumber = "agent-number"

    /// Nothing credited it.
    case none
}

/// What the automatic rules say of one call.
package struct AttributionDecision: Hashable, Sendable {
    /// Nil when no campaign is credited.
    package var campaign: CampaignID?

    /// Nil also where a campaign is credited without picking a person.
    package var recipient: RecipientID?
    package var method: AttributionMethod

    /// `certain`, `strong`, `source-level`; nil when nothing is credited.
    package var confidence: String?

    /// Why not, when nothing is credited, such as `withheld`, `invalid`, `no-recipient`,
    /// `outside-window` or `tie`.
    package var reason: String?

    /// What it was decided from: ids, days since the touch, candidates.
    ///
    /// No readable number: the history outlives the numbers.
    package var evidence: [String: StoredValue]

    /// Version of the rules that decided.
    package var ruleVersion: String

    package init(
        campaign: CampaignID?,
        recipient: RecipientID?,
        method: AttributionMethod,
        confidence: String?,
        reason: String?,
        evidence: [String: StoredValue],
        ruleVersion: String
    ) {
        self.campaign = campaign
        self.recipient = recipient
        self.method = method
        self.confidence = confidence
        self.reason = reason
        self.evidence = evidence
        self.ruleVersion = ruleVersion
    }
}

/// Where a call stands, campaign-wise.
package struct Attribution: Hashable, Sendable {
    package var decision: AttributionDecision

    /// Pinned by a person: no rule changes it.
    package var isPinned: Bool

    /// The person, or `rule`.
    package var decidedBy: String
    package var decidedAtMilliseconds: Int64

    /// The content revision that was decided on.
    package var callRevision: Int64
}

/// One change of a call's attribution.
package struct AttributionChange: Hashable, Sendable {
    package var atMilliseconds: Int64
    package var by: String
    package var campaignBefore: CampaignID?
    package var campaign: CampaignID?
    package var recipientBefore: RecipientID?
    package var recipient: RecipientID?
    package var methodBefore: AttributionMethod?
    package var method: AttributionMethod
    package var note: String?
    package var evidence: [String: StoredValue]
}

/// What a person says of a call's campaign.
package struct ManualPin: Hashable, Sendable {
    /// Nil for "not from a campaign", which is an answer too.
    package var campaign: CampaignID?
    package var recipient: RecipientID?
    package var person: String
    package var note: String?

    package init(
        campaign: CampaignID?,
        recipient: RecipientID? = nil,
        person: String,
        note: String? = nil
    ) {
        self.campaign = campaign
        self.recipient = recipient
        self.person = person
        self.note = note
    }
}

/// What became of a decision that a rule wanted to write.
package enum Decided: Hashable, Sendable {
    /// Campaign, recipient or method are other than before.
    case changed

    /// Nothing but the time of the decision.
    case unchanged

    /// A person has pinned the call; nothing was written.
    case pinned
}

/// One decision of a batch, with what it was made from.
package struct AttributionEntry: Hashable, Sendable {
    package var call: CallID
    package var seen: CallRevision

    /// Where the call stood when it was seen; nil when it was never decided.
    package var before: AttributionState?

    /// Nil when the call stays as it is: its month is closed, or its content is gone.
    package var decision: AttributionDecision?

    /// `rule`, or the person whose standing word was followed.
    package var person: String

    package init(
        call: CallID,
        seen: CallRevision,
        before: AttributionState?,
        decision: AttributionDecision?,
        person: String = "rule"
    ) {
        self.call = call
        self.seen = seen
        self.before = before
        self.decision = decision
        self.person = person
    }

    /// Whether campaign, recipient or method are other than before.
    package var isChange: Bool {
        guard let decision else { return false }
        return before?.campaign != decision.campaign || before?.recipient != decision.recipient
            || (before?.method ?? .none) != decision.method
    }
}

/// What became of a batch of decisions.
package struct AttributionReceipt: Hashable, Sendable {
    /// Credited otherwise than before.
    package var changed: [CallID] = []

    /// Changed since they were read; nothing was written.
    package var stale: [CallID] = []

    /// How many a person has pinned meanwhile.
    package var pinned = 0
}
