import JobQueue

/// One thing that happens to a queue in the model-based test.
enum ModelStep: Sendable {
    case enqueue([(id: EnqueueCallID, jobs: [NewJob])])
    case fire(Tick)
    case pauseSchedule(String)
    case resumeSchedule(String)
    case feed(FeedStep)
    case closeFeed(FeedName)
    case turn(TurnRequest)
    case beat(Presence)
    case reap(limit: Int)
    case forget([JobID])
    case leave(WorkerID)
    case ring
    case takeToken
    case pause(reason: String)
    case resume
    case cancel([JobID])
    case retryDead([JobID])
    case discardDead([JobID])
    case runNow([JobID])
    case purge([PurgePlace], limit: Int)
    case setLimit(LimitKey, LimitSettings)
    case limits
    case setMark(PressureMark, Int?)
    case pushByHand([UInt8], Lane)

    /// The time limit of a key ends; Redis's own clock cannot be moved for that.
    case expireCall(EnqueueCallID)
    case expireUnique(UniqueKey)

    /// The clock goes on by this much, or back.
    case wait(Int64)
}

/// What a step answers, in either world.
enum ModelAnswer: Sendable, Equatable {
    case nothing
    case enqueued([Result<EnqueueReply, QueueError>])
    case fired(Result<TickAnswer, QueueError>)
    case fed(Result<FeedAnswer, QueueError>)
    case pressed(PressureState)
    case turned(TurnReply)
    case beaten(BeatAnswer)
    case reaped(ReapReport)
    case token(Bool)
    case resumed(PauseState?)
    case count(Int)
    case retried([DeadRetryAnswer])
    case purged(PurgeReport)
    case limits([LimitFigures])
}
