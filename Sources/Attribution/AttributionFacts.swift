package import CallStore

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

    /// Recipients of the workspace with the caller's number, extensions not looked at.
    package var candidates: [RecipientMatch]

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        startedUnix: Int64,
        direction: CallDirection? = .inbound,
        channel: CallChannel? = .phone,
        caller: PartyNumber?,
        named: NamedCampaign? = nil,
        candidates: [RecipientMatch] = []
    ) {
        self.workspace = workspace
        self.startedUnix = startedUnix
        self.direction = direction
        self.channel = channel
        self.caller = caller
        self.named = named
        self.candidates = candidates
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
}
