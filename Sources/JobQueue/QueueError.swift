/// What can go wrong between a program and its queue.
package enum QueueError: Error, Equatable, Sendable {
    /// No answer within the time limit, or the connection ended: the call may or may not have
    /// happened, and repeating it with the same ids is safe.
    case unavailable(reason: String)

    /// The queue's memory is full (`noeviction`); nothing was written. Settling still works.
    case full

    /// The queue is over a hard mark and takes no jobs of this lane; nothing of the call was
    /// written. Settling still works. Try again after the time, or leave it.
    case overloaded(lane: Lane, retryAfter: Duration)

    /// The server refuses us: wrong password, missing right, read-only, wrong version. Repeating
    /// does not help until somebody changes something.
    case refused(reason: String)

    /// The keys were written by a newer layout than this program knows.
    case layoutTooNew(found: Int, known: Int)

    /// A payload over the limit; nothing was written.
    case payloadTooLarge(id: JobID, bytes: Int, limit: Int)

    /// A reply that the protocol does not allow: a defect, not a state of the world.
    case protocolViolation(reason: String)

    /// The caller's task was cancelled; the call may or may not have happened.
    case cancelled
}
