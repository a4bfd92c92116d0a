/// How far a person's word on a call's campaign reaches.
package enum AssignmentScope: String, Sendable, Codable, CaseIterable {
    /// This call.
    case call

    /// This call, and all of its caller's calls that are credited to nobody.
    case caller

    /// These, and what the caller does until the campaign's window ends.
    case future
}

/// What a person says of calls' campaigns.
package struct NewAssignment: Hashable, Sendable {
    package var call: CallID

    /// Nil for "not from a campaign", which is an answer too.
    package var campaign: CampaignID?
    package var recipient: RecipientID?
    package var scope: AssignmentScope

    /// Until when calls of the caller follow it, Unix seconds, exclusive; of scope `future` only.
    package var untilUnix: Int64?
    package var person: String
    package var note: String?

    /// Why the books of a closed month are changed; without it they are not.
    package var overrideReason: String?

    /// The attribution's revision that the person looked at; nil when it does not matter.
    package var expected: Int64?

    package init(
        call: CallID,
        campaign: CampaignID?,
        recipient: RecipientID? = nil,
        scope: AssignmentScope = .call,
        untilUnix: Int64? = nil,
        person: String,
        note: String? = nil,
        overrideReason: String? = nil,
        expected: Int64? = nil
    ) {
        self.call = call
        self.campaign = campaign
        self.recipient = recipient
        self.scope = scope
        self.untilUnix = untilUnix
        self.person = person
        self.note = note
        self.overrideReason = overrideReason
        self.expected = expected
    }
}

/// One thing that a person said, as it stands in the store.
package struct Assignment: Hashable, Sendable {
    package enum Action: String, Sendable, Codable {
        case assign

        /// A pin was taken away.
        case release
        case undo
    }

    package var id: AssignmentID
    package var atMilliseconds: Int64
    package var person: String
    package var note: String?
    package var action: Action
    package var scope: AssignmentScope
    package var call: CallID
    package var campaign: CampaignID?
    package var recipient: RecipientID?
    package var untilUnix: Int64?
    package var undoneMilliseconds: Int64?
    package var undoneBy: String?
}

/// What an assignment, a release or an undo did.
package struct AssignmentReceipt: Hashable, Sendable {
    package var id: AssignmentID

    /// The calls that are other than before.
    package var calls: [CallID]

    /// Calls that were left as they are, for their month is closed.
    package var locked: Int

    /// Calls that somebody has assigned otherwise since; an undo leaves them.
    package var changedSince: Int

    package init(id: AssignmentID, calls: [CallID], locked: Int = 0, changedSince: Int = 0) {
        self.id = id
        self.calls = calls
        self.locked = locked
        self.changedSince = changedSince
    }
}
