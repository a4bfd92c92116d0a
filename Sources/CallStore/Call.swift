/// One call as it stands in the store, whole.
package struct Call: Hashable, Sendable {
    package var id: CallID
    package var revision: CallRevision

    /// All that was ever learned of it; `source` and `fetchedAtMilliseconds` are the newest
    /// reading's.
    package var record: CallRecord
    package var createdMilliseconds: Int64

    /// When it last changed.
    package var changedMilliseconds: Int64

    /// Whether a detail or a webhook of the state that the call has is here, not only a list row
    /// or what was read before it came so far.
    package var hasDetail: Bool
    package var attribution: Attribution?
    package var conversion: Conversion?

    /// The turns; empty when there are none.
    package var transcript: [Turn] { record.transcript ?? [] }
}

/// One call as a list shows it.
package struct CallSummary: Hashable, Sendable, Codable {
    package var id: CallID
    package var conversationID: String
    package var workspace: String
    package var agentID: String
    package var agentName: String?
    package var status: CallStatus
    package var startedUnix: Int64
    package var durationSeconds: Int?
    package var channel: CallChannel?
    package var direction: CallDirection?
    package var agentNumber: String?

    /// E.164 where there is one, else what was received: personal data.
    package var caller: String?
    package var callerClass: String?
    package var callSuccessful: String?
    package var language: String?
    package var campaignID: CampaignID?
    package var campaignName: String?
    package var recipientID: RecipientID?
    package var method: AttributionMethod?
    package var isPinned: Bool

    /// Nil while nobody has judged.
    package var conversion: Ternary?
    package var conversionType: String?

    /// Messages of both sides.
    package var messages: Int?
    package var rating: Double?
    package var sentiment: String?
    package var costCredits: Int64?
    package var title: String?
    package var summary: String?
    package var isExcluded: Bool

    /// What people have tagged it with, in order.
    package var tags: [CallTag]
}

/// What the list walk wants to know of calls that it may have seen.
package struct KnownCall: Hashable, Sendable {
    package var id: CallID
    package var conversationID: String
    package var status: CallStatus

    /// Digest of the list row that the newest reading was made for.
    package var listFingerprint: String?
    package var hasDetail: Bool
    package var fetchedAtMilliseconds: Int64
    package var revision: CallRevision

    /// What a list row tells as well, to see whether the upstream has changed it since.
    package var durationSeconds: Int?
    package var callSuccessful: String?
    package var successScore: Double?
    package var rating: Double?
    package var title: String?
    package var summary: String?
    package var terminationReason: String?
    package var costCredits: Int64?
}

/// A call that is not at its end yet.
package struct WatchedCall: Hashable, Sendable {
    package var id: CallID
    package var identity: CallIdentity
    package var status: CallStatus
    package var startedUnix: Int64
    package var fetchedAtMilliseconds: Int64

    package init(
        id: CallID,
        identity: CallIdentity,
        status: CallStatus,
        startedUnix: Int64,
        fetchedAtMilliseconds: Int64
    ) {
        self.id = id
        self.identity = identity
        self.status = status
        self.startedUnix = startedUnix
        self.fetchedAtMilliseconds = fetchedAtMilliseconds
    }
}

/// Which calls a list, a count or an export is about; what is nil does not matter.
package struct CallFilter: Hashable, Sendable, Codable {
    package enum CampaignChoice: Hashable, Sendable, Codable {
        case one(CampaignID)

        /// Calls without a campaign.
        case unattributed
    }

    package var workspace: String?

    /// Start of the call, Unix seconds, inclusive.
    package var fromUnix: Int64?

    /// Start of the call, Unix seconds, exclusive.
    package var toUnix: Int64?
    package var agentID: String?
    package var campaign: CampaignChoice?

    /// Upstream's word.
    package var status: String?

    /// Upstream's `success`, `failure` or `unknown`; `pending` for not analysed.
    package var outcome: String?
    package var conversion: Ternary?
    package var direction: CallDirection?

    /// Words, each of which stands in the transcript, the summary or the title, or the
    /// conversation's id, or the caller's number; letters of either case, with or without accents.
    package var search: String?

    /// Only calls that have this tag.
    package var tag: CallTag?

    /// Only calls of these; nil for all.
    package var ids: [CallID]?

    /// Calls that may be named one by one.
    package static let idsMax = 1_000

    package init(
        workspace: String? = nil,
        fromUnix: Int64? = nil,
        toUnix: Int64? = nil,
        agentID: String? = nil,
        campaign: CampaignChoice? = nil,
        status: String? = nil,
        outcome: String? = nil,
        conversion: Ternary? = nil,
        direction: CallDirection? = nil,
        search: String? = nil,
        tag: CallTag? = nil,
        ids: [CallID]? = nil
    ) {
        self.workspace = workspace
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.agentID = agentID
        self.campaign = campaign
        self.status = status
        self.outcome = outcome
        self.conversion = conversion
        self.direction = direction
        self.search = search
        self.tag = tag
        self.ids = ids
    }
}

/// In which order a list shows calls.
package enum CallOrder: String, Hashable, Sendable, Codable, CaseIterable {
    case newest
    case oldest
}

/// Where a list of calls goes on.
package struct CallCursor: Hashable, Sendable, Codable {
    package var startedUnix: Int64
    package var id: CallID

    package init(startedUnix: Int64, id: CallID) {
        self.startedUnix = startedUnix
        self.id = id
    }
}

/// A page of calls.
package struct CallPage: Hashable, Sendable {
    package var calls: [CallSummary]

    /// Nil after the last page.
    package var next: CallCursor?
}

/// How many calls stand how; the `calls` part of `ringback status --json`.
package struct CallCounts: Hashable, Sendable {
    package var total: Int
    package var done: Int

    /// Neither done nor failed.
    package var unfinished: Int
    package var attributed: Int
    package var unattributed: Int
    package var conversions: Int

    /// Everything that started before this instant has been listed, Unix milliseconds.
    package var lastPollMilliseconds: Int64?
    package var lastWebhookMilliseconds: Int64?

    package init(
        total: Int,
        done: Int,
        unfinished: Int,
        attributed: Int,
        unattributed: Int,
        conversions: Int,
        lastPollMilliseconds: Int64?,
        lastWebhookMilliseconds: Int64?
    ) {
        self.total = total
        self.done = done
        self.unfinished = unfinished
        self.attributed = attributed
        self.unattributed = unattributed
        self.conversions = conversions
        self.lastPollMilliseconds = lastPollMilliseconds
        self.lastWebhookMilliseconds = lastWebhookMilliseconds
    }
}

/// How much waits inside the store, and what could not be understood; for `doctor`.
package struct StoreHealth: Hashable, Sendable {
    package var schemaVersion: Int
    package var inboxWaiting: Int
    package var inboxDead: Int
    package var outboxWaiting: Int

    /// When the oldest outbox row was made, Unix milliseconds.
    package var outboxOldestMilliseconds: Int64?
    package var ledgerRows: Int
    package var unreadableBodies: Int
    package var bytes: Int64
}
