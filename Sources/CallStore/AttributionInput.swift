package import PhoneNumbers

/// What the attribution rules read of one call: no more than they need, for many calls at once.
package struct AttributionInput: Hashable, Sendable {
    package var call: CallID

    /// What was seen; a decision is written only where it still holds.
    package var seen: CallRevision
    package var workspace: String
    package var startedUnix: Int64
    package var direction: CallDirection?
    package var channel: CallChannel?

    /// The other party; its raw text is read only where it is no valid number.
    package var caller: PartyNumber?
    package var agentNumber: E164?
    package var batchCallID: String?
    package var batchRecipientID: String?
    package var upstreamCampaignID: String?
    package var upstreamLeadID: String?
    package var dynamicVariables: [String: StoredValue]
    package var hasDetail: Bool

    /// Whether a person has pinned it: no rule decides it.
    package var isPinned: Bool

    /// The month whose books are closed that the call lies in, such as `2026-05`.
    package var closedMonth: String?

    /// Whether its content was erased or has expired: what was decided of it stands.
    package var isFrozen: Bool

    /// Where it stands; nil when it was never decided.
    package var before: AttributionState?

    /// What a person said of this caller's later calls, too.
    package var standing: StandingAssignment?

    /// Recipients with the caller's number or a declared variant of it.
    package var candidates: [RecipientMatch]

    /// Campaigns that advertise the agent's number.
    package var agentCampaigns: [Campaign]
}

/// What a call is credited to, without the evidence.
package struct AttributionState: Hashable, Sendable {
    package var campaign: CampaignID?
    package var recipient: RecipientID?
    package var method: AttributionMethod
    package var reason: String?

    package init(
        campaign: CampaignID?,
        recipient: RecipientID?,
        method: AttributionMethod,
        reason: String?
    ) {
        self.campaign = campaign
        self.recipient = recipient
        self.method = method
        self.reason = reason
    }

    package init(_ decision: AttributionDecision) {
        self.init(
            campaign: decision.campaign,
            recipient: decision.recipient,
            method: decision.method,
            reason: decision.reason
        )
    }
}

/// A person's word on the calls of one caller until a moment.
package struct StandingAssignment: Hashable, Sendable {
    package var id: AssignmentID
    package var campaign: CampaignID?
    package var recipient: RecipientID?
    package var person: String

    package init(
        id: AssignmentID,
        campaign: CampaignID?,
        recipient: RecipientID?,
        person: String
    ) {
        self.id = id
        self.campaign = campaign
        self.recipient = recipient
        self.person = person
    }
}

/// A recipient or a scan that a token leads to.
package struct TokenMatch: Hashable, Sendable {
    package var campaign: Campaign

    /// Nil when the token is a campaign's and nobody's in particular.
    package var recipient: RecipientID?

    /// The scan or page view; nil when the token is a recipient's own and no scan is known.
    package var touch: Int64?

    /// When it was, Unix seconds; for a recipient's own token the first time it was reached.
    package var atUnix: Int64?

    package init(
        campaign: Campaign,
        recipient: RecipientID?,
        touch: Int64?,
        atUnix: Int64?
    ) {
        self.campaign = campaign
        self.recipient = recipient
        self.touch = touch
        self.atUnix = atUnix
    }
}
