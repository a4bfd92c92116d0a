import Ambient
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import RedisQueue
import Scheduling
import Settings

/// Reads what `ringback top` shows; bounded, without a scan of anything.
struct TopProbe {
    /// How far back failures are shown.
    private static let failuresSpan: Int64 = 3_600_000

    let queues: OpenQueues
    let store: CallStore
    let session: Session
    private let schedules: [Schedule]
    private var rates = TopRates()
    private var progressSeen: (at: Duration, work: [TopSnapshot.Progress])?

    /// - Throws: `StartFailure` when the schedules cannot be read.
    init(queues: OpenQueues, store: CallStore, session: Session) throws {
        self.queues = queues
        self.store = store
        self.session = session
        schedules = try ScheduleBook.load(session.settings)
    }

    /// What was read of one queue.
    private struct Reading: Sendable {
        var kind: JobKind
        var figures: QueueFigures
        var workers: [WorkerFigures]
    }

    mutating func look() async throws -> TopSnapshot {
        // Asked for together: the connection sends them in one piece.
        async let facts = RedisServerFacts.read(from: queues.redis)
        async let budget = queues.upstreamBudget(for: session.host).state()
        let readings = try await read()
        let now = session.ambient.now()
        let nowMilliseconds = Int64(now.timeIntervalSince1970 * 1000)
        let recent = try await store.recentRuns()
        let pulse = try await store.pulse()
        rates.note(
            Dictionary(
                readings.map { ($0.kind.rawValue, $0.figures.counters) },
                uniquingKeysWith: { $1 }
            ),
            at: session.ambient.elapsed()
        )
        var holds = FlowHold.holds(of: try await budget)
        if let halt = try await store.upstreamHalt() {
            holds.insert(FlowHold.hold(of: halt), at: 0)
        }
        var running = JobQuery()
        running.states = [.running]
        var ticks: [StatusReport.ScheduleState] = []
        for schedule in schedules {
            ticks.append(try await ScheduleBook.state(of: schedule, queues: queues, now: now))
        }
        return TopSnapshot(
            time: now,
            redis: try await facts,
            queues: readings.map { queue($0, recent, pulse) },
            holds: holds,
            pulse: pulse,
            walBytes: Self.size(of: session.settings.database + "-wal"),
            running: try await store.indexedJobs(running, limit: 5).jobs,
            progress: try await recentProgress(),
            failures: try await store.recentFailures(since: nowMilliseconds - Self.failuresSpan),
            schedules: ticks,
            workers: readings.flatMap { reading in
                reading.workers.map { (queue: reading.kind.rawValue, figures: $0) }
            }
        )
    }

    /// How far long work is, looked at now and then: what is covered ahead of a backfill may be much.
    private mutating func recentProgress() async throws -> [TopSnapshot.Progress] {
        let now = session.ambient.elapsed()
        if let seen = progressSeen, now - seen.at < Self.progressEvery { return seen.work }
        let work = try await progress()
        progressSeen = (now, work)
        return work
    }

    /// Of the newest orders those that are under way; older ones are rare and seldom so.
    private func progress() async throws -> [TopSnapshot.Progress] {
        var found: [TopSnapshot.Progress] = []
        let look = BackfillLook(
            store: store,
            budget: queues.upstreamBudget(for: session.host)
        )
        for backfill in try await store.backfills(limit: Self.ordersMax)
        where backfill.state == .running {
            let progress = try await look.progress(backfill)
            found.append(
                .init(
                    name: "sync: backfill \(backfill.id)",
                    done: backfill.counts.ended,
                    total: backfill.range.slices,
                    left: progress.left
                )
            )
        }
        for rescore in try await store.rescores(limit: Self.ordersMax)
        where rescore.state == .running {
            let done = rescore.tally.lookedAt
            let took = rescore.changedMilliseconds - rescore.createdMilliseconds
            let left = done > 0 ? Int64(max(0, rescore.calls - done)) * took / Int64(done) : nil
            found.append(
                .init(
                    name: "conversion: re-score \(rescore.id)",
                    done: done,
                    total: rescore.calls,
                    left: left.map { .milliseconds($0) }
                )
            )
        }
        return found
    }

    private static let progressEvery = Duration.seconds(10)

    /// Backfills, and scorings anew, among which those under way are looked for.
    private static let ordersMax = 20

    private func read() async throws -> [Reading] {
        try await withThrowingTaskGroup(of: Reading.self) { group in
            for kind in JobKind.allCases {
                let queue = queues[kind]
                group.addTask {
                    async let figures = queue.figures()
                    async let workers = queue.workers()
                    return Reading(
                        kind: kind,
                        figures: try await figures,
                        workers: try await workers
                    )
                }
            }
            var readings: [Reading] = []
            for try await reading in group { readings.append(reading) }
            let order = JobKind.allCases
            return readings.sorted {
                (order.firstIndex(of: $0.kind) ?? 0) < (order.firstIndex(of: $1.kind) ?? 0)
            }
        }
    }

    private func queue(
        _ reading: Reading,
        _ recent: [String: RecentRuns],
        _ pulse: StorePulse
    ) -> TopSnapshot.Queue {
        let name = reading.kind.rawValue
        let rate = rates.perMinute(of: name)
        return TopSnapshot.Queue(
            name: name,
            figures: reading.figures,
            recent: recent[name],
            retrying: min(pulse.retrying[name] ?? 0, reading.figures.later),
            inPerMinute: rate?.in,
            outPerMinute: rate?.out,
            history: rates.history(of: name),
            workersNeeded: WorkersNeeded.count(reading.figures, recent: recent[name])
        )
    }

    /// What the present screen shows besides.
    func detail(_ state: TopState) async throws -> TopDetail {
        switch state.screen {
        case .overview, .workers, .schedules:
            return .none
        case .queue(let name):
            guard let kind = JobKind(rawValue: name) else { return .none }
            return try await jobs(of: kind, state)
        case .job(_, let id):
            return .job(try await JobReference.timeline(of: id, queues, store))
        case .dead:
            return try await dead()
        }
    }

    private func jobs(of kind: JobKind, _ state: TopState) async throws -> TopDetail {
        var cursor: JobCursor?
        var page = JobPage(jobs: [], next: nil)
        for _ in 0...state.page {
            page = try await queues[kind].jobs(in: state.tab, after: cursor, limit: Self.pageSize)
            guard let next = page.next else { break }
            cursor = next
        }
        return .jobs(page.jobs, hasMore: page.next != nil)
    }

    private func dead() async throws -> TopDetail {
        var groups: [DeadGroup] = []
        var ids: [[JobID]] = []
        for kind in JobKind.allCases {
            let records = try await JobText.jobs(
                of: queues[kind],
                in: .dead,
                limit: QueueLimits.jobsPerCallMax
            )
            for group in DeadGroup.groups(of: records, queue: kind.rawValue) {
                groups.append(group)
                ids.append(
                    records.filter { ($0.reason ?? "unknown") == group.reason }.map(\.job.id)
                )
            }
        }
        return .dead(groups, ids: ids)
    }

    /// Jobs on one page of a queue's screen.
    private static let pageSize = 50

    private static func size(of path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// Does what a key asked for; returns what to tell the person.
    func act(_ effect: TopEffect) async throws -> String {
        let person = session.person
        switch effect {
        case .quit, .suspend, .load:
            return ""
        case .pause(let queue):
            guard let kind = JobKind(rawValue: queue) else { return "" }
            try await queues[kind].pause(by: person, reason: "from ringback top")
            await session.audit("queue.pause", "queue:\(queue)", reason: "from ringback top")
            return "\(queue) is paused"
        case .resume(let queue):
            guard let kind = JobKind(rawValue: queue) else { return "" }
            let pause = try await queues[kind].resume(by: person)
            await session.audit("queue.resume", "queue:\(queue)", reason: "from ringback top")
            return pause == nil ? "\(queue) was not paused" : "\(queue) goes on"
        case .retryDead(let queue, let ids):
            guard let kind = JobKind(rawValue: queue) else { return "" }
            let answers = try await queues[kind].retryDead(ids)
            let done = zip(ids, answers).filter { $0.1 == .queued }.map { ($0.0, queue) }
            await JobMarking.note(.requeued, done, reason: nil, session)
            return "\(done.count) of \(ids.count) dead jobs are back in \(queue)"
        case .discardDead(let queue, let ids):
            guard let kind = JobKind(rawValue: queue) else { return "" }
            let count = try await queues[kind].discardDead(ids)
            await JobMarking.note(
                .cancelled,
                ids.map { ($0, queue) },
                ending: try JobReference.entries(ids.map { (id: $0, attempt: 1) }, kind: queue),
                reason: "discarded",
                session
            )
            return "\(count) dead jobs of \(queue) are gone"
        case .cancel(let queue, let ids):
            guard let kind = JobKind(rawValue: queue) else { return "" }
            // A running one ends by its worker, or wins with its result.
            var waiting: [(id: JobID, attempt: Int)] = []
            for id in ids {
                guard let record = try await queues[kind].job(id), record.state != .running,
                    record.state != .dead
                else { continue }
                waiting.append((id: id, attempt: record.job.attempt))
            }
            let count = try await queues[kind].cancel(ids, by: person)
            await JobMarking.note(
                .cancelled,
                ids.map { ($0, queue) },
                ending: try JobReference.entries(waiting, kind: queue),
                reason: nil,
                session
            )
            return "\(count) jobs of \(queue) are cancelled"
        }
    }
}
