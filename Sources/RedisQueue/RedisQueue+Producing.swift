package import JobQueue
import RedisClient

extension RedisQueue {
    package func enqueue(
        _ jobs: [NewJob],
        call: EnqueueCallID
    ) async throws(QueueError) -> [EnqueueAnswer] {
        try jobs.checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        var arguments: [[UInt8]] = [
            Array(call.text.utf8), Array(tuning.callMemory.queueMilliseconds),
        ]
        arguments.reserveCapacity(2 + 3 * jobs.count)
        for job in jobs { arguments += try admission(job) }
        var declared = keys.forProducers
        declared.append(keys.call(call))
        declared += jobs.compactMap { $0.unique.map(keys.unique) }
        let reply = try await repeated(scripts.enqueue, declared, arguments)
        var reader = try ReplyReader(reply, of: scripts.enqueue)
        var answers: [EnqueueAnswer] = []
        answers.reserveCapacity(jobs.count)
        for _ in jobs { answers.append(try answer(reader.text(), reader)) }
        return answers
    }

    package func fire(_ tick: Tick) async throws(QueueError) -> TickAnswer {
        try [tick.job].checkForQueue(payloadBytesMax: tuning.payloadBytesMax)
        let arguments =
            [Array(tick.schedule.utf8), Array(tick.instantMilliseconds)]
            + (try admission(tick.job))
        var declared = keys.forProducers
        declared.append(keys.tick(tick.schedule))
        declared += tick.job.unique.map { [keys.unique($0)] } ?? []
        // Not repeated here: a second call would say that the instant had fired before.
        let reply = try await once(scripts.tick, declared, arguments)
        switch reply.text {
        case "fired": return .fired
        case "already": return .alreadyFired
        case .some(let text) where text.hasPrefix("held|"):
            return .held(by: try holder(String(text.dropFirst("held|".count))))
        default:
            throw .protocolViolation(reason: "the reply of tick is unknown")
        }
    }

    package func lastTick(ofSchedule schedule: String) async throws(QueueError) -> Int64? {
        do {
            let reply = try await commands.send(RedisCommand("GET", keys.tick(schedule)))
            guard let text = reply.text else { return nil }
            guard let instant = Int64(text) else {
                throw QueueError.protocolViolation(reason: "the last tick is no number")
            }
            return instant
        } catch let error as RedisError {
            throw QueueError(error)
        } catch let error as QueueError {
            throw error
        } catch {
            throw .protocolViolation(reason: "the last tick cannot be read")
        }
    }

    /// The three arguments of one new job, as `Scripts/admit.lua` reads them.
    private func admission(_ job: NewJob) throws(QueueError) -> [[UInt8]] {
        let tail: [UInt8]
        do {
            tail = try Envelope.encodeUntimed(job)
        } catch {
            throw impossible(error)
        }
        return [Array(job.lane.rawValue.utf8), options(of: job), tail]
    }

    private func options(of job: NewJob) -> [UInt8] {
        guard job.unique != nil || job.delay > .zero else { return [] }
        let delay = job.delay.queueMilliseconds
        let life = max(1000, job.uniqueHorizon.queueMilliseconds + delay)
        return Array("\(delay)|\(life)|\(job.id)|\(job.unique?.text ?? "")".utf8)
    }

    private func answer(_ text: String, _ reader: ReplyReader) throws(QueueError) -> EnqueueAnswer {
        text.isEmpty ? .queued : .held(by: try holder(text))
    }

    func holder(_ text: String) throws(QueueError) -> JobID {
        do {
            return try JobID(text)
        } catch {
            throw .protocolViolation(reason: "the holder of a unique key has no job's id")
        }
    }
}
