import Ambient
package import JobQueue
import Synchronization

extension InMemoryQueue: WorkQueue {
    package func enqueue(
        _ jobs: [NewJob],
        call: EnqueueCallID
    ) async throws(QueueError) -> EnqueueReply {
        let tuning = state.withLock { $0.model.tuning }
        try jobs.checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        return try await step(.enqueue(jobs.map(\.id))) { model, now in
            model.enqueue([(call, jobs)], now: now)[0]
        }.get()
    }

    package func fire(_ tick: Tick) async throws(QueueError) -> TickAnswer {
        let tuning = state.withLock { $0.model.tuning }
        try [tick.job].checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        return try await step(.fire(schedule: tick.schedule)) { model, now in
            model.fire(tick, now: now)
        }.get()
    }

    package func lastTick(ofSchedule schedule: String) async throws(QueueError) -> Int64? {
        try await step(.lastTick) { model, _ in model.ticks[schedule] }
    }

    package func turn(_ request: TurnRequest) async throws(QueueError) -> TurnReply {
        try await step(.turn(request)) { model, now in model.turn(request, now: now) }
    }

    package func forget(_ ids: [JobID]) async throws(QueueError) {
        try await step(.forget(ids)) { model, _ in model.forget(ids) }
    }

    package func ring() async throws(QueueError) {
        try await step(.ring) { model, _ in model.ring() }
    }

    package func leave(_ worker: WorkerID) async throws(QueueError) {
        try await step(.leave(worker)) { model, _ in model.leave(worker) }
    }

    package func reap(limit: Int) async throws(QueueError) -> ReapReport {
        try await step(.reap) { model, now in model.reap(limit: limit, now: now) }
    }

    package func keepAlive(
        every interval: Duration,
        presence: @escaping @Sendable () -> Presence,
        answer: @escaping @Sendable (BeatAnswer) -> Void
    ) async throws(QueueError) {
        while true {
            let present = presence()
            do throws(QueueError) {
                answer(
                    try await step(.beat(present.worker)) { model, now in
                        model.beat(present, now: now)
                    }
                )
            } catch {
                switch error {
                case .cancelled, .refused, .layoutTooNew: throw error
                // A beat that failed is repeated with the next interval.
                case .unavailable, .full, .overloaded, .payloadTooLarge, .protocolViolation: break
                }
            }
            do {
                try await ambient.sleep(for: interval)
            } catch {
                throw .cancelled
            }
        }
    }
}

// MARK: - The bell

extension InMemoryQueue {
    private enum BellEnd {
        case token(Bool)
        case time
    }

    package func waitForBell(atMost timeout: Duration) async throws(QueueError) -> Bool {
        if try await step(.waitForBell, { model, _ in model.takeToken() }) {
            return true
        }
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let hasToken = await race(id, against: timeout)
        guard Task.isCancelled else { return hasToken }
        if hasToken { take { model, _ in model.ring() } }
        throw .cancelled
    }

    /// Waits for a token or the end of the time, whichever comes first.
    private func race(_ id: Int, against timeout: Duration) async -> Bool {
        await withTaskGroup(of: BellEnd.self) { group in
            group.addTask { .token(await self.token(id)) }
            group.addTask {
                do {
                    try await self.ambient.sleep(for: timeout)
                } catch {
                    // Cancelled: either the token came first or the whole wait was given up.
                }
                return .time
            }
            var hasToken = false
            for await end in group {
                switch end {
                case .token(let taken):
                    hasToken = taken
                    group.cancelAll()
                case .time:
                    endWait(id)
                }
            }
            state.withLock { _ = $0.endedEarly.remove(id) }
            return hasToken
        }
    }

    private func token(_ id: Int) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early = state.withLock { state -> Bool? in
                    if state.endedEarly.remove(id) != nil { return false }
                    if state.model.takeToken() { return true }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            endWait(id)
        }
    }

    /// Ends a wait without a token; nothing happens when it has ended already.
    private func endWait(_ id: Int) {
        let continuation = state.withLock { state in
            if let index = state.waiters.firstIndex(where: { $0.id == id }) {
                return Optional(state.waiters.remove(at: index).continuation)
            }
            state.endedEarly.insert(id)
            return nil
        }
        continuation?.resume(returning: false)
    }
}
