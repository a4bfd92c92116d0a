package import JobQueue

/// The queue protocol as plain data and plain steps: the reference for every implementation.
///
/// Written from the protocol's text, not from the scripts, so that each can convict the other. Time
/// is an argument of every step; nothing here waits, draws or fails by chance.
package struct QueueModel: Sendable {
    /// What lies in a list: a job, or bytes that somebody pushed by hand.
    package enum Item: Sendable, Equatable {
        case job(Job)
        case bytes([UInt8])
    }

    package struct Lease: Sendable, Equatable {
        package var expiry: Int64
        package var fence: Int64

        /// The jobs in their positions; a settled one is nil.
        package var slots: [Job?]
    }

    package struct Parked: Sendable, Equatable {
        package var job: Job
        package var due: Int64
        package var reason: String
    }

    package struct Buried: Sendable, Equatable {
        package var body: Item
        package var at: Int64
        package var reason: String
    }

    package struct Claim: Sendable, Equatable {
        package var holder: JobID
        package var expiry: Int64
    }

    package struct Call: Sendable, Equatable {
        package var answers: [EnqueueAnswer]
        package var expiry: Int64
    }

    /// A limit key out of the rotation.
    package struct Rest: Sendable, Equatable {
        package var due: Int64
        package var why: LimitRest
    }

    /// What is remembered of one worker process.
    package struct Worker: Sendable, Equatable {
        package var number: Int?
        package var settled = TurnReply.Settled.nothing
        package var reaped: Set<Batch.Reference> = []
        package var presence: Presence?
    }

    package struct Cancellation: Sendable, Equatable {
        package var person: String
        package var at: Int64
    }

    package struct SoloDuty: Sendable, Equatable {
        package var worker: WorkerID
        package var until: Int64
    }

    /// Waiting items of each lane, the next to be fetched first.
    package internal(set) var ready: [Lane: [Item]] = [.hi: [], .std: [], .low: []]
    package internal(set) var suspects: [Item] = []

    /// Waiting jobs with a limit key, the next to be fetched first.
    package internal(set) var keyed: [Lane: [LimitKey: [Item]]] = [:]

    /// The keys that take turns in a lane, with the fence of their last turn; the empty text stands
    /// for the jobs without a key.
    package internal(set) var rotation: [Lane: [String: Int64]] = [:]
    package internal(set) var rests: [LimitKey: Rest] = [:]
    package internal(set) var limits: [LimitKey: LimitSettings] = [:]

    /// When the next job of a key would come if all came evenly, in Unix microseconds.
    package internal(set) var arrivals: [LimitKey: Int64] = [:]

    /// Keys whose jobs go one at a time, until one is done.
    package internal(set) var trials: Set<LimitKey> = []
    package internal(set) var leases: [Batch.Reference: Lease] = [:]
    package internal(set) var parked: [JobID: Parked] = [:]
    package internal(set) var dead: [JobID: Buried] = [:]
    package internal(set) var uniques: [UniqueKey: Claim] = [:]
    package internal(set) var calls: [EnqueueCallID: Call] = [:]
    package internal(set) var ticks: [String: Int64] = [:]
    package internal(set) var holds: [String: PauseState] = [:]
    package internal(set) var tickNotes: [String: [TickNote]] = [:]
    package internal(set) var feeds: [FeedName: FeedCursor] = [:]
    package internal(set) var workers: [WorkerID: Worker] = [:]
    package internal(set) var presences: [WorkerID: Int64] = [:]
    package internal(set) var cancellations: [JobID: Cancellation] = [:]
    package internal(set) var pause: PauseState?

    /// Marks that an operator has set; the others are the program's.
    package internal(set) var marks: [PressureMark: Int] = [:]
    package internal(set) var solo: SoloDuty?
    package internal(set) var fence: Int64 = 0
    package internal(set) var fetches = 0
    package internal(set) var reapedAt: Int64 = 0
    package internal(set) var hasToken = false
    package internal(set) var counters = QueueCounters()

    package let tuning: QueueTuning

    package init(tuning: QueueTuning = QueueTuning()) {
        self.tuning = tuning
    }
}

// MARK: - Producers

extension QueueModel {
    /// Carries out several producers' calls as one step.
    package mutating func enqueue(
        _ calls: [(id: EnqueueCallID, jobs: [NewJob])],
        now: Int64
    ) -> [Result<EnqueueReply, QueueError>] {
        let pressure = pressure
        var hasReady = false
        let replies: [Result<EnqueueReply, QueueError>] = calls.map { id, jobs in
            if let earlier = self.calls[id] {
                return .success(EnqueueReply(earlier.answers, slowDown: pressure.slowDown))
            }
            if let lane = jobs.lazy.map(\.lane).first(where: pressure.level.refuses) {
                return .failure(.overloaded(lane: lane, retryAfter: Self.slowDownMax))
            }
            let answers = jobs.map { admit($0, now: now, hasReady: &hasReady) }
            self.calls[id] = Call(
                answers: answers,
                expiry: now + tuning.callMemory.queueMilliseconds
            )
            return .success(EnqueueReply(answers, slowDown: pressure.slowDown))
        }
        if hasReady, pause == nil { hasToken = true }
        return replies
    }

    package mutating func fire(
        _ tick: Tick,
        now: Int64
    ) -> Result<TickAnswer, QueueError> {
        if let last = ticks[tick.schedule], last >= tick.instantMilliseconds {
            return .success(.alreadyFired)
        }
        let pressure = pressure
        // What a paused schedule lets pass needs no room.
        if holds[tick.schedule] == nil, pressure.level.refuses(tick.job.lane) {
            return .failure(
                .overloaded(lane: tick.job.lane, retryAfter: Self.slowDownMax)
            )
        }
        ticks[tick.schedule] = tick.instantMilliseconds
        let answer: TickAnswer
        var hasReady = false
        if let hold = holds[tick.schedule] {
            answer = .paused(by: hold.person)
        } else if case .held(let holder) = admit(tick.job, now: now, hasReady: &hasReady) {
            answer = .held(by: holder)
        } else {
            answer = pressure.slowDown.map { .firedUnderPressure(slowDown: $0) } ?? .fired
        }
        if hasReady, pause == nil { hasToken = true }
        noteTick(tick, answer, now: now)
        return .success(answer)
    }

    /// Pushes bytes as a person at a Redis prompt does: behind everything in the lane, no bell.
    package mutating func pushByHand(_ bytes: [UInt8], lane: Lane) {
        ready[lane, default: []].append(.bytes(bytes))
    }

    mutating func admit(
        _ new: NewJob,
        now: Int64,
        hasReady: inout Bool
    ) -> EnqueueAnswer {
        let delay = new.delay.queueMilliseconds
        if let key = new.unique {
            if let claim = uniques[key] { return .held(by: claim.holder) }
            let life = max(1000, new.uniqueHorizon.queueMilliseconds + delay)
            uniques[key] = Claim(holder: new.id, expiry: now + life)
        }
        counters.enqueued += 1
        let packed = PackedPayload(new.payload)
        let job = Job(
            id: new.id,
            kind: new.kind,
            lane: new.lane,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: now,
            readyMilliseconds: now,
            payload: packed.bytes,
            unique: new.unique,
            uniqueHorizon: .milliseconds(new.uniqueHorizon.queueMilliseconds),
            trace: new.trace,
            limit: new.limit,
            encoding: packed.encoding
        )
        if delay > 0 {
            parked[job.id] = Parked(job: job, due: now + delay, reason: "")
        } else if lineUp(job) {
            hasReady = true
        }
        return .queued
    }
}

// MARK: - Presence and leases

extension QueueModel {
    package mutating func beat(_ presence: Presence, now: Int64) -> BeatAnswer {
        var answer = BeatAnswer(lost: [], cancelled: [], remaining: [])
        let expiry = now + tuning.lease.queueMilliseconds
        for reference in presence.batches {
            guard let lease = leases[reference] else {
                answer.lost.append(reference)
                continue
            }
            leases[reference]?.expiry = expiry
            let jobs = lease.slots.compactMap { $0 }
            answer.remaining.append(jobs.count)
            answer.cancelled += jobs.map(\.id).filter { cancellations[$0] != nil }
        }
        workers[presence.worker, default: Worker()].presence = presence
        presences[presence.worker] = expiry
        return answer
    }

    package mutating func leave(_ worker: WorkerID) {
        presences[worker] = nil
        workers[worker] = nil
        if solo?.worker == worker { solo = nil }
    }

    package mutating func reap(limit: Int, now: Int64) -> ReapReport {
        var report = ReapReport(batches: 0, suspects: 0, dead: 0, isGrace: false)
        let lastReap = reapedAt
        reapedAt = now
        let longest = now + tuning.lease.queueMilliseconds
        for (reference, lease) in leases where lease.expiry > longest {
            leases[reference]?.expiry = longest
        }
        if let solo, solo.until > now + tuning.soloDuty.queueMilliseconds { self.solo = nil }
        let grace = tuning.grace.queueMilliseconds
        guard now - lastReap <= grace else {
            for (reference, lease) in leases where lease.expiry < now + grace {
                leases[reference]?.expiry = now + grace
            }
            counters.graces += 1
            report.isGrace = true
            return report
        }
        if let solo, let expiry = presences[solo.worker], expiry <= now { self.solo = nil }
        presences = presences.filter { $0.value > now }
        let ended = leases.filter { $0.value.expiry <= now }
            .sorted { ($0.value.expiry, $0.key.text) < ($1.value.expiry, $1.key.text) }
        var hasWoken = false
        for (reference, lease) in ended.prefix(limit) {
            takeBack(reference, lease, now: now, report: &report)
            let keys = Set(lease.slots.compactMap { $0?.limit })
            hasWoken = wakeFull(keys) || hasWoken
        }
        if hasWoken, pause == nil { hasToken = true }
        if report.dead > 0 { trimDead(now: now) }
        return report
    }

    /// A reaped batch: its jobs become suspects, and only one that ran alone has crashed.
    private mutating func takeBack(
        _ reference: Batch.Reference,
        _ lease: Lease,
        now: Int64,
        report: inout ReapReport
    ) {
        leases[reference] = nil
        workers[reference.id.worker]?.reaped.insert(reference)
        report.batches += 1
        for var job in lease.slots.compactMap({ $0 }) {
            counters.reaped += 1
            job.readyMilliseconds = now
            guard job.defect == nil else {
                bury(
                    .bytes(job.payload),
                    id: job.id,
                    reason: "malformed envelope",
                    now: now
                )
                counters.died += 1
                report.dead += 1
                continue
            }
            if reference.isSolo { job.crashes += 1 }
            if reference.isSolo, job.crashes >= tuning.crashesMax {
                bury(.job(job), id: job.id, reason: "crashed worker", now: now)
                counters.died += 1
                report.dead += 1
            } else {
                renew(job, by: 0, now: now)
                suspects.append(.job(job))
                report.suspects += 1
            }
        }
    }

    package mutating func forget(_ ids: [JobID]) {
        for id in ids {
            if let entry = parked.removeValue(forKey: id) { release(entry.job) }
            dead[id] = nil
        }
    }

    package mutating func ring() {
        hasToken = true
    }

    /// Takes the token, if there is one.
    package mutating func takeToken() -> Bool {
        defer { hasToken = false }
        return hasToken
    }

    /// Drops what only a time limit ends: unique keys and remembered calls.
    package mutating func expire(now: Int64) {
        uniques = uniques.filter { $0.value.expiry > now }
        calls = calls.filter { $0.value.expiry > now }
    }

    package mutating func forgetCall(_ call: EnqueueCallID) {
        calls[call] = nil
    }

    package mutating func loseUnique(_ key: UniqueKey) {
        uniques[key] = nil
    }
}

// MARK: - Unique keys and dead jobs

extension QueueModel {
    /// Frees the job's unique key if it is this job that holds it.
    mutating func release(_ job: Job) {
        guard let key = job.unique, uniques[key]?.holder == job.id else { return }
        uniques[key] = nil
    }

    /// Gives the job's unique key its whole life again, unless another job holds it now.
    mutating func renew(_ job: Job, by wait: Int64, now: Int64) {
        guard let key = job.unique, !key.isHeldUntilStart else { return }
        let holder = uniques[key]?.holder ?? job.id
        guard holder == job.id else { return }
        let life = max(1000, job.uniqueHorizon.queueMilliseconds + wait)
        uniques[key] = Claim(holder: job.id, expiry: now + life)
    }

    mutating func bury(_ body: Item, id: JobID, reason: String, now: Int64) {
        if case .job(let job) = body { release(job) }
        cancellations[id] = nil
        dead[id] = Buried(body: body, at: now, reason: QueueText.clipped(reason))
    }

    /// Drops the oldest dead jobs beyond age and number; at most 500 of each in one step.
    mutating func trimDead(now: Int64) {
        let inOrder = dead.sorted { ($0.value.at, $0.key.text) < ($1.value.at, $1.key.text) }
        let horizon = now - tuning.deadAge.queueMilliseconds
        let aged = inOrder.prefix { $0.value.at <= horizon }.prefix(QueueLimits.jobsPerCallMax)
        for (id, _) in aged { dead[id] = nil }
        let rest = inOrder.dropFirst(aged.count)
        for (id, _) in rest.prefix(max(0, rest.count - tuning.deadMax)) { dead[id] = nil }
    }
}
