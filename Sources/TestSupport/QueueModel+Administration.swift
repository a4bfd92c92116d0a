package import JobQueue

// What operators see and steer.

extension QueueModel {
    package mutating func pause(by person: String, reason: String, now: Int64) {
        pause = PauseState(person: person, reason: QueueText.clipped(reason), atMilliseconds: now)
    }

    package mutating func resume(now: Int64) -> PauseState? {
        defer { pause = nil }
        hasToken = true
        return pause
    }

    /// Parked jobs go at once; the others are noted for their fetch or their worker's beat.
    package mutating func cancel(_ ids: [JobID], by person: String, now: Int64) -> Int {
        var count = 0
        for id in ids where dead[id] == nil {
            if let entry = parked.removeValue(forKey: id) {
                release(entry.job)
                counters.discarded += 1
            } else {
                cancellations[id] = Cancellation(person: person, at: now)
            }
            count += 1
        }
        return count
    }

    package mutating func retryDead(_ ids: [JobID], now: Int64) -> [DeadRetryAnswer] {
        let answers = ids.map { retryDead($0, now: now) }
        if answers.contains(.queued), pause == nil { hasToken = true }
        return answers
    }

    private mutating func retryDead(_ id: JobID, now: Int64) -> DeadRetryAnswer {
        guard let buried = dead[id] else { return .notFound }
        switch buried.body {
        case .bytes:
            ready[.std, default: []].append(buried.body)
        case .job(var job):
            if let key = job.unique {
                if let claim = uniques[key] { return .held(by: claim.holder) }
                renew(job, by: 0, now: now)
            }
            job.attempt = 1
            job.crashes = 0
            job.readyMilliseconds = now
            _ = lineUp(job)
        }
        dead[id] = nil
        return .queued
    }

    package mutating func discardDead(_ ids: [JobID]) -> Int {
        ids.reduce(0) { count, id in count + (dead.removeValue(forKey: id) == nil ? 0 : 1) }
    }

    package mutating func runNow(_ ids: [JobID], now: Int64) -> Int {
        let known = ids.filter { parked[$0] != nil }
        for id in known { parked[id]?.due = now }
        if !known.isEmpty, pause == nil { hasToken = true }
        return known.count
    }

    package func figures(now: Int64) -> QueueFigures {
        let lists = Array(ready.values) + keyed.values.flatMap(\.values)
        let waiting = lists.compactMap(\.first) + suspects.prefix(1)
        let living = presences.filter { $0.value > now }.keys
        return QueueFigures(
            nowMilliseconds: now,
            pause: pause,
            ready: [.hi: waitingCount(.hi), .std: waitingCount(.std), .low: waitingCount(.low)],
            suspects: suspects.count,
            running: runningCount,
            later: parked.count,
            dead: dead.count,
            oldestQueued: waiting.map { max(0, now - $0.readyMilliseconds(orElse: now)) }.max()
                .map { .milliseconds($0) },
            nextDueMilliseconds: parked.values.map(\.due).min(),
            workers: living.count,
            slots: living.reduce(0) { $0 + (workers[$1]?.presence?.slots ?? 0) },
            counters: counters
        )
    }

    /// Jobs in leased batches that are not settled.
    package var runningCount: Int {
        leases.values.reduce(0) { $0 + $1.slots.count { $0 != nil } }
    }

    package func livingWorkers(now: Int64) -> [WorkerFigures] {
        presences.filter { $0.value > now }
            .sorted { ($0.value, $0.key.text) < ($1.value, $1.key.text) }
            .compactMap { id, expiry in
                guard var presence = workers[id]?.presence else { return nil }
                presence.batches = leases.keys.filter { $0.id.worker == id }
                    .sorted { ($0.id.number, $0.text) < ($1.id.number, $1.text) }
                return WorkerFigures(presence: presence, expiryMilliseconds: expiry)
            }
    }
}

// MARK: - Listings

extension QueueModel {
    package func records(in state: JobState) -> [JobRecord] {
        switch state {
        case .ready:
            [Lane.hi, .std, .low].flatMap { lane in
                waiting(ready[lane] ?? [], lane.rawValue, .ready)
                    + keysWaiting(in: lane).flatMap { key in
                        waiting(keyed[lane]?[key] ?? [], "\(lane.rawValue):\(key)", .ready)
                    }
            }
        case .suspect: waiting(suspects, "suspect", .suspect)
        case .running: running
        case .later:
            parked.values.sorted { ($0.due, $0.job.id.text) < ($1.due, $1.job.id.text) }
                .map { entry in
                    JobRecord(
                        job: entry.job,
                        state: .later,
                        atMilliseconds: entry.due,
                        reason: entry.reason.isEmpty ? nil : entry.reason
                    )
                }
        case .dead:
            dead.sorted { ($0.value.at, $0.key.text) < ($1.value.at, $1.key.text) }
                .map { id, buried in
                    JobRecord(
                        job: job(buried.body, id: id, lane: .std),
                        state: .dead,
                        atMilliseconds: buried.at,
                        reason: buried.reason
                    )
                }
        }
    }

    /// The first place that holds the job: parked, dead, running, then the lists.
    package func record(of id: JobID) -> JobRecord? {
        let states: [JobState] = [.later, .dead, .running, .suspect, .ready]
        return states.lazy.compactMap { state in records(in: state).first { $0.job.id == id } }
            .first
    }

    private var running: [JobRecord] {
        leases.keys.sorted { $0.text < $1.text }
            .flatMap { reference in
                (leases[reference]?.slots ?? []).compactMap { $0 }
                    .map { job in
                        let shown =
                            job.defect == nil
                            ? job : HandPushedName.running(job.payload, in: reference)
                        return JobRecord(job: shown, state: .running, batch: reference)
                    }
            }
    }

    private func waiting(_ items: [Item], _ list: String, _ state: JobState) -> [JobRecord] {
        items.enumerated().map { index, item in
            JobRecord(
                job: job(item, id: HandPushedName.job(in: list, at: index), lane: .std),
                state: state
            )
        }
    }

    /// The job of an item; bytes that no worker has adopted are shown as a job's payload.
    private func job(_ item: Item, id: JobID, lane: Lane) -> Job {
        switch item {
        case .job(let job): job
        case .bytes(let bytes): HandPushedName.shown(bytes, id: id)
        }
    }
}
