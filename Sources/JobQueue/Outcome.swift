/// What a worker tells the queue about one delivered job.
package enum Outcome: Sendable, Equatable {
    /// Its result is committed; the job leaves the queue.
    case done

    /// It failed; the next attempt, counted, is due after the delay.
    case retry(after: Duration, reason: String)

    /// It could not run now; the same attempt again after the delay.
    case snooze(after: Duration, reason: String)

    /// Like a snooze; and what the job's limit key stands for cannot be asked before that: its
    /// waiting jobs stay where they are until then, and come back one at a time until one is done.
    case rest(after: Duration, reason: String)

    /// Handed back untouched, to the front of its lane at once.
    case release

    /// Nothing to do for it; the job leaves the queue without a result.
    case discard(reason: String)

    /// It will not succeed; kept in `dead` with the reason until somebody decides.
    case dead(reason: String)
}
