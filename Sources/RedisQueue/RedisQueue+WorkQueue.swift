package import JobQueue
import RedisClient

extension RedisQueue: WorkQueue {
    package func enqueue(
        _ jobs: [NewJob],
        call: EnqueueCallID
    ) async throws(QueueError) -> EnqueueReply {
        try jobs.checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        let jobs = jobs.map { $0.limited(to: usualLimit) }
        return try await coalescer.enqueue(jobs, call: call) { calls throws(QueueError) in
            let value = try await self.repeatable(try self.calls.enqueue(calls))
            return try ScriptReply(value).replies(toCalls: calls.map(\.jobs.count))
        }
    }

    package func fire(_ tick: Tick) async throws(QueueError) -> TickAnswer {
        try [tick.job].checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        guard Identifier.isWellFormed(tick.schedule) else {
            throw .refused(reason: "the schedule's name is no identifier")
        }
        var tick = tick
        tick.job = tick.job.limited(to: usualLimit)
        return try ScriptReply(try await repeatable(try calls.fire(tick))).tickAnswer()
    }

    package func lastTick(ofSchedule schedule: String) async throws(QueueError) -> Int64? {
        let value: RedisValue
        do throws(RedisError) {
            value = try await commands.send(RedisCommand("GET", keys.tick(schedule)))
        } catch {
            throw QueueError(error)
        }
        switch value {
        case .null: return nil
        case .bytes(let bytes):
            guard let instant = Int64(String(decoding: bytes, as: UTF8.self)) else {
                throw .protocolViolation(reason: "the last instant of a schedule is no number")
            }
            return instant
        case .integer, .status, .array, .error:
            throw .protocolViolation(reason: "the last instant of a schedule is no text")
        }
    }

    package func turn(_ request: TurnRequest) async throws(QueueError) -> TurnReply {
        check(request)
        return try ScriptReply(try await repeatable(calls.turn(request))).turnReply(to: request)
    }

    package func turnWhenRung(_ request: TurnRequest) async throws(QueueError) -> TurnReply {
        check(request)
        return try ScriptReply(try await bell.follow(calls.turn(request))).turnReply(to: request)
    }

    private func check(_ request: TurnRequest) {
        precondition(
            (0...QueueLimits.batchMax).contains(request.limit) && request.lowLimit >= 0
                && request.number >= 0,
            "A batch has 0 to \(QueueLimits.batchMax) jobs, and numbers rise from 0."
        )
    }

    package func forget(_ ids: [JobID]) async throws(QueueError) {
        for start in stride(from: 0, to: ids.count, by: QueueLimits.jobsPerCallMax) {
            let end = min(ids.count, start + QueueLimits.jobsPerCallMax)
            _ = try await repeatable(calls.forget(Array(ids[start..<end])))
        }
    }

    package func waitForBell(atMost timeout: Duration) async throws(QueueError) -> Bool {
        try await bell.wait(atMost: timeout)
    }

    package func ring() async throws(QueueError) {
        _ = try await repeatable(calls.ring())
    }

    package func leave(_ worker: WorkerID) async throws(QueueError) {
        _ = try await repeatable(calls.leave(worker))
    }

    package func reap(limit: Int) async throws(QueueError) -> ReapReport {
        // Not repeated: the next look comes soon, and a repeat would report less than was done.
        try ScriptReply(try await once(calls.reap(limit: limit))).reapReport()
    }
}
