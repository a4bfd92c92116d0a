package import JobQueue
package import RedisClient

/// Reads the scripts' results; anything but what their heads promise is a protocol violation.
package struct ScriptReply {
    private let values: [RedisValue]

    package init(_ value: RedisValue) throws(QueueError) {
        guard case .array(let values) = value else {
            throw .protocolViolation(reason: "a script's result is no list")
        }
        self.values = values
    }

    private init(at index: Int, of values: [RedisValue]) throws(QueueError) {
        guard values.indices.contains(index), case .array(let inner) = values[index] else {
            throw .protocolViolation(reason: "field \(index) of a result is no list")
        }
        self.values = inner
    }

    var count: Int { values.count }

    /// Whether a field is there and not null.
    func has(_ index: Int) -> Bool {
        guard values.indices.contains(index) else { return false }
        return values[index] != .null
    }

    func bytes(_ index: Int) throws(QueueError) -> [UInt8] {
        guard values.indices.contains(index) else { throw Self.missing(index) }
        switch values[index] {
        case .bytes(let bytes): return bytes
        case .status(let text): return Array(text.utf8)
        case .integer(let number): return Array(String(number).utf8)
        case .null, .array, .error: throw Self.missing(index)
        }
    }

    func text(_ index: Int) throws(QueueError) -> String {
        String(decoding: try bytes(index), as: UTF8.self)
    }

    func number(_ index: Int) throws(QueueError) -> Int64 {
        guard let number = try optionalNumber(index) else { throw Self.missing(index) }
        return number
    }

    func integer(_ index: Int) throws(QueueError) -> Int {
        Int(try number(index))
    }

    /// Nil for an empty text.
    func optionalNumber(_ index: Int) throws(QueueError) -> Int64? {
        if values.indices.contains(index), case .integer(let number) = values[index] {
            return number
        }
        let text = try text(index)
        guard !text.isEmpty else { return nil }
        guard let number = Int64(text) else { throw Self.missing(index) }
        return number
    }

    func flag(_ index: Int) throws(QueueError) -> Bool {
        try number(index) == 1
    }

    func list(_ index: Int) throws(QueueError) -> ScriptReply {
        try ScriptReply(at: index, of: values)
    }

    /// All fields as texts.
    func texts() throws(QueueError) -> [String] {
        var texts: [String] = []
        texts.reserveCapacity(count)
        for index in 0..<count { texts.append(try text(index)) }
        return texts
    }

    static func missing(_ index: Int) -> QueueError {
        .protocolViolation(reason: "field \(index) of a result is missing or malformed")
    }
}

// MARK: - Producers and workers

extension ScriptReply {
    /// What became of each of the calls that an enqueue carried out.
    ///
    /// - Parameter jobs: The number of jobs of each call.
    /// - Returns: The reply to each call, or `QueueError.overloaded` for a refused one.
    /// - Throws: `QueueError.protocolViolation` for what no script answers.
    package func replies(
        toCalls jobs: [Int]
    ) throws(QueueError) -> [Result<EnqueueReply, QueueError>] {
        let delay = try integer(jobs.count)
        let slowDown = delay > 0 ? Duration.milliseconds(delay) : nil
        var replies: [Result<EnqueueReply, QueueError>] = []
        for (call, count) in jobs.enumerated() {
            if let refusal = try refusal(ofCall: call) {
                replies.append(.failure(refusal))
            } else {
                let answers = try answers(ofCall: call, jobs: count)
                replies.append(.success(EnqueueReply(answers, slowDown: slowDown)))
            }
        }
        return replies
    }

    private func refusal(ofCall call: Int) throws(QueueError) -> QueueError? {
        let text = try text(call)
        guard text.hasPrefix("!") else { return nil }
        let parts = text.dropFirst().split(separator: " ")
        guard parts.count == 2, let lane = Lane(rawValue: String(parts[0])),
            let wait = Int(parts[1])
        else { throw Self.missing(call) }
        return .overloaded(lane: lane, retryAfter: .milliseconds(wait))
    }

    private func answers(ofCall call: Int, jobs: Int) throws(QueueError) -> [EnqueueAnswer] {
        let text = try text(call)
        guard !text.isEmpty else { return Array(repeating: .queued, count: jobs) }
        let holders = text.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        guard holders.count == jobs else {
            throw .protocolViolation(reason: "an enqueue call was repeated with other jobs")
        }
        var answers: [EnqueueAnswer] = []
        for holder in holders {
            answers.append(holder.isEmpty ? .queued : .held(by: try Self.jobID(String(holder))))
        }
        return answers
    }

    package func tickAnswer() throws(QueueError) -> TickAnswer {
        switch try text(0) {
        case "fired":
            let delay = try integer(1)
            return delay > 0 ? .firedUnderPressure(slowDown: .milliseconds(delay)) : .fired
        case "refused":
            guard let lane = Lane(rawValue: try text(1)) else { throw Self.missing(1) }
            throw .overloaded(lane: lane, retryAfter: .milliseconds(try integer(2)))
        case "already": return .alreadyFired
        case "held": return .held(by: try Self.jobID(try text(1)))
        case "paused": return .paused(by: try text(1))
        default: throw Self.missing(0)
        }
    }

    package func turnReply(to request: TurnRequest) throws(QueueError) -> TurnReply {
        let states: [TurnReply.Settled] = [.nothing, .settled, .alreadySettled, .lost, .stale]
        let state = try integer(0)
        guard states.indices.contains(state) else { throw Self.missing(0) }
        let fence = try number(8)
        var jobs: [Job] = []
        jobs.reserveCapacity(max(0, count - 10))
        for index in 10..<max(10, count) {
            let bytes = try bytes(index)
            do {
                jobs.append(try Envelope.decode(bytes))
            } catch {
                let spoilt = HandPushedName.spoilt(bytes, fence: fence, position: index - 10)
                jobs.append(spoilt)
            }
        }
        var batch: Batch?
        if !jobs.isEmpty {
            let id = BatchID(worker: request.worker, number: request.number)
            let reference = Batch.Reference(id: id, isSolo: try flag(9))
            batch = Batch(reference: reference, fence: fence, jobs: jobs)
        }
        return TurnReply(
            settled: states[state],
            batch: batch,
            nowMilliseconds: try number(1),
            nextDueMilliseconds: try optionalNumber(7),
            isPaused: try flag(2),
            hasMore: try flag(3),
            suspects: try integer(4),
            oldestSuspectAge: .milliseconds(try number(5)),
            isSoloWorker: try flag(6)
        )
    }

    package func beatAnswer(to presence: Presence) throws(QueueError) -> BeatAnswer {
        let left = try list(0)
        guard left.count == presence.batches.count else { throw Self.missing(0) }
        var answer = BeatAnswer(lost: [], cancelled: [], remaining: [])
        for (index, reference) in presence.batches.enumerated() {
            let number = try left.integer(index)
            if number < 0 {
                answer.lost.append(reference)
            } else {
                answer.remaining.append(number)
            }
        }
        let cancelled = try list(1)
        for index in 0..<cancelled.count {
            answer.cancelled.append(try Self.jobID(try cancelled.text(index)))
        }
        return answer
    }

    package func reapReport() throws(QueueError) -> ReapReport {
        ReapReport(
            batches: try integer(0),
            suspects: try integer(1),
            dead: try integer(2),
            isGrace: try flag(3)
        )
    }

    static func jobID(_ text: String) throws(QueueError) -> JobID {
        do {
            return try JobID(text)
        } catch {
            throw .protocolViolation(reason: "a job id in a result is malformed")
        }
    }

    static func workerID(_ text: String) throws(QueueError) -> WorkerID {
        do {
            return try WorkerID(text)
        } catch {
            throw .protocolViolation(reason: "a worker id in a result is malformed")
        }
    }
}
