import JobQueue

/// How many jobs of a feed are on their way at once; pure.
///
/// Slow jobs take at most half of the workers' slots, so that live work finds a free one. Fast
/// jobs are handed out further ahead, so that the workers do not run dry between two rounds.
package struct FeedWindow: Sendable, Equatable {
    /// With fewer, one job's end would leave the workers idle until the next round.
    package static let sizeMin = 2

    /// One call's worth: what a pause or a cancellation has to wait for or to take back.
    package static let sizeMax = QueueLimits.jobsPerCallMax

    /// Rounds' worth of jobs to be ahead by.
    package static let roundsAhead = 2

    /// The size of the window.
    ///
    /// - Parameters:
    ///   - slots: Slots of all living workers together.
    ///   - feeds: Feeds that share them, 1 or more.
    ///   - ended: Jobs of this feed that ended since the round before; 0 in the first one.
    /// - Returns: `sizeMin` to `sizeMax`.
    package static func size(slots: Int, feeds: Int, ended: Int) -> Int {
        precondition(feeds >= 1, "There is the feed itself.")
        let share = max(slots / 2 / feeds, ended * roundsAhead)
        return min(max(share, sizeMin), sizeMax)
    }
}
