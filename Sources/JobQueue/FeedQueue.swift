/// A queue into which a long plan is fed, part by part, just ahead of the workers.
///
/// A plan's positions count from 0. How far it has been handed out stands in the queue as the
/// feed's cursor; handing out a part and moving the cursor are one step, so any number of feeders
/// may try and each part enters the queue once.
package protocol FeedQueue: Sendable {
    /// Hands out one part, unless the cursor stands elsewhere than the step says.
    ///
    /// Safe to repeat: a repeat of a step that was taken finds the cursor moved.
    ///
    /// - Throws: `QueueError`; nothing was handed out and the cursor stands where it stood.
    ///   `overloaded` when the queue takes no jobs of one of their lanes now.
    func feed(_ step: FeedStep) async throws(QueueError) -> FeedAnswer

    /// Where a feed stands; nil when the queue does not know it.
    func feedCursor(_ feed: FeedName) async throws(QueueError) -> FeedCursor?

    /// Ends a feed: no later step of it is taken.
    func closeFeed(_ feed: FeedName) async throws(QueueError)
}

/// Names one feed for good; its cursor is kept under it.
package struct FeedName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "feed") }
        self.text = text
    }

    package var description: String { text }
}

/// Where a feed stands.
package enum FeedCursor: Sendable, Equatable {
    /// Every position before this one has been handed out.
    case at(Int)

    /// It was ended; nothing more is handed out.
    case closed
}

/// One part of a feed, to be handed out once.
package struct FeedStep: Sendable, Equatable {
    package var feed: FeedName

    /// Where the caller saw the cursor; nil when there was none.
    package var seen: Int?

    /// Where it stands afterwards; before `seen` to hand a part out again.
    package var next: Int

    /// The jobs of the part, up to `QueueLimits.jobsPerCallMax`, none with a unique key or a delay.
    package var jobs: [NewJob]

    package init(feed: FeedName, seen: Int?, next: Int, jobs: [NewJob]) {
        self.feed = feed
        self.seen = seen
        self.next = next
        self.jobs = jobs
    }

    /// Refuses what no queue takes, before anything is sent.
    package func check(payloadBytesMax: Int) throws(QueueError) {
        guard next >= 0, seen.map({ $0 >= 0 }) ?? true else {
            throw .refused(reason: "positions of a feed count from 0")
        }
        if !jobs.isEmpty { try jobs.checkForQueue(payloadBytesMax: payloadBytesMax) }
        guard jobs.allSatisfy({ $0.unique == nil && $0.delay == .zero }) else {
            throw .refused(reason: "a job of a feed has neither unique key nor delay")
        }
    }
}

/// What became of a step.
package enum FeedAnswer: Sendable, Equatable {
    case fed

    /// As `fed`; and the queue is over a soft mark: wait so long before the next part.
    case fedUnderPressure(slowDown: Duration)

    /// The cursor stands elsewhere; nothing was changed.
    case moved(FeedCursor?)
}

extension QueueLimits {
    /// How long a closed feed is remembered: longer than any feeder can sleep between two calls.
    package static let closedFeedAge = Duration.seconds(7 * 24 * 60 * 60)
}
