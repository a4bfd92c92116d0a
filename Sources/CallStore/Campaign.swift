package import PhoneNumbers

/// How a campaign reaches people.
package enum CampaignChannel: String, Sendable, Codable, CaseIterable {
    case mail
    case sms
    case email

    /// A direct message in some app.
    case dm
    case call

    /// Days after a touch in which a call is credited, unless the campaign says otherwise.
    package var windowDaysDefault: Int {
        switch self {
        case .mail: 90
        case .sms, .email, .dm: 30
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

    /// Our own numbers that only this campaign advertises.
    package var agentNumbers: [E164]

    /// The page that its codes lead to.
    package var landing: LandingAddress?

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        name: String,
        channel: CampaignChannel,
        windowDays: Int? = nil,
        startsUnix: Int64? = nil,
        endsUnix: Int64? = nil,
        status: CampaignStatus = .running,
        upstreamCampaignID: String? = nil,
        batchCallID: String? = nil,
        agentNumbers: [E164] = [],
        landing: LandingAddress? = nil
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
        self.agentNumbers = agentNumbers
        self.landing = landing
    }
}

/// From when on a campaign's window has a length.
package struct WindowSpan: Hashable, Sendable {
    /// Start of the first call that it holds for, Unix seconds.
    package var fromUnix: Int64
    package var days: Int

    package init(fromUnix: Int64, days: Int) {
        self.fromUnix = fromUnix
        self.days = days
    }
}

/// A campaign as it stands in the store.
package struct Campaign: Hashable, Sendable {
    package var id: CampaignID
    package var workspace: String
    package var name: String
    package var channel: CampaignChannel

    /// Days after a touch in which a call of today is credited.
    package var windowDays: Int
    package var startsUnix: Int64?
    package var endsUnix: Int64?
    package var status: CampaignStatus
    package var upstreamCampaignID: String?
    package var batchCallID: String?
    package var createdMilliseconds: Int64

    /// Since when it has its status, Unix seconds; nil since it was made.
    package var statusSinceUnix: Int64?

    /// Our own numbers that only this campaign advertises.
    package var agentNumbers: [E164]

    /// Lengths of the window over time, oldest first; empty when it never changed for some calls
    /// alone.
    package var windows: [WindowSpan]

    /// The page that its codes lead to; nil when it has none.
    package var landing: LandingAddress?

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
        createdMilliseconds: Int64,
        statusSinceUnix: Int64? = nil,
        agentNumbers: [E164] = [],
        windows: [WindowSpan] = [],
        landing: LandingAddress? = nil
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
        self.statusSinceUnix = statusSinceUnix
        self.agentNumbers = agentNumbers
        self.windows = windows
        self.landing = landing
    }

    /// Length of the window for a call that started then, in days.
    package func windowDays(atUnix started: Int64) -> Int {
        guard !windows.isEmpty else { return windowDays }
        return windows.last { $0.fromUnix <= started }?.days ?? windows[0].days
    }

    /// Whether it ran at a moment, by its dates and by what is known of its status.
    package func ran(atUnix moment: Int64) -> Bool {
        if let startsUnix, moment < startsUnix { return false }
        if let endsUnix, moment >= endsUnix { return false }
        switch status {
        case .running: return true
        case .draft: return false
        case .paused: return statusSinceUnix.map { moment < $0 } ?? false
        case .ended: return statusSinceUnix.map { moment < $0 } ?? (endsUnix != nil)
        }
    }
}

/// A campaign with what it brought so far, over all its days.
package struct CampaignFigures: Hashable, Sendable {
    package var campaign: Campaign
    package var recipients: Int

    /// As a report counts them: by phone, and without those that are excluded.
    package var calls: Int
    package var conversions: Int
    package var cost: CampaignCost
}

/// What a campaign cost and brought, always over all its days.
///
/// What a person entered is of the whole campaign: divided by the conversions of some days it
/// would make each of them dearer, the fewer the days are.
package struct CampaignCost: Hashable, Sendable {
    /// As a person entered it.
    package var media: Money?

    /// US dollars; nil while no call has a cost.
    package var agent: Double?
    package var conversions: Int

    package init(
        media: Money? = nil,
        agent: Double? = nil,
        conversions: Int = 0
    ) {
        self.media = media
        self.agent = agent
        self.conversions = conversions
    }

    /// Media and agent cost per conversion, US dollars; nil where a part is not in dollars, no
    /// cost is known, or nothing converted.
    package var perConversion: Double? {
        guard conversions > 0, media?.currency ?? "USD" == "USD" else { return nil }
        guard media != nil || agent != nil else { return nil }
        return ((media?.amount ?? 0) + (agent ?? 0)) / Double(conversions)
    }
}

extension NewCampaign {
    /// A draft with the settings of another one.
    ///
    /// Without what can be of one campaign alone: recipients, agent numbers, the upstream's ids,
    /// costs, and windows of earlier calls.
    package init(like campaign: Campaign, named name: String) {
        self.init(
            workspace: campaign.workspace,
            name: name,
            channel: campaign.channel,
            windowDays: campaign.windowDays,
            startsUnix: campaign.startsUnix,
            endsUnix: campaign.endsUnix,
            status: .draft,
            landing: campaign.landing
        )
    }
}

/// One person on a campaign's list, to be added or brought up to date.
package struct NewRecipient: Hashable, Sendable {
    package var campaign: CampaignID

    /// The list's own name for the person; one per campaign.
    package var reference: String
    package var name: String?
    package var phone: PartyNumber?

    /// What the person's own code or link carries.
    package var token: String?

    /// Kept out of the campaign to compare with; counts only when the recipient is new.
    package var isHeldOut: Bool

    package init(
        campaign: CampaignID,
        reference: String,
        name: String? = nil,
        phone: PartyNumber? = nil,
        token: String? = nil,
        isHeldOut: Bool = false
    ) {
        self.campaign = campaign
        self.reference = reference
        self.name = name
        self.phone = phone
        self.token = token
        self.isHeldOut = isHeldOut
    }
}

/// One person on a campaign's list, as it stands in the store.
package struct Recipient: Hashable, Sendable {
    package var id: RecipientID
    package var campaign: CampaignID
    package var reference: String
    package var name: String?
    package var phone: PartyNumber?

    /// Kept out of the campaign to compare with: reached by nothing, credited with nothing.
    package var isHeldOut: Bool

    package init(
        id: RecipientID,
        campaign: CampaignID,
        reference: String,
        name: String? = nil,
        phone: PartyNumber? = nil,
        isHeldOut: Bool = false
    ) {
        self.id = id
        self.campaign = campaign
        self.reference = reference
        self.name = name
        self.phone = phone
        self.isHeldOut = isHeldOut
    }
}

/// One moment at which a campaign reached, or was seen by, a person.
package struct Touch: Hashable, Sendable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
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

    /// The declared variant by which the number is the caller's, such as `br-9`; nil when it is
    /// the same number.
    package var variant: String?

    package init(
        recipient: Recipient,
        campaign: Campaign,
        touches: [Touch],
        variant: String? = nil
    ) {
        self.recipient = recipient
        self.campaign = campaign
        self.touches = touches
        self.variant = variant
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
