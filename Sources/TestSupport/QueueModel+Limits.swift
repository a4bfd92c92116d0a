package import JobQueue

// Flow control: lists of limit keys, their turns and their rests.

extension QueueModel {
    package func limitFigures(now: Int64) -> [LimitFigures] {
        let waiting = Lane.allCases.flatMap { keysWaiting(in: $0) }
        let keys = Set(limits.keys).union(rests.keys).union(waiting)
        return keys.sorted { $0.text < $1.text }.map { limitFigures(of: $0, now: now) }
    }

    package func limitFigures(of key: LimitKey, now: Int64) -> LimitFigures {
        let oldest = Lane.allCases.compactMap { lane in
            keyed[lane]?[key]?.first.map { min(now, $0.readyMilliseconds(orElse: now)) }
        }
        return LimitFigures(
            key: key,
            settings: limits[key] ?? LimitSettings(),
            running: running(key),
            waiting: [
                .hi: keyed[.hi]?[key]?.count ?? 0, .std: keyed[.std]?[key]?.count ?? 0,
                .low: keyed[.low]?[key]?.count ?? 0,
            ],
            rest: rests[key]?.why,
            untilMilliseconds: rests[key]?.due,
            isOnTrial: trials.contains(key),
            waitingSinceMilliseconds: oldest.min()
        )
    }

    package mutating func setLimit(_ key: LimitKey, _ settings: LimitSettings) {
        limits[key] = settings.isEmpty ? nil : settings
        arrivals[key] = nil
        guard let rest = rests[key], rest.why != .open else { return }
        wake(key)
        if pause == nil { hasToken = true }
    }

    /// Unsettled jobs of a key in leased batches.
    package func running(_ key: LimitKey) -> Int {
        leases.values.reduce(0) { sum, lease in sum + lease.slots.count { $0?.limit == key } }
    }

    /// Unsettled jobs of each key in each leased batch.
    package var held: [LimitKey: [Batch.Reference: Int]] {
        var held: [LimitKey: [Batch.Reference: Int]] = [:]
        for (reference, lease) in leases {
            for case let key? in lease.slots.map({ $0?.limit }) {
                held[key, default: [:]][reference, default: 0] += 1
            }
        }
        return held
    }

    func waitingCount(_ lane: Lane) -> Int {
        (ready[lane]?.count ?? 0) + (keyed[lane] ?? [:]).values.reduce(0) { $0 + $1.count }
    }

    /// Keys with waiting jobs in a lane, by name.
    func keysWaiting(in lane: Lane) -> [LimitKey] {
        (keyed[lane] ?? [:]).keys.sorted { $0.text < $1.text }
    }

    mutating func setWaiting(_ items: [Item], _ lane: Lane, _ key: LimitKey) {
        keyed[lane, default: [:]][key] = items.isEmpty ? nil : items
    }

    /// Puts a job behind the others of its list; returns whether it can be fetched now.
    mutating func lineUp(_ job: Job) -> Bool {
        guard let key = job.limit else {
            ready[job.lane, default: []].append(.job(job))
            return true
        }
        keyed[job.lane, default: [:]][key, default: []].append(.job(job))
        return enroll(key, in: job.lane)
    }

    /// Puts a job in front of its list.
    mutating func lineUpFirst(_ job: Job) {
        guard let key = job.limit else {
            ready[job.lane, default: []].insert(.job(job), at: 0)
            return
        }
        keyed[job.lane, default: [:]][key, default: []].insert(.job(job), at: 0)
        _ = enroll(key, in: job.lane)
    }

    // MARK: Turns and rests

    /// Lets a key take part in its lane's turns; returns false while it rests.
    mutating func enroll(_ key: LimitKey, in lane: Lane) -> Bool {
        guard rests[key] == nil else { return false }
        if rotation[lane]?[key.text] == nil { rotation[lane, default: [:]][key.text] = fence }
        return true
    }

    mutating func leaveRotation(_ key: LimitKey, in lane: Lane) {
        guard rotation[lane]?.removeValue(forKey: key.text) != nil else { return }
        tidy(lane)
    }

    /// Ends a rotation in which no key is left.
    mutating func tidy(_ lane: Lane) {
        if rotation[lane]?.count == 1, rotation[lane]?[""] != nil { rotation[lane] = [:] }
    }

    mutating func rest(_ key: LimitKey, until due: Int64, _ why: LimitRest) {
        rests[key] = Rest(due: due, why: why)
        for lane in Lane.allCases { leaveRotation(key, in: lane) }
    }

    mutating func wake(_ key: LimitKey) {
        rests[key] = nil
        for lane in Lane.allCases where keyed[lane]?[key] != nil { _ = enroll(key, in: lane) }
    }

    /// Wakes keys of which a job has left its batch, if they rested for being full.
    mutating func wakeFull(_ keys: Set<LimitKey>) -> Bool {
        let full = keys.filter { rests[$0]?.why == .full }
        for key in full { wake(key) }
        return !full.isEmpty
    }

    /// Wakes keys whose time has come; returns whether there were some.
    mutating func wakeDue(now: Int64) -> Bool {
        let due = rests.filter { $0.value.due <= now }
            .sorted { ($0.value.due, $0.key.text) < ($1.value.due, $1.key.text) }
            .prefix(100)
        for (key, _) in due { wake(key) }
        return !due.isEmpty
    }

    /// What a settlement says of limit keys.
    struct SettledKeys {
        var left: Set<LimitKey> = []
        var proven: Set<LimitKey> = []
        var resting: [LimitKey: Int64] = [:]

        mutating func note(_ job: Job, _ outcome: Outcome, now: Int64) {
            guard let key = job.limit else { return }
            left.insert(key)
            if case .done = outcome { proven.insert(key) }
            if case .rest(let wait, _) = outcome {
                resting[key] = max(resting[key] ?? 0, now + wait.queueMilliseconds)
            }
        }
    }

    /// Returns whether a key woke up.
    mutating func settle(_ keys: SettledKeys) -> Bool {
        trials.subtract(keys.proven)
        let hasWoken = wakeFull(keys.left)
        for (key, due) in keys.resting {
            let earlier = rests[key].flatMap { $0.why == .open ? $0.due : nil } ?? 0
            trials.insert(key)
            rest(key, until: max(due, earlier), .open)
        }
        return hasWoken
    }
}
