/// The numbers of the sync, each with its reason.
package enum SyncLimits {
    /// How far back the frequent poll looks, in seconds: records change for a while after a call.
    package static let recentSeconds: Int64 = 2 * 3600

    /// How far back the very first poll looks, in seconds.
    package static let firstSeconds: Int64 = 30 * 24 * 3600

    /// A first walk this long counts as the history being there: an hour less than
    /// `firstSeconds`, so that a backfill planned a moment before its start still does.
    package static let historySeconds = firstSeconds - 3600

    /// How old the newest call is that a poll reads, in seconds: the list may lag behind the
    /// calls, and the upstream's clock behind ours.
    package static let settleSeconds: Int64 = 5

    /// Seconds by which a range is widened at its edges: whether the bounds are inclusive is not
    /// documented.
    package static let overlapSeconds: Int64 = 5

    /// When a walk that nobody moved on is taken for dead, in milliseconds: twice the longest
    /// attempt of a page, and its retries' first waits.
    package static let walkStaleMilliseconds: Int64 = 15 * 60 * 1000

    /// Pages of one walk: ten million calls.
    package static let pagesMax = 100_000

    /// Until when a page starts new details: two thirds of a sync job's longest attempt.
    package static let pageBudget = Duration.seconds(200)

    /// Details that are asked for at once, by one job; the shared budget lets fewer through.
    package static let detailsAtOnce = 6

    /// How long a call that does not end is asked for, in seconds; later only `doctor` names it.
    package static let watchSeconds: Int64 = 24 * 3600

    /// How long ago a watched call must have been read last, in milliseconds.
    package static let watchPauseMilliseconds: Int64 = 10 * 60 * 1000

    /// Watched calls that one poll asks for.
    package static let watchBatch = 200

    /// Calls that a page should have shown, and that are asked for one by one: after a purge
    /// upstream the rest follows in the next nights.
    package static let missingBatch = 50

    /// How long ago the upstream must have said that it has no such call before a listing again that
    /// shows the call doubts it, in milliseconds: less than the hour between two of them.
    package static let doubtAfterMilliseconds: Int64 = 50 * 60 * 1000

    /// How long work rests after a refusal that only a person can lift.
    package static let haltPause = Duration.seconds(15 * 60)

    /// How long a waiting job trusts the note of a refusal without asking the upstream itself.
    package static let haltTrustMilliseconds: Int64 = 5 * 60 * 1000

    /// How long to wait after a refusal that names no time.
    package static let busyPause = Duration.seconds(15)

    /// How long to wait when the store or Redis cannot be asked: nobody's attempt.
    package static let storePause = Duration.seconds(5)

    /// How long after a webhook of a call that no poll has listed one is made, at most one in
    /// this time: the mark of the last poll follows the calls.
    package static let catchUp = Duration.seconds(15)
}
