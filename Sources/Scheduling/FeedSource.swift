package import JobQueue

/// Whoever keeps long plans: it knows them and what has ended, and makes their jobs.
///
/// Its word is the truth on what is done; the queue's cursor only says what was handed out.
package protocol FeedSource: Sendable {
    /// The plans that are to go on now, a bounded number.
    func feeds() async throws -> [FeedName]

    /// How a plan stands; nil when it is not to go on any more.
    ///
    /// The cursor is where the queue's stands; nil when the queue has none.
    func progress(of feed: FeedName, cursor: Int?) async throws -> FeedProgress?

    /// Records the next positions as handed out and makes their jobs; positions that have ended
    /// are passed over.
    ///
    /// A job's id follows from its position alone, so that one which is handed out twice takes
    /// effect once.
    func part(
        of feed: FeedName,
        from position: Int,
        jobsMax: Int
    ) async throws -> FeedPart

    /// Jobs that were handed out, have not ended, and have not been looked for lately.
    func overdue(in feed: FeedName, limit: Int) async throws -> [JobID]

    /// Takes note of what became of them.
    ///
    /// - Returns: Jobs that are to be put into the queue once more.
    func note(_ looks: [FeedLook], in feed: FeedName) async throws -> [NewJob]

    /// Ends a plan that somebody has ended in the queue, where the source has forgotten it: it was
    /// brought back from an older copy.
    func end(_ feed: FeedName) async throws
}

/// How one plan stands.
package struct FeedProgress: Sendable, Equatable {
    /// Positions in all.
    package var count: Int

    /// Every position before this one was recorded as handed out.
    package var recorded: Int

    /// The first position that was recorded and has not ended; nil when there is none.
    package var firstOpen: Int?

    /// Positions before the cursor that have not ended.
    package var open: Int

    /// Positions that have ended, however.
    package var ended: Int

    package init(count: Int, recorded: Int, firstOpen: Int?, open: Int, ended: Int) {
        self.count = count
        self.recorded = recorded
        self.firstOpen = firstOpen
        self.open = open
        self.ended = ended
    }

    /// Where to begin for a queue that knows nothing, or of a time that is gone.
    package var restart: Int { min(firstOpen ?? recorded, recorded) }
}

/// The next part of a plan.
package struct FeedPart: Sendable, Equatable {
    /// The position behind it.
    package var end: Int
    package var jobs: [NewJob]

    package init(end: Int, jobs: [NewJob]) {
        self.end = end
        self.jobs = jobs
    }
}

/// What a look for one job found.
package struct FeedLook: Sendable, Equatable {
    package enum Finding: Sendable, Equatable {
        /// Waiting or running.
        case present
        case dead(reason: String)

        /// The queue does not have it.
        case missing
    }

    package var job: JobID
    package var finding: Finding

    package init(job: JobID, finding: Finding) {
        self.job = job
        self.finding = finding
    }
}
