package import Ambient
package import CallStore
import Foundation
package import JobQueue
package import Logging
import Synchronization

/// Moves follow-on jobs from the store's outbox to the queues they belong to.
///
/// The one who committed them sends them at once; whatever that misses, because a program died or
/// Redis was away, the sweep sends later. A row stays until the ledger has its job, so a queue
/// that came back empty is filled again. A job may reach its queue twice; the ledger absorbs it.
package struct OutboxRelay: Sendable {
    /// When a job that was sent is sent again: the first time after this, then ever later.
    package static let resendAfter = Duration.seconds(600)

    /// Longest time between two sendings: a job that sits in `dead` comes back once a day at most.
    package static let resendAfterMax = Duration.seconds(24 * 3600)

    /// How long a job waits whose unique key another one holds, whose queue nobody knows, or whose
    /// queue refuses it or does not answer while others do.
    package static let heldWait = Duration.seconds(60)

    /// Rows that one step of the sweep takes.
    package static let batchMax = QueueLimits.jobsPerCallMax

    /// Steps of one sweep; the rest waits for the next.
    package static let batchesMax = 20

    /// Longest time for which jobs stay in the outbox because their queue asked to slow down; the
    /// next sending asks again.
    static let slowDownMax = Duration.seconds(5)

    /// Sendings that wait to be noted; beyond it the oldest are noted by the sweep instead.
    static let notesMax = 10_000

    /// Longest time for which sendings wait to be noted together with others: well below the half
    /// minute after which the sweep takes a job for unsent.
    package static let notesWait = Duration.seconds(5)

    /// Time without a commit after which the next one may be far off: a worker with one job after
    /// the other commits once a second at least.
    static let quietAfter = Duration.seconds(2)

    private let store: CallStore
    private let queues: [QueueName: any WorkQueue]
    private let ambient: Ambient
    private let logger: Logger
    private let notes = Notes()
    private let pace = Pace()

    /// A relay to these queues.
    ///
    /// - Parameters:
    ///   - store: Whose outbox.
    ///   - queues: The queues of all job kinds.
    ///   - ambient: Gives ids of calls.
    ///   - logger: Told when jobs have to wait; never of their arguments.
    package init(
        store: CallStore,
        queues: [any WorkQueue],
        ambient: Ambient,
        logger: Logger
    ) {
        self.store = store
        self.queues = Dictionary(queues.map { ($0.name, $0) }) { first, _ in first }
        self.ambient = ambient
        self.logger = logger
    }

    /// Sends jobs that were just committed; what fails is left to the sweep.
    ///
    /// That they were sent is noted with the next commit, see `pendingNotes`: a transaction of its
    /// own would cost as much as the commit did. Whoever does not commit soon calls `note`.
    package func send(_ entries: [OutboxEntry]) async {
        // A queue that asked to slow down gets the rest with the next sweeps.
        let now = ambient.elapsed()
        let entries = entries.filter { pace.mayGoOn($0.job.queue, at: now) }
        guard !entries.isEmpty else { return }
        var refused: Set<Line> = []
        let report = await deliver(entries, refused: &refused)
        keep(report.notes)
    }

    /// Writes what was sent and is not noted yet, in a transaction of its own.
    ///
    /// For those who send without committing. Without it the sweep sends their jobs again after
    /// half a minute instead of ten, and both copies may run. What cannot be written now is kept
    /// for the next time.
    ///
    /// - Parameter age: Nothing is written while the oldest of it is younger than this.
    package func note(ifOlderThan age: Duration = .zero) async {
        guard let since = notes.since, ambient.elapsed() - since >= age else { return }
        do {
            try await writeNotes()
        } catch {
            logger.debug(
                "what was sent from the outbox could not be noted",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// What the next transaction should note of earlier sendings.
    ///
    /// Whoever takes it and then fails to commit gives it back with `keep`.
    func pendingNotes() -> [Note] { notes.take(at: ambient.elapsed()) }

    func keep(_ taken: [Note]) {
        notes.add(taken, at: ambient.elapsed(), limit: Self.notesMax)
    }

    /// Whether nobody has asked for pending notes for a while, so that the next one who does may
    /// come too late.
    var isQuiet: Bool {
        notes.taken.map { ambient.elapsed() - $0 >= Self.quietAfter } ?? true
    }

    private func writeNotes() async throws(StoreError) {
        let taken = pendingNotes()
        guard !taken.isEmpty else { return }
        do {
            try await store.write { writer in try Note.write(taken, with: writer) }
        } catch {
            keep(taken)
            throw error
        }
    }

    /// Sends every job of the outbox whose time has come, up to a bound.
    ///
    /// - Returns: What was sent and what has to wait.
    /// - Throws: `StoreError.unavailable`; what was sent until then may be sent once more.
    package func sweep() async throws(StoreError) -> OutboxReport {
        try await writeNotes()
        var total = OutboxReport()
        var refused: Set<Line> = []
        for _ in 0..<Self.batchesMax {
            let due = try await store.dueOutbox(limit: Self.batchMax)
            guard !due.isEmpty else { break }
            let report = await deliver(due, refused: &refused)
            total.sent += report.sent
            total.waiting += report.waiting
            // What its queue does not take must not stay in front of what others would take.
            let noted = report.notes + report.refusals
            try await store.write { writer in try Note.write(noted, with: writer) }
            total.failed += report.failed
            // While Redis is away, the same rows would only come again.
            if report.failed > report.refusals.count { break }
            if due.count < Self.batchMax { break }
            if let wait = report.slowDown { try await rest(min(wait, Self.slowDownMax)) }
        }
        return total
    }

    private func rest(_ time: Duration) async throws(StoreError) {
        do {
            try await ambient.sleep(for: time)
        } catch {
            throw .cancelled
        }
    }

    /// Hands jobs to their queues; a queue that fails holds up only its own.
    ///
    /// - Parameters:
    ///   - entries: The jobs.
    ///   - refused: Lanes whose queues have refused them, or have failed while others took theirs;
    ///     they are not asked again.
    /// - Returns: What became of them.
    private func deliver(
        _ entries: [OutboxEntry],
        refused: inout Set<Line>
    ) async -> Delivery {
        var delivery = Delivery()
        var unanswered: [Line: [OutboxEntry]] = [:]
        // By lane, too: a queue over its hard mark refuses the low lane first, and whole calls.
        for (line, jobs) in Dictionary(grouping: entries, by: { Line($0.job) }) {
            let name = line.queue
            guard let queue = queues[name] else {
                logger.error(
                    "a job of the outbox is for a queue that nobody knows",
                    metadata: ["queue": "\(name)", "jobs": "\(jobs.count)"]
                )
                delivery.wait(jobs)
                continue
            }
            if refused.contains(line) {
                delivery.refuse(jobs)
                continue
            }
            var rest = jobs[...]
            while !rest.isEmpty {
                let part = Array(rest.prefix(Self.batchMax))
                rest = rest.dropFirst(Self.batchMax)
                do {
                    let reply = try await queue.enqueue(part.map(\.newJob), call: newCall())
                    delivery.take(reply, of: part)
                    if let wait = reply.slowDown {
                        let pause = min(wait, Self.slowDownMax)
                        pace.slowDown(name, until: ambient.elapsed() + pause)
                    }
                } catch {
                    let left: [OutboxEntry] = part + rest
                    if error.isRefusal {
                        if case .overloaded = error { delivery.isAnswered = true }
                        refused.insert(line)
                        delivery.refuse(left)
                    } else {
                        unanswered[line] = left
                    }
                    logger.warning(
                        "jobs of the outbox wait: their queue does not take them",
                        metadata: [
                            "queue": "\(name)", "jobs": "\(left.count)", "error": "\(error)",
                        ]
                    )
                    break
                }
            }
        }
        for (line, jobs) in unanswered {
            if delivery.isAnswered {
                refused.insert(line)
                delivery.refuse(jobs)
            } else {
                delivery.failed += jobs.count
            }
        }
        return delivery
    }

    private struct Line: Hashable {
        let queue: QueueName
        let lane: Lane

        init(_ job: OutboxJob) {
            queue = job.queue
            lane = job.lane
        }
    }

    private func newCall() -> EnqueueCallID {
        do {
            return try EnqueueCallID("relay-\(ambient.newID().uuidString.lowercased())")
        } catch {
            preconditionFailure("A word and a UUID make an identifier.")
        }
    }

    /// When a job is sent again that has been sent so often before.
    static func resend(afterSends sends: Int) -> Duration {
        // 8 doublings of ten minutes are beyond a day.
        min(resendAfter * (1 << min(sends, 8)), resendAfterMax)
    }
}

/// What a sweep did.
package struct OutboxReport: Sendable, Equatable {
    /// Jobs that are in their queues now.
    package var sent = 0

    /// Jobs that wait because another one holds their unique key.
    package var waiting = 0

    /// Jobs whose queue did not take them.
    package var failed = 0

    package init(sent: Int = 0, waiting: Int = 0, failed: Int = 0) {
        self.sent = sent
        self.waiting = waiting
        self.failed = failed
    }
}

/// What is to be written of one job's sending.
struct Note: Sendable, Equatable {
    enum Fate: Sendable, Equatable {
        case sent(againIn: Duration)
        case waits(Duration)
    }

    var id: JobID
    var fate: Fate

    static func write(_ notes: [Note], with writer: StoreWriter) throws {
        for note in notes {
            switch note.fate {
            case .sent(let again): try writer.markSent(note.id, againIn: again)
            case .waits(let wait): try writer.postpone(note.id, by: wait)
            }
        }
    }
}

/// What one delivery did, with the notes it leaves.
private struct Delivery {
    var sent = 0
    var waiting = 0
    var failed = 0
    var notes: [Note] = []

    /// Of those that failed, the ones whose trouble is their queue's own, to be written by a sweep.
    ///
    /// What fails because Redis is away is not among them: a short outage must delay nothing.
    var refusals: [Note] = []

    /// Whether a queue has worked, so that Redis as a whole is not away.
    var isAnswered = false

    /// The longest wait that a queue asked for.
    var slowDown: Duration?

    mutating func take(_ reply: EnqueueReply, of entries: [OutboxEntry]) {
        isAnswered = true
        if let wait = reply.slowDown { slowDown = max(wait, slowDown ?? .zero) }
        for (answer, entry) in zip(reply, entries) {
            switch answer {
            case .held(let holder) where holder != entry.id:
                wait([entry])
            case .queued, .held:
                sent += 1
                let again = OutboxRelay.resend(afterSends: entry.sends) + entry.job.delay
                notes.append(Note(id: entry.id, fate: .sent(againIn: again)))
            }
        }
    }

    mutating func refuse(_ entries: [OutboxEntry]) {
        failed += entries.count
        refusals += entries.map { Note(id: $0.id, fate: .waits(OutboxRelay.heldWait)) }
    }

    mutating func wait(_ entries: [OutboxEntry]) {
        waiting += entries.count
        notes += entries.map { Note(id: $0.id, fate: .waits(OutboxRelay.heldWait)) }
    }
}

/// Until when queues are spared that asked to slow down.
private final class Pace: Sendable {
    private let until = Mutex<[QueueName: Duration]>([:])

    func slowDown(_ queue: QueueName, until end: Duration) {
        until.withLock { $0[queue] = end }
    }

    func mayGoOn(_ queue: QueueName, at now: Duration) -> Bool {
        until.withLock { $0[queue].map { $0 <= now } ?? true }
    }
}

/// Notes of sendings that wait for the next transaction.
private final class Notes: Sendable {
    private struct State {
        var waiting: [Note] = []
        var since: Duration = .zero
        var taken: Duration?
    }

    private let state = Mutex(State())

    /// Since when the oldest waits; nil when none does.
    var since: Duration? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.since }
    }

    /// When they were taken last, whether there were any or not; nil before the first time.
    var taken: Duration? {
        state.withLock { $0.taken }
    }

    func add(_ notes: [Note], at now: Duration, limit: Int) {
        guard !notes.isEmpty else { return }
        state.withLock { state in
            if state.waiting.isEmpty { state.since = now }
            state.waiting += notes
            // What is dropped is sent once more by the sweep, and noted then.
            state.waiting.removeFirst(max(0, state.waiting.count - limit))
        }
    }

    func take(at now: Duration) -> [Note] {
        state.withLock { state in
            state.taken = now
            let taken = state.waiting
            state.waiting = []
            return taken
        }
    }
}

extension QueueError {
    /// Whether it is the queue that says no: it would say so again, while others may take theirs.
    fileprivate var isRefusal: Bool {
        switch self {
        case .overloaded, .refused, .layoutTooNew, .payloadTooLarge, .protocolViolation: true
        case .unavailable, .full, .cancelled: false
        }
    }
}
