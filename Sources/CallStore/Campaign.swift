/// How a campaign reaches people.
package enum CampaignChannel: String, Sendable, Codable, CaseIterable {
    case mail
    case sms
    case email
    case call

    /// Days after a touch in which a call is credited, unless the campaign says otherwise.
    package var windowDaysDefault: Int {
        switch self {
        case .mail: 90
        case .sms, .email: 30
        case .call: 7
        }
    }
}

/// What a campaign is at.
package enum CampaignStatus: String, Sendable, Codable, CaseIterable {
    case draft
    case running
    case paused
    case ended
}

/// A campaign to be added.
package struct NewCampaign: Hashable, Sendable {
    package var workspace: String
    package var name: String
    package var channel: CampaignChannel

    /// Nil for the channel's default.
    package var windowDays: Int?
    package var startsUnix: Int64?
    package var endsUnix: Int64?
    package var status: CampaignStatus

    /// The upstream's own ids, where it dialled for the campaign itself.
    package var upstreamCampaignID: String?
    package var batchCallID: String?

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        name: String,
        channel: CampaignChannel,
        windowDays: Int? = nil,
        startsUnix: Int64? = nil,
        endsUnix: Int64? = nil,
        status: CampaignStatus = .running,
        upstreamCampaignID: String? = nil,
        batchCallID: String? = nil
    ) {
        self.workspace = workspace
        self.name = name
        self.channel = channel
        self.windowDays = windowDays
        self.startsUnix = startsUnix
        self.endsUnix = endsUnix
        self.status = status
        self.upstreamCampaignID = upstreamCampaignID
        self.batchCallID = batchCallID
    }
}

/// A campaign as it stands in the store.
package struct Campaign: Hashable, Sendable {
    package var id: CampaignID
    package var workspace: String
    package var name: String
    package var channel: CampaignChannel
    package var windowDays: Int
    package var startsUnix: Int64?
    package var endsUnix: Int64?
    package var status: CampaignStatus
    package var upstreamCampaignID: String?
    package var batchCallID: String?
    package var createdMilliseconds: Int64

    package init(
        id: CampaignID,
        workspace: String = CallIdentity.defaultWorkspace,
        name: String,
        channel: CampaignChannel,
        windowDays: Int,
        startsUnix: Int64? = nil,
        endsUnix: Int64? = nil,
        status: CampaignStatus,
        upstreamCampaignID: String? = nil,
        batchCallID: String? = nil,
        createdMilliseconds: Int64
    ) {
        self.id = id
        self.workspace = workspace
        self.name = name
        self.channel = channel
        self.windowDays = windowDays
        self.startsUnix = startsUnix
        self.endsUnix = endsUnix
        self.status = status
        self.upstreamCampaignID = upstreamCampaignID
        self.batchCallID = batchCallID
        self.createdMilliseconds = createdMilliseconds
    }
}

/// A campaign with what it brought so far.
package struct CampaignFigures: Hashable, Sendable {
    package var campaign: Campaign
    package var recipients: Int
    package var calls: Int
    package var conversions: Int
}

/// One person on a campaign's list, to be added or brought up to date.
package struct NewRecipient: Hashable, Sendable {
    package var campaign: CampaignID

    /// The list's own name for the person; one per campaign.
    package var reference: String
    package var name: String?
    package var phone: PartyNumber?

    package init(
        campaign: CampaignID,
        reference: String,
        name: String? = nil,
        phone: PartyNumber? = nil
    ) {
        self.campaign = campaign
        self.reference = reference
        self.name = name
        self.phone = phone
    }
}

/// One person on a campaign's list, as it stands in the store.
package struct Recipient: Hashable, Sendable {
    package var id: RecipientID
    package var campaign: CampaignID
    package var reference: String
    package var name: String?
    package var phone: PartyNumber?

    package init(
        id: RecipientID,
        campaign: CampaignID,
        reference: String,
        name: String? = nil,
        phone: PartyNumber? = nil
    ) {
        self.id = id
        self.campaign = campaign
        self.reference = reference
        self.name = name
        self.phone = phone
    }
}

/// One moment at which a campaign reached, or was seen by, a person.
package struct Touch: Hashable, Sendable {
    package enum Kind: String, Sendable, Codable {
        case sent
        case delivered
        case scan
        case pageView = "page-view"
    }

    package var kind: Kind
    package var atUnix: Int64

    /// For a delivery: when that which was delivered had been sent; nil when nobody knows.
    package var sentUnix: Int64?

    /// What a scan or a page view carried.
    package var token: String?

    package init(kind: Kind, atUnix: Int64, sentUnix: Int64? = nil, token: String? = nil) {
        self.kind = kind
        self.atUnix = atUnix
        self.sentUnix = sentUnix
        self.token = token
    }
}

/// A recipient that a call may have come from, with all that decides whether it did.
package struct RecipientMatch: Hashable, Sendable {
    package var recipient: Recipient
    package var campaign: Campaign

    /// The touches of this recipient, oldest first.
    package var touches: [Touch]

    package init(recipient: Recipient, campaign: Campaign, touches: [Touch]) {
        self.recipient = recipient
        self.campaign = campaign
        self.touches = touches
    }

    /// Where windows open: at each delivery, and at each sending that has no delivery.
    ///
    /// Unix seconds, oldest first.
    package var windowStarts: [Int64] {
        let delivered = touches.filter { $0.kind == .delivered }
        let arrived = Set(delivered.compactMap(\.sentUnix))
        let onlySent = touches.filter { $0.kind == .sent && !arrived.contains($0.atUnix) }
        return (delivered + onlySent).map(\.atUnix).sorted()
    }
}
