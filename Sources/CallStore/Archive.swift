/// By what the store first heard of a call.
package enum CallArrival: String, Sendable, Codable {
    case webhook
    case poll
}

/// Why a conversation is not to be expected any more.
package enum TombstoneReason: String, Sendable, Codable, CaseIterable {
    /// The upstream answers that it has none of this id; what is here stays.
    case deletedUpstream = "deleted-upstream"

    /// A person had it erased here: nothing may bring it back.
    case erased
}

/// A conversation that is no more.
package struct Tombstone: Hashable, Sendable {
    package var identity: CallIdentity
    package var reason: TombstoneReason

    /// Unix milliseconds.
    package var atMilliseconds: Int64
}

/// What stood in a call before the upstream changed it.
package struct CallChange: Hashable, Sendable {
    /// `status`, `started`, `duration`, `call-successful`, `success-score`, `criteria`, `rating`
    /// or `transcript`.
    package var field: String

    /// The value until then; of criteria the results by id, of a transcript the number of turns.
    package var value: StoredValue

    /// When the change was seen here, Unix milliseconds.
    package var seenMilliseconds: Int64
}

/// How a call came here, and what became of it upstream.
package struct CallProvenance: Hashable, Sendable {
    /// Nil for a call that came before this was noted.
    package var arrival: CallArrival?

    /// When its first webhook came in, Unix milliseconds; nil when none has.
    package var webhookMilliseconds: Int64?

    /// When the upstream first changed it after it was here whole, Unix milliseconds.
    package var correctedMilliseconds: Int64?

    /// When the upstream said that it has it no more, Unix milliseconds.
    package var goneMilliseconds: Int64?

    /// Earlier values, oldest first.
    package var changes: [CallChange]
}

/// How the calls of one day came here.
package struct LedgerDay: Hashable, Sendable {
    /// The day's bounds, Unix seconds, from inclusive, to exclusive.
    package var fromUnix: Int64
    package var toUnix: Int64
    package var calls: Int

    /// First heard of by a webhook, by the poll, or before that was noted; they add up to `calls`.
    package var byWebhook: Int
    package var byPoll: Int
    package var unknown: Int

    /// Changed by the upstream after they were here whole.
    package var changedLater: Int

    /// Ended calls whose webhook never came, and those for which it may still come.
    package var neverByWebhook: Int
    package var awaitingWebhook: Int

    package init(
        fromUnix: Int64,
        toUnix: Int64,
        calls: Int = 0,
        byWebhook: Int = 0,
        byPoll: Int = 0,
        unknown: Int = 0,
        changedLater: Int = 0,
        neverByWebhook: Int = 0,
        awaitingWebhook: Int = 0
    ) {
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.calls = calls
        self.byWebhook = byWebhook
        self.byPoll = byPoll
        self.unknown = unknown
        self.changedLater = changedLater
        self.neverByWebhook = neverByWebhook
        self.awaitingWebhook = awaitingWebhook
    }
}

/// Whether webhooks still come.
package struct WebhookSilence: Hashable, Sendable {
    /// When the newest webhook came in, Unix milliseconds; nil when none ever has.
    package var lastMilliseconds: Int64?

    /// Calls that ended after it, for which a webhook was due and which only the poll has found.
    package var missed: Int

    /// So many missed calls in a row are no chance: each webhook is sent by itself.
    package static let missedMin = 5

    /// Whether the poll finds calls and no webhook comes any more.
    package var isSilent: Bool { missed >= Self.missedMin }

    package init(lastMilliseconds: Int64?, missed: Int) {
        self.lastMilliseconds = lastMilliseconds
        self.missed = missed
    }
}

/// What of the archive asks for attention, in a few numbers that cost little at any size.
package struct ArchiveState: Hashable, Sendable {
    /// Calls that have not ended, and those of them that began more than a day ago.
    package var unfinished: Int
    package var stuck: Int

    /// The longest stuck of them.
    package var stuckExample: String?

    /// Conversations that the upstream has deleted, and those erased here.
    package var deletedUpstream: Int
    package var erased: Int
    package var webhooks: WebhookSilence

    package init(
        unfinished: Int = 0,
        stuck: Int = 0,
        stuckExample: String? = nil,
        deletedUpstream: Int = 0,
        erased: Int = 0,
        webhooks: WebhookSilence = WebhookSilence(lastMilliseconds: nil, missed: 0)
    ) {
        self.unfinished = unfinished
        self.stuck = stuck
        self.stuckExample = stuckExample
        self.deletedUpstream = deletedUpstream
        self.erased = erased
        self.webhooks = webhooks
    }
}

/// The bounds of the archive's figures, each with its reason.
package enum ArchiveLimits {
    /// How long after a call's end its webhook may still come, in seconds: the upstream's last
    /// retry follows after 41 minutes, and the analysis takes its time before.
    package static let webhookGraceSeconds: Int64 = 3_600

    /// When a call that has not ended counts as stuck, in seconds.
    package static let stuckSeconds: Int64 = 24 * 3_600

    /// How far back missed webhooks are counted, in seconds.
    package static let silenceSeconds: Int64 = 7 * 24 * 3_600

    /// Days of one ledger card: two years, the upstream's own retention.
    package static let daysMax = 732

    /// Earlier values shown of one call.
    package static let changesMax = 200
}
