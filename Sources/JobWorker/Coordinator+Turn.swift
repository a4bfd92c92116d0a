import Ambient
import JobQueue
import Logging

extension Coordinator {
    /// The call to make now, if there is reason to settle or to fetch.
    ///
    /// A call that would only fetch waits for a commit that is under way, so that it settles what was
    /// committed, too; but not when the handlers have nothing to do meanwhile. It does not wait for
    /// results that still gather.
    mutating func nextTurn(_ now: Duration, isCommitting: Bool) -> PendingTurn? {
        if pendingTurn == nil {
            if let request = nextRequest(now, isCommitting: isCommitting) {
                pendingTurn = PendingTurn(request: request, retry: now)
            } else if mayWaitForBell {
                pendingTurn = PendingTurn(request: idleRequest(), retry: now, waitsForBell: true)
            }
        }
        guard let pending = pendingTurn, now >= pending.retry else { return nil }
        return pending
    }

    mutating func take(_ answer: Result<TurnReply, QueueError>) {
        guard let pending = pendingTurn else { return }
        switch answer {
        case .success(let reply):
            pendingTurn = nil
            metrics.noteTurn()
            metrics.flush()
            noteQueueAnswer(after: pending)
            take(reply, to: pending)
        case .failure(let error):
            noteQueueFailure(error)
        }
    }

    // MARK: - What to ask for

    private mutating func nextRequest(_ now: Duration, isCommitting: Bool) -> TurnRequest? {
        let settling = batchToSettle(now)
        let limit = fetchLimit(now, settling: settling)
        let mayOnlyFetch = !isCommitting || open.allSatisfy { $0.unfinished == 0 }
        guard settling != nil || (limit > 0 && mayOnlyFetch) else { return nil }
        let isIdle = limit > 0 && isLast(settling)
        turnNumber += 1
        let settlement = settling?.settlement
        if let settling {
            settling.outcomes = []
            settling.waitingSince = settling.uncommitted > 0 ? now : nil
        }
        return TurnRequest(
            worker: configuration.worker,
            number: turnNumber,
            settlement: settlement,
            limit: limit,
            lowLimit: plan.lowLimit(
                unfinished: open.reduce(0) { $0 + $1.unfinishedLow },
                average: averageLow
            ),
            isIdle: isIdle
        )
    }

    /// Whether the next call may wait in the queue for the bell: until then nothing here needs one.
    private var mayWaitForBell: Bool {
        open.isEmpty && waiting.isEmpty && toForget.isEmpty && isNothingDue
            && fetchRoom(settling: nil) > 0
    }

    private mutating func idleRequest() -> TurnRequest {
        turnNumber += 1
        return TurnRequest(
            worker: configuration.worker,
            number: turnNumber,
            settlement: nil,
            limit: fetchRoom(settling: nil),
            lowLimit: plan.lowLimit(unfinished: 0, average: averageLow),
            isIdle: true
        )
    }

    /// The batch whose outcomes go with the next call: a complete one first, else the one that
    /// has waited longest, when it is time or a call is made anyway.
    private func batchToSettle(_ now: Duration) -> OpenBatch? {
        let candidates = open.filter { !$0.outcomes.isEmpty }
        if let complete = candidates.first(where: \.isComplete) { return complete }
        let oldest = candidates.min { ($0.waitingSince ?? now) < ($1.waitingSince ?? now) }
        guard let oldest else { return nil }
        let isDue = now - (oldest.waitingSince ?? now) >= limits.settleEvery
        return isDue || drain != nil || fetchLimit(now, settling: nil) > 0 ? oldest : nil
    }

    func fetchLimit(_ now: Duration, settling: OpenBatch?) -> Int {
        let room = fetchRoom(settling: settling)
        return settling != nil || mayHaveWork || now >= nextFetch ? room : 0
    }

    /// How many jobs could be fetched if there were any, once a batch's outcomes are settled.
    func fetchRoom(settling: OpenBatch?) -> Int {
        guard drain == nil, failure == nil, commitRetry == nil else { return 0 }
        // Nothing is fetched that commits do not keep up with.
        guard waiting.count - jobsUnderWay < limits.commitMax else { return 0 }
        // A suspect is alone in the process until it is settled, and the worker that runs
        // suspects waits until it is idle.
        let mustBeAlone = isSoloWorker || open.contains { $0.reference.isSolo }
        if mustBeAlone, !isLast(settling) { return 0 }
        let unfinished = open.reduce(0) { $0 + $1.unfinished }
        return plan.limit(
            unfinished: unfinished,
            unstarted: crew.work.unstartedCount + unadmitted,
            average: average,
            runsAlone: runsAlone
        )
    }

    private var plan: FetchPlan {
        FetchPlan(
            concurrency: configuration.concurrency,
            batchMax: limits.batchMax,
            workTarget: limits.workTarget
        )
    }

    private var unadmitted: Int {
        open.reduce(0) { $0 + ($1.isAdmitted ? 0 : $1.unfinished) }
    }

    private var runsAlone: Bool {
        policies[queue.name.text]?.runsAlone ?? false
    }

    /// Whether the process holds nothing once a batch's outcomes are settled.
    private func isLast(_ settling: OpenBatch?) -> Bool {
        open.allSatisfy { batch in
            batch.isOver
                || (batch === settling && batch.isComplete
                    && batch.unsettled == batch.outcomes.count)
        }
    }

    // MARK: - What came back

    private mutating func take(_ reply: TurnReply, to pending: PendingTurn) {
        let request = pending.request
        let now = ambient.elapsed()
        board.update { $0.lastTurn = now }
        queueClock = (reply.nowMilliseconds, now)
        if let settlement = request.settlement { take(reply.settled, of: settlement, now: now) }
        if let batch = reply.batch {
            metrics.noteWaits(of: batch.jobs, fetchedAtMilliseconds: reply.nowMilliseconds)
            let batch = OpenBatch(batch, wasAwaited: pending.waitsForBell)
            open.append(batch)
            board.update { $0.batches.append(batch.reference) }
            if drain != nil { giveBack(batch, now: now) }
        }
        isSoloWorker = reply.isSoloWorker
        isNothingDue = reply.nextDueMilliseconds == nil
        notePause(reply.isPaused)
        let mayFetch = !reply.isPaused && reply.hasMore
        if request.limit > 0 {
            mayHaveWork = mayFetch
            nextFetch = now + idleWait(after: reply)
        } else if mayFetch {
            mayHaveWork = true
        }
    }

    private mutating func notePause(_ isPaused: Bool) {
        guard isPaused != self.isPaused else { return }
        self.isPaused = isPaused
        if isPaused {
            logger.notice("queue is paused; nothing is fetched until somebody resumes it")
        } else {
            logger.notice("queue is resumed; jobs are fetched again")
        }
    }

    private mutating func take(
        _ settled: TurnReply.Settled,
        of settlement: Settlement,
        now: Duration
    ) {
        guard let batch = open.first(where: { $0.reference == settlement.batch }) else { return }
        switch settled {
        case .settled, .nothing:
            batch.unsettled -= settlement.slots.count
        case .alreadySettled:
            // The queue holds nothing of the batch; were anything of it still open here, its
            // result could only be offered to the ledger.
            batch.unsettled -= settlement.slots.count
            if batch.unsettled > 0 { lose(batch) }
        case .lost:
            toForget += settlement.slots.filter { $0.outcome == .done }.map(\.id)
            lose(batch)
        case .stale:
            batch.outcomes = settlement.slots + batch.outcomes
            batch.waitingSince = now - limits.settleEvery
        }
    }

    private func idleWait(after reply: TurnReply) -> Duration {
        let longest = limits.bellWait * (1 + ambient.chance() / 4)
        guard let due = reply.nextDueMilliseconds, !reply.isPaused else { return longest }
        let untilDue = Duration.milliseconds(max(0, due - reply.nowMilliseconds))
        return min(longest, untilDue + limits.dueSpread * ambient.chance())
    }

    // MARK: - Outages

    private mutating func noteQueueAnswer(after pending: PendingTurn) {
        guard pending.failures > 0 else { return }
        board.update { $0.queueDownSince = nil }
        logger.notice(
            "queue answers again; work goes on",
            metadata: ["calls": "\(pending.failures)"]
        )
    }

    /// The call may have happened, so the very same one is repeated.
    private mutating func noteQueueFailure(_ error: QueueError) {
        metrics.noteTurnFailure()
        guard var pending = pendingTurn, !(error == .cancelled && Task.isCancelled) else { return }
        let now = ambient.elapsed()
        pending.failures += 1
        switch error {
        case .unavailable, .full, .overloaded, .cancelled:
            pending.refusals = 0
        case .layoutTooNew:
            fail(.queue(error))
        case .refused, .protocolViolation, .payloadTooLarge:
            pending.refusals += 1
            if pending.refusals >= limits.refusalsMax { fail(.queue(error)) }
        }
        pending.retry = now + queueBackoff(pending.failures)
        pending.waitsForBell = false
        pendingTurn = pending
        guard pending.failures == 1 else { return }
        board.update { $0.queueDownSince = now }
        logger.error(
            "queue does not answer; the call is repeated until it does",
            metadata: ["error": "\(error)"]
        )
    }

    private func queueBackoff(_ failures: Int) -> Duration {
        // 20 doublings exceed the cap.
        let full = min(
            limits.queueBackoffCap,
            limits.queueBackoffBase * (1 << min(failures - 1, 20))
        )
        return full * (0.5 + ambient.chance() / 2)
    }

    /// Removes the copies of jobs whose commit won although their batch was lost.
    mutating func forget() async {
        while !toForget.isEmpty, pendingTurn == nil, !Task.isCancelled {
            let ids = Array(toForget.prefix(QueueLimits.jobsPerCallMax))
            do {
                try await queue.forget(ids)
                toForget.removeFirst(ids.count)
            } catch {
                // Tried again in the next round; the ledger absorbs what is never forgotten.
                if toForget.count > limits.forgetMax {
                    toForget.removeFirst(toForget.count - limits.forgetMax)
                }
                return
            }
        }
    }

    /// A token that this process has no room for belongs to another one, and one that came beside
    /// the turn that waits for it belongs to that.
    mutating func putTokenBack() async {
        guard bell.takeToken() else { return }
        nextFetch = .zero
        guard fetchRoom(settling: nil) == 0 || pendingTurn?.waitsForBell == true else { return }
        await ring()
    }

    func ring() async {
        do {
            try await queue.ring()
        } catch {
            // A lost token costs a waiting worker at most its longest wait.
            logger.debug("bell token lost", metadata: ["error": "\(error)"])
        }
    }
}
