package import JobQueue
import Synchronization

extension InMemoryQueue: FeedQueue {
    package func feed(_ step: FeedStep) async throws(QueueError) -> FeedAnswer {
        let tuning = state.withLock { $0.model.tuning }
        try step.check(payloadBytesMax: tuning.payloadBytesMax)
        return try await self.step(.feed(step.feed)) { model, now in model.feed(step, now: now) }
            .get()
    }

    package func feedCursor(_ feed: FeedName) async throws(QueueError) -> FeedCursor? {
        try await step(.feed(feed)) { model, _ in model.feeds[feed] }
    }

    package func closeFeed(_ feed: FeedName) async throws(QueueError) {
        try await step(.feed(feed)) { model, _ in model.closeFeed(feed) }
    }
}
