package import JobQueue

/// One call that reaches an in-memory queue, as a fault plan sees it.
package enum InMemoryCall: Sendable, Equatable {
    case enqueue([JobID])
    case fire(schedule: String)
    case lastTick
    case feed(FeedName)
    case turn(TurnRequest)
    case forget([JobID])
    case waitForBell
    case ring
    case beat(WorkerID)
    case leave(WorkerID)
    case reap
    case administration
}

/// What goes wrong with one call.
package enum InMemoryFault: Sendable, Equatable {
    case none

    /// The call never reaches the queue.
    case failBefore(QueueError)

    /// The queue takes the step; the caller hears only the error.
    case loseReply(QueueError)
}
