package import JobQueue

extension QueueModel {
    /// Hands out a part of a feed unless its cursor stands elsewhere.
    package mutating func feed(_ step: FeedStep, now: Int64) -> FeedAnswer {
        let found = feeds[step.feed]
        guard found == step.seen.map({ FeedCursor.at($0) }) else { return .moved(found) }
        feeds[step.feed] = .at(step.next)
        for job in step.jobs { _ = admit(job, now: now) }
        if !step.jobs.isEmpty, pause == nil { hasToken = true }
        return .fed
    }

    package mutating func closeFeed(_ feed: FeedName) {
        feeds[feed] = .closed
    }
}
