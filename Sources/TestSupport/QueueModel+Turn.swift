package import JobQueue

// The one hot call of the protocol: settle, promote, fetch, ring.

extension QueueModel {
    package mutating func turn(_ request: TurnRequest, now: Int64) -> TurnReply {
        let highest = workers[request.worker]?.number ?? -1
        let id = BatchID(worker: request.worker, number: request.number)
        let isLeased =
            leases[Batch.Reference(id: id, isSolo: false)] != nil
            || leases[Batch.Reference(id: id, isSolo: true)] != nil
        if request.number <= highest || isLeased {
            return repeated(request, highest: highest, now: now)
        }
        let settled = settle(request, now: now)
        let mayFetch = pause == nil && request.limit > 0
        let hasWoken = mayFetch && wakeDue(now: now)
        let promoted = mayFetch ? promote(limit: request.limit, now: now) : 0
        var popped = 0
        var batch: Batch?
        if mayFetch {
            let isSoloWorker = takeSoloDuty(request.worker, now: now)
            let isAfterSolo = settled.wasSolo && canFetch
            if request.isIdle, !suspects.isEmpty, !isAfterSolo {
                batch = fetch(request, isSolo: true, popped: &popped, now: now)
            } else if !isSoloWorker || request.isIdle {
                batch = fetch(request, isSolo: false, popped: &popped, now: now)
            }
        }
        workers[request.worker, default: Worker()].number = request.number
        workers[request.worker]?.settled = settled.answer
        let hasMoved = popped + promoted + settled.released > 0 || settled.hasWoken || hasWoken
        if hasMoved, hasMore(canFetch, now: now) { hasToken = true }
        return reply(to: request, settled: settled.answer, batch: batch, now: now)
    }

    /// A call that was carried out before, or one that a later call has overtaken.
    private func repeated(_ request: TurnRequest, highest: Int, now: Int64) -> TurnReply {
        let id = BatchID(worker: request.worker, number: request.number)
        let references = [false, true].map { Batch.Reference(id: id, isSolo: $0) }
        let reference = references.first { leases[$0] != nil }
        let known = request.number == highest ? workers[request.worker]?.settled : nil
        guard let reference, let lease = leases[reference] else {
            return reply(to: request, settled: known ?? .stale, batch: nil, now: now)
        }
        let jobs = lease.slots.compactMap { $0 }
        // Slots that are settled already prove that the worker has got the batch.
        guard jobs.count == lease.slots.count else {
            return reply(to: request, settled: .stale, batch: nil, now: now)
        }
        let batch = Batch(reference: reference, fence: lease.fence, jobs: jobs)
        return reply(to: request, settled: known ?? .stale, batch: batch, now: now)
    }

    private func reply(
        to request: TurnRequest,
        settled: TurnReply.Settled,
        batch: Batch?,
        now: Int64
    ) -> TurnReply {
        TurnReply(
            settled: settled,
            batch: batch,
            nowMilliseconds: now,
            nextDueMilliseconds: nextDue,
            isPaused: pause != nil,
            hasMore: hasMore(mayTake(request), now: now),
            suspects: suspects.count,
            oldestSuspectAge: .milliseconds(oldestSuspectAge(now: now)),
            isSoloWorker: !suspects.isEmpty
                && solo.map { $0.worker == request.worker && $0.until > now } ?? false
        )
    }

    private func hasMore(_ canTake: Bool, now: Int64) -> Bool {
        guard pause == nil else { return false }
        return canTake || nextDue.map { $0 <= now } ?? false
    }

    /// Whether there is something that this caller has room for.
    private func mayTake(_ request: TurnRequest) -> Bool {
        guard request.limit > 0, request.lowLimit == 0 else { return canFetch }
        return [Lane.hi, .std].contains { lane in
            !(ready[lane] ?? []).isEmpty || !(rotation[lane] ?? [:]).isEmpty
        }
    }

    private var canFetch: Bool {
        ready.values.contains { !$0.isEmpty } || rotation.values.contains { !$0.isEmpty }
    }

    /// When the next parked job or resting key comes back.
    private var nextDue: Int64? {
        (parked.values.map(\.due) + rests.values.map(\.due)).min()
    }

    private func oldestSuspectAge(now: Int64) -> Int64 {
        guard let first = suspects.first else { return 0 }
        return max(0, now - first.readyMilliseconds(orElse: now))
    }

    /// Gives the duty of running suspects to this worker when nobody else has it.
    private mutating func takeSoloDuty(_ worker: WorkerID, now: Int64) -> Bool {
        if suspects.isEmpty {
            if solo?.worker == worker { solo = nil }
            return false
        }
        let isMine = solo?.worker == worker
        let isFree = solo.map { $0.until <= now } ?? true
        let isLate = oldestSuspectAge(now: now) > tuning.suspectAgeMax.queueMilliseconds
        guard isMine && !isFree || isFree && isLate else { return false }
        solo = SoloDuty(worker: worker, until: now + tuning.soloDuty.queueMilliseconds)
        return true
    }
}

// MARK: - Settling

extension QueueModel {
    private struct Settling {
        var answer: TurnReply.Settled
        var wasSolo = false
        var released = 0
        var hasWoken = false
    }

    private mutating func settle(_ request: TurnRequest, now: Int64) -> Settling {
        guard var settlement = request.settlement else { return Settling(answer: .nothing) }
        let reference = settlement.batch
        guard let lease = leases[reference] else {
            let worker = workers[reference.id.worker]
            let isReaped = worker?.reaped.contains(reference) ?? true
            let isKnown = worker?.number.map { reference.id.number <= $0 } ?? false
            return Settling(answer: !isReaped && isKnown ? .alreadySettled : .lost)
        }
        if let fence = settlement.wholeFence {
            guard lease.fence == fence else {
                return Settling(answer: .lost, wasSolo: reference.isSolo)
            }
            settlement.slots = lease.slots.enumerated().compactMap { position, job in
                job.map { Settlement.Slot(position: position, id: $0.id, outcome: .done) }
            }
        }
        var settling = Settling(answer: .settled, wasSolo: reference.isSolo)
        var slots = lease.slots
        var handedBack: [(position: Int, job: Job)] = []
        var hasBuried = false
        var keys = SettledKeys()
        for slot in settlement.slots {
            guard slots.indices.contains(slot.position), let job = slots[slot.position],
                job.id == slot.id
            else { continue }
            slots[slot.position] = nil
            keys.note(job, slot.outcome, now: now)
            if job.defect != nil {
                burySpoilt(job, slot.outcome, now: now)
                hasBuried = true
            } else if case .release = slot.outcome {
                handedBack.append((slot.position, job))
            } else {
                hasBuried = conclude(job, slot.outcome, now: now) || hasBuried
            }
        }
        settling.released = handedBack.count
        giveBack(handedBack.sorted { $0.position > $1.position }.map(\.job), to: reference, now)
        settling.hasWoken = settle(keys)
        leases[reference]?.slots = slots
        if slots.allSatisfy({ $0 == nil }) { leases[reference] = nil }
        if hasBuried { trimDead(now: now) }
        return settling
    }

    /// Whatever its worker says of it, it can only be dead.
    private mutating func burySpoilt(_ job: Job, _ outcome: Outcome, now: Int64) {
        counters.died += 1
        counters.failed += 1
        var reason = "malformed envelope"
        if case .dead(let told) = outcome { reason = told }
        bury(.bytes(job.payload), id: job.id, reason: reason, now: now)
    }

    /// Applies every outcome but a release; returns whether it buried the job.
    private mutating func conclude(_ job: Job, _ outcome: Outcome, now: Int64) -> Bool {
        switch outcome {
        case .done:
            counters.succeeded += 1
            end(job)
        case .discard:
            counters.discarded += 1
            end(job)
        case .retry(let wait, let reason):
            counters.retried += 1
            counters.failed += 1
            var next = job
            next.attempt += 1
            park(next, wait, reason, now: now)
        case .snooze(let wait, let reason), .rest(let wait, let reason):
            counters.snoozed += 1
            park(job, wait, reason, now: now)
        case .dead(let reason):
            counters.died += 1
            counters.failed += 1
            bury(.job(job), id: job.id, reason: reason, now: now)
            return true
        case .release:
            preconditionFailure("Releases are gathered before.")
        }
        return false
    }

    private mutating func end(_ job: Job) {
        release(job)
        cancellations[job.id] = nil
    }

    private mutating func park(_ job: Job, _ wait: Duration, _ reason: String, now: Int64) {
        let milliseconds = wait.queueMilliseconds
        renew(job, by: milliseconds, now: now)
        parked[job.id] = Parked(
            job: job,
            due: now + milliseconds,
            reason: QueueText.clipped(reason)
        )
    }

    /// To the front, so that what was fetched first is fetched first again.
    private mutating func giveBack(_ jobs: [Job], to reference: Batch.Reference, _ now: Int64) {
        for var job in jobs {
            counters.released += 1
            job.readyMilliseconds = now
            if reference.isSolo {
                suspects.insert(.job(job), at: 0)
            } else {
                lineUpFirst(job)
            }
        }
    }
}

// MARK: - Promoting

extension QueueModel {
    private mutating func promote(limit: Int, now: Int64) -> Int {
        let due = parked.values.filter { $0.due <= now }
            .sorted { ($0.due, $0.job.id.text) < ($1.due, $1.job.id.text) }
            .prefix(limit)
        for entry in due {
            var job = entry.job
            parked[job.id] = nil
            job.readyMilliseconds = now
            _ = lineUp(job)
        }
        return due.count
    }
}

extension QueueModel.Item {
    /// Its size in the list.
    var byteCount: Int {
        bytes.count
    }

    /// What lies in the list.
    package var bytes: [UInt8] {
        switch self {
        case .bytes(let bytes):
            return bytes
        case .job(let job):
            // The bytes themselves, as they were pushed.
            if job.defect != nil { return job.payload }
            do {
                return try Envelope.encode(job)
            } catch {
                preconditionFailure("The model holds a job that no envelope can: \(error)")
            }
        }
    }

    func readyMilliseconds(orElse now: Int64) -> Int64 {
        switch self {
        case .job(let job): job.readyMilliseconds
        case .bytes: now
        }
    }
}
