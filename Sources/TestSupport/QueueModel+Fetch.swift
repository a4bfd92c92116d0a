import JobQueue

// Fetching: which lists, in which order, and how much of each.

extension QueueModel {
    /// A batch while it is filled.
    private struct Filling {
        let jobsMax: Int

        /// Items that may have been popped when the present lane is through.
        var cap: Int
        let fence: Int64
        let now: Int64
        var jobs: [Job] = []
        var bytes = 0
        var popped = 0
        var hasBuried = false

        /// Whether the next job would not fit.
        var isFull = false
        var allowances: [LimitKey: Allowance] = [:]
    }

    /// What a key may give to one batch, and what it gave.
    private struct Allowance {
        var room: Int
        var tokens: Int
        var arrival: Int64
        var took = 0

        var left: Int { min(room, tokens) - took }
    }

    private enum Source {
        case suspects
        case own(Lane)
        case keyed(Lane, LimitKey)
    }

    mutating func fetch(
        _ request: TurnRequest,
        isSolo: Bool,
        popped: inout Int,
        now: Int64
    ) -> Batch? {
        var filling = Filling(
            jobsMax: isSolo ? 1 : request.limit,
            cap: request.limit,
            fence: max(fence + 1, now * 1000),
            now: now
        )
        if isSolo {
            take(.suspects, most: 1, &filling)
        } else {
            for lane in laneOrder() where !filling.isFull {
                filling.cap =
                    lane == .low
                    ? min(request.limit, filling.popped + request.lowLimit) : request.limit
                if rotation[lane, default: [:]].isEmpty {
                    take(.own(lane), most: filling.jobsMax, &filling)
                } else {
                    takeInTurns(lane, &filling)
                }
            }
            settle(filling.allowances, now: now)
        }
        popped = filling.popped
        if popped > 0 { fence = filling.fence }
        if filling.hasBuried { trimDead(now: now) }
        guard !filling.jobs.isEmpty else { return nil }
        if !isSolo { fetches += 1 }
        counters.fetched += filling.jobs.count
        let id = BatchID(worker: request.worker, number: request.number)
        let reference = Batch.Reference(id: id, isSolo: isSolo)
        leases[reference] = Lease(
            expiry: now + tuning.lease.queueMilliseconds,
            fence: filling.fence,
            slots: filling.jobs
        )
        return Batch(reference: reference, fence: filling.fence, jobs: filling.jobs)
    }

    /// `hi` first, but of every sixteen fetches three begin with `std` and one with `low`.
    private func laneOrder() -> [Lane] {
        switch fetches % 16 {
        case 3, 7, 11: [.std, .hi, .low]
        case 15: [.low, .hi, .std]
        default: [.hi, .std, .low]
        }
    }

    // MARK: Keys in turn

    /// The lane's own jobs and each of its keys get equal shares, and what one does not need goes
    /// to the others; those that waited longest for their turn come first.
    private mutating func takeInTurns(_ lane: Lane, _ filling: inout Filling) {
        var active = turnOrder(lane)
        while !active.isEmpty, filling.popped < filling.cap, !filling.isFull {
            let share = max(1, (filling.cap - filling.popped) / active.count)
            var still: [String] = []
            for name in active where filling.popped < filling.cap && !filling.isFull {
                if takeTurn(name, lane, share, &filling) { still.append(name) }
            }
            active = still
        }
        tidy(lane)
    }

    private func turnOrder(_ lane: Lane) -> [String] {
        let hasOwn = !(ready[lane] ?? []).isEmpty
        let turns = rotation[lane] ?? [:]
        let inOrder = turns.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
        let first = hasOwn && turns[""] == nil ? [""] : []
        return first + inOrder.prefix(100).filter { !$0.isEmpty || hasOwn }
    }

    /// One turn of one key; returns whether it may have another one in this fetch.
    private mutating func takeTurn(
        _ name: String,
        _ lane: Lane,
        _ share: Int,
        _ filling: inout Filling
    ) -> Bool {
        let jobsBefore = filling.jobs.count
        let poppedBefore = filling.popped
        let isEmpty: Bool
        if name.isEmpty {
            take(.own(lane), most: jobsBefore + share, &filling)
            isEmpty = (ready[lane] ?? []).isEmpty
        } else {
            let key = Self.key(name)
            let wanted = min(share, allowance(key, &filling).left)
            guard wanted > 0 else { return false }
            take(.keyed(lane, key), most: jobsBefore + wanted, &filling)
            filling.allowances[key]?.took += filling.jobs.count - jobsBefore
            isEmpty = keyed[lane]?[key] == nil
        }
        guard !isEmpty else {
            rotation[lane]?[name] = nil
            return false
        }
        if filling.popped > poppedBefore { rotation[lane]?[name] = filling.fence }
        return true
    }

    private static func key(_ name: String) -> LimitKey {
        do {
            return try LimitKey(name)
        } catch {
            preconditionFailure("A rotation holds keys.")
        }
    }

    private func allowance(_ key: LimitKey, _ filling: inout Filling) -> Allowance {
        if let known = filling.allowances[key] { return known }
        let most = trials.contains(key) ? 1 : limits[key]?.concurrency
        var allowance = Allowance(
            room: most.map { max(0, $0 - running(key)) } ?? .max,
            tokens: .max,
            arrival: 0
        )
        if let rate = limits[key]?.rate {
            let now = filling.now * 1000
            let span = rate.intervalMicroseconds * Int64(rate.burst)
            let known = arrivals[key] ?? 0
            allowance.arrival = (now...(now + span)).contains(known) ? known : now
            allowance.tokens = Int((now + span - allowance.arrival) / rate.intervalMicroseconds)
        }
        filling.allowances[key] = allowance
        return allowance
    }

    /// Charges the rates, and lets keys rest that have nothing left to give while jobs wait.
    private mutating func settle(_ allowances: [LimitKey: Allowance], now: Int64) {
        for (key, allowance) in allowances {
            let rate = limits[key]?.rate
            var arrival = allowance.arrival
            if let rate, allowance.took > 0 {
                arrival += Int64(allowance.took) * rate.intervalMicroseconds
                arrivals[key] = arrival
            }
            guard Lane.allCases.contains(where: { keyed[$0]?[key] != nil }) else { continue }
            if allowance.took >= allowance.room {
                rest(key, until: now + tuning.lease.queueMilliseconds, .full)
            } else if let rate, allowance.took >= allowance.tokens {
                let span = rate.intervalMicroseconds * Int64(rate.burst)
                let due = (arrival + rate.intervalMicroseconds - span + 999) / 1000
                rest(key, until: due, .rate)
            }
        }
    }

    // MARK: One list

    /// Takes items from the front until the batch has so many jobs.
    private mutating func take(_ source: Source, most: Int, _ filling: inout Filling) {
        while filling.popped < filling.cap, filling.jobs.count < most,
            let item = first(of: source)
        {
            let size = item.byteCount
            if !filling.jobs.isEmpty, filling.bytes + size > tuning.batchBytesMax {
                filling.isFull = true
                return
            }
            dropFirst(of: source)
            if let job = receive(item, source, &filling) {
                filling.jobs.append(job)
                filling.bytes += size
            }
            filling.popped += 1
        }
    }

    private func first(of source: Source) -> Item? {
        switch source {
        case .suspects: suspects.first
        case .own(let lane): ready[lane]?.first
        case .keyed(let lane, let key): keyed[lane]?[key]?.first
        }
    }

    private mutating func dropFirst(of source: Source) {
        switch source {
        case .suspects: suspects.removeFirst()
        case .own(let lane): ready[lane]?.removeFirst()
        case .keyed(let lane, let key):
            setWaiting(Array((keyed[lane]?[key] ?? []).dropFirst()), lane, key)
        }
    }

    /// The job that a popped item stands for; nil when it went to `dead`, was cancelled, or was
    /// pushed by hand into a list that is not its key's.
    private mutating func receive(
        _ item: Item,
        _ source: Source,
        _ filling: inout Filling
    ) -> Job? {
        let job: Job
        var isOwn = false
        var lane = Lane.std
        if case .own(let own) = source { (isOwn, lane) = (true, own) }
        switch item {
        case .job(let known):
            job = known
        case .bytes(let bytes):
            let reading = HandPushed.read(
                bytes,
                lane: lane,
                mark: "\(filling.fence)-\(filling.popped)",
                now: filling.now,
                payloadBytesMax: tuning.payloadBytesMax
            )
            switch reading {
            case .job(let read):
                job = read
            case .adopted(let adopted):
                counters.enqueued += 1
                job = adopted
            case .spoilt:
                return HandPushedName.spoilt(
                    bytes,
                    fence: filling.fence,
                    position: filling.jobs.count
                )
            case .refused(let id, let reason):
                bury(item, id: id, reason: reason, now: filling.now)
                counters.died += 1
                filling.hasBuried = true
                return nil
            }
        }
        guard cancellations.removeValue(forKey: job.id) == nil else {
            release(job)
            counters.discarded += 1
            return nil
        }
        if isOwn, job.limit != nil {
            _ = lineUp(job)
            return nil
        }
        if job.unique?.isHeldUntilStart == true { release(job) }
        return job
    }
}
