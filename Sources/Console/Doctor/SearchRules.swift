package import CallStore

/// Whether searches of calls are as fast as they can be.
package enum SearchRules {
    /// A step of the index takes well under a minute; behind a backfill it waits a while.
    package static let standsMax: Int64 = 15 * 60

    /// How far the index of words is.
    package static func index(_ progress: TextIndexProgress, nowMilliseconds: Int64) -> Finding {
        guard !progress.isComplete else {
            return .ok("search", "the words of all \(progress.callsAll) calls are in the index")
        }
        let share = progress.calls * 100 / max(1, progress.callsAll)
        let state =
            "the index of words has \(progress.calls) of \(progress.callsAll) calls "
            + "(\(share) %); the others are looked through one by one"
        let stands = nowMilliseconds - progress.movedMilliseconds
        guard stands > standsMax * 1000 else { return .ok("search", "\(state), and it goes on") }
        return Finding(
            "search",
            .warning,
            "\(state), and nothing was added for \(TimeText.duration(.milliseconds(stands)))",
            fix:
                "see that worker-upkeep runs and its queue is not paused, and `ringback dead list`; "
                + "then `ringback enqueue upkeep task=texts`"
        )
    }
}
