package import CallStore
package import PhoneNumbers

/// All that a decision on one call's campaign is made from.
package struct AttributionFacts: Sendable, Equatable {
    package var workspace: String

    /// Start of the call, Unix seconds.
    package var startedUnix: Int64
    package var direction: CallDirection?
    package var channel: CallChannel?

    /// The other party's number; nil for a conversation without a phone leg.
    package var caller: PartyNumber?

    /// A campaign that the call itself names, by the ids of a batch or in a dynamic variable.
    package var named: NamedCampaign?

    /// What a person said of this caller's later calls, too.
    package var standing: StandingAssignment?

    /// The token that the call carried; nil when it carried none.
    package var token: CarriedToken?

    /// Recipients of the workspace with the caller's number or a declared variant of it,
    /// extensions not looked at.
    package var candidates: [RecipientMatch]

    /// The agent's own number, and the campaigns that advertise it.
    package var agentNumber: E164?
    package var agentCampaigns: [Campaign]

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        startedUnix: Int64,
        direction: CallDirection? = .inbound,
        channel: CallChannel? = .phone,
        caller: PartyNumber?,
        named: NamedCampaign? = nil,
        standing: StandingAssignment? = nil,
        token: CarriedToken? = nil,
        candidates: [RecipientMatch] = [],
        agentNumber: E164? = nil,
        agentCampaigns: [Campaign] = []
    ) {
        self.workspace = workspace
        self.startedUnix = startedUnix
        self.direction = direction
        self.channel = channel
        self.caller = caller
        self.named = named
        self.standing = standing
        self.token = token
        self.candidates = candidates
        self.agentNumber = agentNumber
        self.agentCampaigns = agentCampaigns
    }
}

/// A token that a page passed into a call, and what it leads to.
package struct CarriedToken: Sendable, Equatable {
    package var text: String
    package var matches: [TokenMatch]

    package init(text: String, matches: [TokenMatch]) {
        self.text = text
        self.matches = matches
    }
}

/// A campaign of ours that a call names by an id.
package struct NamedCampaign: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// The upstream dialled for it.
        case batch(recipientID: String)

        /// A page, a batch row or the initiation webhook passed it in.
        case dynamicVariable(name: String)
    }

    package var source: Source
    package var campaign: CampaignID

    /// Nil when the id names nobody on the campaign's list.
    package var recipient: RecipientID?

    package init(source: Source, campaign: CampaignID, recipient: RecipientID?) {
        self.source = source
        self.campaign = campaign
        self.recipient = recipient
    }
}

/// Why a call is credited to no campaign.
package enum UnattributedReason: String, Sendable, CaseIterable {
    case withheld
    case invalid

    /// The caller is a SIP or client identity without a number.
    case sipUser = "sip-user"

    /// The conversation has no phone leg.
    case noPhone = "no-phone"
    case noRecipient = "no-recipient"

    /// A recipient has the number with another extension: for a person to decide.
    case otherExtension = "other-extension"
    case outsideWindow = "outside-window"

    /// Two campaigns reached the caller on the same day.
    case tie

    /// The recipient is kept out of the campaign to compare with.
    case heldOut = "held-out"

    /// It came after the books of its month were closed.
    case closedMonth = "closed-month"
}
