package import JobQueue
import RedisClient

extension RedisQueue {
    package func turn(_ request: TurnRequest) async throws(QueueError) -> TurnReply {
        precondition(
            (0...QueueLimits.batchMax).contains(request.limit),
            "A batch has at most \(QueueLimits.batchMax) jobs."
        )
        let id = BatchID(worker: request.worker, number: request.number)
        var declared = keys.forWorkers
        declared.append(keys.worker(request.worker))
        declared.append(keys.run(Batch.Reference(id: id, isSolo: false)))
        declared.append(keys.run(Batch.Reference(id: id, isSolo: true)))
        if let batch = request.settlement?.batch { declared.append(keys.run(batch)) }
        // Repeated by the worker alone: only it knows whether the same call still makes sense.
        let reply = try await once(scripts.turn, declared, turnArguments(request))
        return try turnReply(reply, to: request)
    }

    package func forget(_ ids: [JobID]) async throws(QueueError) {
        guard !ids.isEmpty else { return }
        _ = try await repeated(scripts.forget, keys.forWorkers, ids.map { Array($0.text.utf8) })
    }

    package func ring() async throws(QueueError) {
        _ = try await repeated(scripts.ring, [keys.control, keys.leases, keys.bell], [])
    }

    package func leave(_ worker: WorkerID) async throws(QueueError) {
        _ = try await repeated(
            scripts.leave,
            [keys.control, keys.leases, keys.workers, keys.worker(worker)],
            [Array(worker.text.utf8)]
        )
    }

    package func reap(limit: Int) async throws(QueueError) -> ReapReport {
        let arguments: [[UInt8]] = [
            Array(min(max(limit, 0), QueueLimits.jobsPerCallMax)),
            Array(tuning.lease.queueMilliseconds),
            Array(tuning.grace.queueMilliseconds),
            Array(tuning.crashesMax),
            Array(tuning.deadAge.queueMilliseconds),
            Array(tuning.deadMax),
        ]
        // A repeat reaps what is left, so it does no harm; its report then lacks the first part.
        let reply = try await repeated(scripts.reap, keys.forWorkers, arguments)
        var reader = try ReplyReader(reply, of: scripts.reap)
        return ReapReport(
            batches: try reader.count(),
            suspects: try reader.count(),
            dead: try reader.count(),
            isGrace: try reader.flag()
        )
    }

    private func turnArguments(_ request: TurnRequest) -> [[UInt8]] {
        let slots = request.settlement?.slots ?? []
        var arguments: [[UInt8]] = [
            Array(request.worker.text.utf8),
            Array(request.number),
            Array(request.limit),
            Array(request.isIdle ? 1 : 0),
            Array(tuning.lease.queueMilliseconds),
            Array(tuning.batchBytesMax),
            Array(tuning.payloadBytesMax),
            Array(tuning.suspectAgeMax.queueMilliseconds),
            Array(tuning.deadAge.queueMilliseconds),
            Array(tuning.deadMax),
            Array((request.settlement?.batch.text ?? "").utf8),
            Array((request.settlement?.batch.id.worker.text ?? "").utf8),
        ]
        arguments.reserveCapacity(arguments.count + 5 * slots.count)
        for slot in slots { append(slot, to: &arguments) }
        return arguments
    }

    private func append(_ slot: Settlement.Slot, to arguments: inout [[UInt8]]) {
        arguments.append(Array(slot.position))
        arguments.append(Array(slot.id.text.utf8))
        let (what, wait, reason): (Character, Duration, String) =
            switch slot.outcome {
            case .done: ("d", .zero, "")
            case .discard(let reason): ("x", .zero, reason)
            case .retry(let wait, let reason): ("r", wait, reason)
            case .snooze(let wait, let reason): ("s", wait, reason)
            case .release: ("l", .zero, "")
            case .dead(let reason): ("k", .zero, reason)
            }
        arguments.append(Array(String(what).utf8))
        arguments.append(Array(wait.queueMilliseconds))
        arguments.append(Array(QueueText.clipped(reason).utf8))
    }

    private func turnReply(
        _ reply: RedisValue,
        to request: TurnRequest
    ) throws(QueueError) -> TurnReply {
        var reader = try ReplyReader(reply, of: scripts.turn)
        let settled = try settled(reader.text())
        var answer = TurnReply(
            settled: settled,
            batch: nil,
            nowMilliseconds: try reader.number(),
            nextDueMilliseconds: try reader.optionalNumber(),
            isPaused: try reader.flag(),
            hasMore: try reader.flag(),
            suspects: try reader.count(),
            oldestSuspectAge: .milliseconds(try reader.number()),
            isSoloWorker: try reader.flag()
        )
        let name = try reader.text()
        let fence = try reader.optionalNumber()
        guard !name.isEmpty else { return answer }
        guard let reference = Batch.Reference(text: name), let fence else {
            throw reader.violation("has a malformed batch")
        }
        var jobs: [Job] = []
        jobs.reserveCapacity(request.limit)
        while !reader.isAtEnd { jobs.append(try job(try reader.bytes())) }
        answer.batch = Batch(reference: reference, fence: fence, jobs: jobs)
        return answer
    }

    private func settled(_ text: String) throws(QueueError) -> TurnReply.Settled {
        switch text {
        case "nothing": return .nothing
        case "settled": return .settled
        case "already": return .alreadySettled
        case "lost": return .lost
        case "stale": return .stale
        default: throw .protocolViolation(reason: "the reply of turn settles in an unknown way")
        }
    }

    /// A job of a batch: the script has checked it by the same rules.
    func job(_ bytes: [UInt8]) throws(QueueError) -> Job {
        do {
            return try Envelope.decode(bytes)
        } catch {
            throw .protocolViolation(reason: "a fetched job has a malformed envelope: \(error)")
        }
    }
}
