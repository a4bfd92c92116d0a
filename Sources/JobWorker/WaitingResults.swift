import JobQueue

/// Results that wait for their commit, in the order in which they came.
struct WaitingResults {
    private(set) var jobs: [FinishedJob] = []

    /// What each of the jobs changes.
    private(set) var effects: [AnyEffect] = []

    /// Where each of the jobs stands in its batch.
    private(set) var places: [(batch: OpenBatch, position: Int)] = []

    /// When the first of them came.
    ///
    /// Of those that came while others were committed, the end of that commit.
    private(set) var since: Duration = .zero

    var count: Int { jobs.count }

    var isEmpty: Bool { jobs.isEmpty }

    mutating func append(
        _ job: FinishedJob,
        _ effect: AnyEffect,
        at place: (batch: OpenBatch, position: Int),
        now: Duration
    ) {
        if jobs.isEmpty { since = now }
        jobs.append(job)
        effects.append(effect)
        places.append(place)
    }

    mutating func removeFirst(_ count: Int, now: Duration) {
        // Mostly these are all, and nothing has to be moved.
        guard count < jobs.count else {
            self = WaitingResults()
            return
        }
        since = now
        jobs.removeFirst(count)
        effects.removeFirst(count)
        places.removeFirst(count)
    }
}
