import Ambient
import JobQueue
import JobWorker
import Synchronization

/// A ledger in memory, and beside it every effect that was applied, without a unique constraint.
final class FakeLedger: ResultCommitter {
    struct State: Sendable {
        var rows: Set<JobID> = []

        /// One entry per effect: a doubled one would show.
        var effects: [JobID: Int] = [:]
        var commits: [[JobID]] = []
        var notes: [JobNote] = []

        /// Jobs whose running is noted early.
        var followed: Set<JobID> = []

        /// Jobs that left without a result.
        var ended: Set<JobID> = []
        var downUntil: Duration?

        /// Whether what is only read is answered meanwhile.
        var isReadable = false
        var failuresInPercent = 0
        var commitTime = Duration.zero
        var attemptsWhileDown = 0
    }

    private let state = Mutex(State())
    private let ambient: Ambient

    init(ambient: Ambient) {
        self.ambient = ambient
    }

    var effects: [JobID: Int] { state.withLock { $0.effects } }
    var commits: [[JobID]] { state.withLock { $0.commits } }
    var notes: [JobNote] { state.withLock { $0.notes } }
    var ended: Set<JobID> { state.withLock { $0.ended } }
    var attemptsWhileDown: Int { state.withLock { $0.attemptsWhileDown } }

    /// Every call fails until then, on the ambient's `elapsed`; or every write alone.
    func goDown(until time: Duration, readable: Bool = false) {
        state.withLock {
            $0.downUntil = time
            $0.isReadable = readable
        }
    }

    /// So many of a hundred calls fail; half of the failing commits happen nevertheless.
    func fail(percent: Int) {
        state.withLock { $0.failuresInPercent = percent }
    }

    /// Every commit takes so long.
    func slowDown(to time: Duration) {
        state.withLock { $0.commitTime = time }
    }

    /// Says of jobs that people ask for them by what they are about.
    func follow(_ ids: Set<JobID>) {
        state.withLock { $0.followed = ids }
    }

    func isFollowed(_ job: Job) -> Bool {
        state.withLock { $0.followed.contains(job.id) }
    }

    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        await Task.yield()
        _ = try check(isRead: true)
        return state.withLock { $0.rows.intersection(ids) }
    }

    func commit(
        _ jobs: [FinishedJob],
        effects: [String],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        await Task.yield()
        let time = state.withLock { $0.commitTime }
        if time > .zero {
            do {
                try await ambient.sleep(for: time)
            } catch {
                throw .cancelled
            }
        }
        let losesReply = try check()
        let verdicts = state.withLock { state in
            state.notes += notes
            guard !jobs.isEmpty else { return [CommitVerdict]() }
            state.commits.append(jobs.map(\.job.id))
            return zip(jobs, effects).map { apply($0, $1, to: &state) }
        }
        if losesReply { throw .unavailable(reason: "the answer was lost") }
        return verdicts
    }

    func end(_ jobs: [DroppedJob]) async throws(CommitError) {
        await Task.yield()
        _ = try check()
        state.withLock { $0.ended.formUnion(jobs.map(\.job.id)) }
    }

    /// Effects named `stale` and `reject` meet their first commit like that.
    private func apply(
        _ finished: FinishedJob,
        _ effect: String,
        to state: inout State
    ) -> CommitVerdict {
        if effect == "stale", finished.fence.isMultiple(of: 2) {
            return .stale(reason: "changed")
        }
        if effect == "reject", finished.job.attempt == 1 {
            return .rejected(reason: "constraint")
        }
        guard state.rows.insert(finished.job.id).inserted else { return .alreadyApplied }
        state.effects[finished.job.id, default: 0] += 1
        return .applied
    }

    /// Fails as planned; returns whether the answer of a commit is to be lost.
    private func check(isRead: Bool = false) throws(CommitError) -> Bool {
        if Task.isCancelled { throw .cancelled }
        let now = ambient.elapsed()
        let draw = ambient.chance() * 100
        let (isDown, percent) = state.withLock { state in
            let isDown = state.downUntil.map { now < $0 } ?? false && !(isRead && state.isReadable)
            if isDown { state.attemptsWhileDown += 1 }
            return (isDown, Double(state.failuresInPercent))
        }
        if isDown || draw < percent / 2 { throw .unavailable(reason: "disk full") }
        return draw < percent
    }
}
