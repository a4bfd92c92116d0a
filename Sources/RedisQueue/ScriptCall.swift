package import JobQueue
package import RedisClient

/// One call of a script: what is sent, as a value.
package struct ScriptCall: Sendable, Equatable {
    package let script: RedisScript
    package let keys: [String]
    package let arguments: [[UInt8]]
}

/// Turns the queue's calls into script calls.
package struct ScriptCalls: Sendable {
    package let keys: QueueKeys
    package let scripts: QueueScripts

    package init(keys: QueueKeys, scripts: QueueScripts) {
        self.keys = keys
        self.scripts = scripts
    }

    /// Several producers' calls, carried out as one step.
    ///
    /// - Throws: `QueueError.refused` when a job cannot be put into an envelope.
    package func enqueue(
        _ calls: [(id: EnqueueCallID, jobs: [NewJob])]
    ) throws(QueueError) -> ScriptCall {
        var arguments: [[UInt8]] = []
        for call in calls { try Self.append(call.jobs, to: &arguments) }
        return call(scripts.enqueue, calls.map { keys.call($0.id) }, arguments)
    }

    package func fire(_ tick: Tick) throws(QueueError) -> ScriptCall {
        let (list, envelope) = try Self.untimed(tick.job)
        return call(
            scripts.tick,
            [
                keys.tick(tick.schedule), keys.hold(tick.schedule),
                keys.tickNotes(tick.schedule),
            ],
            [
                Self.number(tick.instantMilliseconds),
                Self.number(tick.job.delay.queueMilliseconds), Self.text(list), envelope,
                Self.text(tick.isLate ? "1" : ""),
                Self.number(QueueLimits.tickNotesMax),
            ]
        )
    }

    package func turn(_ request: TurnRequest) -> ScriptCall {
        let id = BatchID(worker: request.worker, number: request.number)
        let old = request.settlement?.batch
        let worker = keys.worker(request.worker)
        var arguments = [
            Self.text(request.worker.text),
            Self.number(request.number),
            Self.number(request.limit),
            Self.number(request.lowLimit),
            Self.text(request.isIdle ? "1" : "0"),
            Self.text(old?.text ?? ""),
            Self.number(old?.id.number ?? 0),
        ]
        if let fence = request.settlement?.wholeFence {
            arguments += [Self.text("D"), Self.number(fence)]
        } else {
            arguments.reserveCapacity(7 + 3 * (request.settlement?.slots.count ?? 0))
            for slot in request.settlement?.slots ?? [] {
                arguments.append(Self.number(slot.position))
                arguments.append(Self.text(slot.id.text))
                Self.append(slot.outcome, to: &arguments)
            }
        }
        return call(
            scripts.turn,
            [
                worker,
                keys.run(Batch.Reference(id: id, isSolo: false)),
                keys.run(Batch.Reference(id: id, isSolo: true)),
                old.map(keys.run) ?? worker,
                old.map { keys.worker($0.id.worker) } ?? worker,
            ],
            arguments
        )
    }

    package func beat(_ presence: Presence) -> ScriptCall {
        call(
            scripts.beat,
            [keys.worker(presence.worker)],
            [
                Self.text(presence.worker.text), Self.text(presence.host),
                Self.number(Int(presence.processID)), Self.text(presence.version),
                Self.number(presence.startedMilliseconds), Self.number(presence.slots),
                Self.number(presence.busy),
            ] + presence.batches.map { Self.text($0.text) }
        )
    }

    package func reap(limit: Int) -> ScriptCall {
        call(scripts.reap, [], [Self.number(limit)])
    }

    package func forget(_ ids: [JobID]) -> ScriptCall {
        call(scripts.forget, [], ids.map { Self.text($0.text) })
    }

    package func ring() -> ScriptCall {
        call(scripts.ring, [], [])
    }

    package func leave(_ worker: WorkerID) -> ScriptCall {
        call(scripts.leave, [keys.worker(worker)], [Self.text(worker.text)])
    }

    /// One call's jobs: runs of plain jobs for the same list, and each other job by itself.
    private static func append(
        _ jobs: [NewJob],
        to arguments: inout [[UInt8]]
    ) throws(QueueError) {
        let countIndex = arguments.count
        var parts = 0
        var run: (list: String, countIndex: Int, count: Int)?
        arguments.reserveCapacity(countIndex + jobs.count + 3)
        arguments.append([])
        for job in jobs {
            let delay = job.delay.queueMilliseconds
            let (list, envelope) = try untimed(job)
            guard job.unique == nil, delay <= 0 else {
                run = nil
                parts += 1
                arguments += [
                    text(list), number(0), number(delay), text(job.id.text),
                    text(job.unique?.text ?? ""), number(job.uniqueHorizon.queueMilliseconds),
                    envelope,
                ]
                continue
            }
            if run?.list != list {
                parts += 1
                run = (list, arguments.count + 1, 0)
                arguments += [text(list), []]
            }
            if var present = run {
                present.count += 1
                arguments[present.countIndex] = number(present.count)
                run = present
            }
            arguments.append(envelope)
        }
        arguments[countIndex] = number(parts)
    }

    private static func append(_ outcome: Outcome, to arguments: inout [[UInt8]]) {
        switch outcome {
        case .done:
            arguments.append(text("d"))
        case .discard:
            arguments.append(text("x"))
        case .release:
            arguments.append(text("b"))
        case .retry(let wait, let reason):
            arguments += [text("r"), number(wait.queueMilliseconds), clipped(reason)]
        case .snooze(let wait, let reason):
            arguments += [text("s"), number(wait.queueMilliseconds), clipped(reason)]
        case .rest(let wait, let reason):
            arguments += [text("q"), number(wait.queueMilliseconds), clipped(reason)]
        case .dead(let reason):
            arguments += [text("k"), clipped(reason)]
        }
    }

    /// What stands in place of the lane, and the envelope without its version.
    static func untimed(
        _ job: NewJob
    ) throws(QueueError) -> (list: String, envelope: [UInt8]) {
        let envelope: [UInt8]
        do {
            envelope = try Envelope.encodeUntimed(job)
        } catch {
            throw .refused(reason: "the job has no envelope: \(error)")
        }
        let lane = job.lane.rawValue
        let isUsual = envelope.starts(with: Self.usualHead)
        let list = isUsual ? lane : "\(lane):\(job.limit?.text ?? "")"
        return (list, Array(envelope.dropFirst(Self.usualHead.count)))
    }

    /// What an envelope of version 1 begins with; that of version 2 is as long.
    private static let usualHead = Array("\(Envelope.version)|".utf8)
}

// MARK: - Administration

extension ScriptCalls {
    package func pause(by person: String, reason: String) -> ScriptCall {
        call(scripts.pause, [], [Self.clipped(person), Self.clipped(reason)])
    }

    package func resume() -> ScriptCall {
        call(scripts.resume, [], [])
    }

    package func cancel(_ ids: [JobID], by person: String) -> ScriptCall {
        call(scripts.cancel, [], [Self.clipped(person)] + ids.map { Self.text($0.text) })
    }

    package func retryDead(_ ids: [JobID]) -> ScriptCall {
        call(scripts.retryDead, [], ids.map { Self.text($0.text) })
    }

    package func discardDead(_ ids: [JobID]) -> ScriptCall {
        call(scripts.discardDead, [], ids.map { Self.text($0.text) })
    }

    package func runNow(_ ids: [JobID]) -> ScriptCall {
        call(scripts.runNow, [], ids.map { Self.text($0.text) })
    }

    package func purge(_ places: [PurgePlace], limit: Int) -> ScriptCall {
        call(scripts.purge, [], [Self.number(limit)] + places.map { Self.text($0.rawValue) })
    }

    package func marks(_ changes: [PressureMark: Int?]) -> ScriptCall {
        let pairs = changes.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { mark, value in
            [mark.rawValue, value.map { String($0) } ?? ""]
        }
        return call(scripts.marks, [], pairs.map(Self.text))
    }

    /// All limit keys, or the one that is named.
    package func limits(of key: LimitKey? = nil) -> ScriptCall {
        call(scripts.limits, [], [Self.text(key?.text ?? "")])
    }

    package func setLimit(_ key: LimitKey, _ settings: LimitSettings) -> ScriptCall {
        let rate = settings.rate
        let arguments = [
            key.text, settings.concurrency.map { String($0) } ?? "",
            rate.map { String($0.intervalMicroseconds) } ?? "",
            rate.map { String($0.burst) } ?? "",
        ]
        return call(scripts.limitSet, [], arguments.map(Self.text))
    }

    package func figures() -> ScriptCall {
        call(scripts.figures, [], [])
    }

    package func workers() -> ScriptCall {
        call(scripts.workers, [], [])
    }

    package func audit(part: String, mends: Bool, _ arguments: [String]) -> ScriptCall {
        call(scripts.audit, [], ([part, mends ? "1" : "0"] + arguments).map(Self.text))
    }

    package func situation() -> ScriptCall {
        call(scripts.situation, [], [])
    }

    package func holder(of key: UniqueKey) -> ScriptCall {
        call(scripts.holder, [keys.unique(key)], [])
    }

    package func page(in state: JobState, after cursor: JobCursor?, limit: Int) -> ScriptCall {
        let arguments = [state.rawValue, cursor?.text ?? "", String(limit)]
        return call(scripts.page, [], arguments.map(Self.text))
    }

    package func job(_ id: JobID) -> ScriptCall {
        call(scripts.job, [], [Self.text(id.text)])
    }

    package func prepare() -> ScriptCall {
        call(scripts.prepare, [], [])
    }

    package func rights() -> ScriptCall {
        call(scripts.rights, [keys.probe], [])
    }

    func call(
        _ script: RedisScript,
        _ ownKeys: [String],
        _ arguments: [[UInt8]]
    ) -> ScriptCall {
        ScriptCall(script: script, keys: keys.fixed + ownKeys, arguments: arguments)
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func clipped(_ text: String) -> [UInt8] { Array(QueueText.clipped(text).utf8) }

    static func number(_ number: some BinaryInteger) -> [UInt8] {
        Array(String(number).utf8)
    }
}
