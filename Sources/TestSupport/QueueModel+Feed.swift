package import JobQueue

extension QueueModel {
    /// Hands out a part of a feed unless its cursor stands elsewhere.
    package mutating func feed(_ step: FeedStep, now: Int64) -> Result<FeedAnswer, QueueError> {
        let found = feeds[step.feed]
        guard found == step.seen.map({ FeedCursor.at($0) }) else { return .success(.moved(found)) }
        let pressure = pressure
        if let lane = step.jobs.lazy.map(\.lane).first(where: pressure.level.refuses) {
            return .failure(.overloaded(lane: lane, retryAfter: Self.slowDownMax))
        }
        feeds[step.feed] = .at(step.next)
        var hasReady = false
        for job in step.jobs { _ = admit(job, now: now, hasReady: &hasReady) }
        if hasReady, pause == nil { hasToken = true }
        return .success(pressure.slowDown.map { .fedUnderPressure(slowDown: $0) } ?? .fed)
    }

    package mutating func closeFeed(_ feed: FeedName) {
        feeds[feed] = .closed
    }
}
