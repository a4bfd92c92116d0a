import Metrics

/// What a process measures of its own transactions that write.
package struct StoreMetrics: Sendable {
    /// What each metric means, for the registry.
    package static let helps = [
        "ringback_store_wait_seconds":
            "Time until a transaction that writes has SQLite's lock, by processes and tasks.",
        "ringback_store_commit_seconds": "Time of a COMMIT, the sync to the disk included.",
        "ringback_store_repeats_total":
            "Commits of results made again job by job, because one failed or was there already.",
        "ringback_store_failures_total":
            "Transactions that the store as a whole could not carry out: disk, lock, damage.",
    ]

    private let wait = Timer(label: "ringback_store_wait_seconds")
    private let commit = Timer(label: "ringback_store_commit_seconds")
    private let repeats = Counter(label: "ringback_store_repeats_total")
    private let failures = Counter(label: "ringback_store_failures_total")

    func noteWait(_ time: Duration) { wait.record(duration: time) }
    func noteCommit(_ time: Duration) { commit.record(duration: time) }
    func noteRepeat() { repeats.increment() }
    func noteFailure() { failures.increment() }
}
