package import JobQueue

// What operators get to see.

extension ScriptReply {
    /// The pause that a resume ended.
    package func pauseState() throws(QueueError) -> PauseState? {
        guard count > 0 else { return nil }
        return PauseState(
            person: try text(0),
            reason: try text(1),
            atMilliseconds: try number(2)
        )
    }

    package func deadRetryAnswers() throws(QueueError) -> [DeadRetryAnswer] {
        var answers: [DeadRetryAnswer] = []
        for index in 0..<count {
            let text = try text(index)
            switch text {
            case "queued": answers.append(.queued)
            case "missing": answers.append(.notFound)
            default:
                guard text.hasPrefix("held|") else {
                    throw .protocolViolation(reason: "an unknown answer to a retry")
                }
                answers.append(.held(by: try Self.jobID(String(text.dropFirst(5)))))
            }
        }
        return answers
    }

    package func purgeReport() throws(QueueError) -> PurgeReport {
        PurgeReport(removed: try integer(0), left: try integer(1))
    }

    package func figures() throws(QueueError) -> QueueFigures {
        let person = try text(1)
        let pause = PauseState(
            person: person,
            reason: try text(2),
            atMilliseconds: try optionalNumber(3) ?? 0
        )
        return QueueFigures(
            nowMilliseconds: try number(0),
            pause: person.isEmpty ? nil : pause,
            ready: [.hi: try integer(4), .std: try integer(5), .low: try integer(6)],
            suspects: try integer(7),
            running: try integer(8),
            later: try integer(9),
            dead: try integer(10),
            oldestQueued: try optionalNumber(11).map { .milliseconds($0) },
            nextDueMilliseconds: try optionalNumber(12),
            workers: try integer(13),
            slots: try integer(14),
            counters: try list(15).counters()
        )
    }

    private func counters() throws(QueueError) -> QueueCounters {
        var counters = QueueCounters()
        for index in stride(from: 0, to: count - 1, by: 2) {
            let number = try integer(index + 1)
            switch try text(index) {
            case "enqueued": counters.enqueued = number
            case "fetched": counters.fetched = number
            case "succeeded": counters.succeeded = number
            case "retried": counters.retried = number
            case "snoozed": counters.snoozed = number
            case "released": counters.released = number
            case "discarded": counters.discarded = number
            case "died": counters.died = number
            case "reaped": counters.reaped = number
            case "graces": counters.graces = number
            case "failed": counters.failed = number
            case "purged": counters.purged = number
            // A counter of a later version: known to whoever knows it.
            default: break
            }
        }
        return counters
    }

    package func situation() throws(QueueError) -> QueueSituation {
        var oldest: [Lane: Duration] = [:]
        for (index, lane) in Lane.allCases.enumerated() {
            oldest[lane] = try optionalNumber(index + 1).map { .milliseconds($0) }
        }
        let solo = try text(5)
        return QueueSituation(
            nowMilliseconds: try number(0),
            oldest: oldest,
            oldestSuspect: try optionalNumber(4).map { .milliseconds($0) },
            soloWorker: solo.isEmpty ? nil : try Self.workerID(solo),
            soloUntilMilliseconds: try optionalNumber(6),
            lastReapMilliseconds: try optionalNumber(7)
        )
    }

    package func holder() throws(QueueError) -> JobID? {
        let id = try text(0)
        return id.isEmpty ? nil : try Self.jobID(id)
    }

    package func workers() throws(QueueError) -> [WorkerFigures] {
        var workers: [WorkerFigures] = []
        for index in 0..<count {
            let row = try list(index)
            let presence = Presence(
                worker: try Self.workerID(try row.text(0)),
                host: try row.text(2),
                processID: Int32(truncatingIfNeeded: try row.number(3)),
                version: try row.text(4),
                startedMilliseconds: try row.number(5),
                slots: try row.integer(6),
                busy: try row.integer(7),
                batches: try row.batches(from: 8)
            )
            workers.append(
                WorkerFigures(presence: presence, expiryMilliseconds: try row.number(1))
            )
        }
        return workers
    }

    private func batches(from start: Int) throws(QueueError) -> [Batch.Reference] {
        var batches: [Batch.Reference] = []
        for index in start..<max(start, count) { batches.append(try batch(index)) }
        return batches.sorted {
            ($0.id.number, $0.isSolo ? 1 : 0) < ($1.id.number, $1.isSolo ? 1 : 0)
        }
    }

    private func batch(_ index: Int) throws(QueueError) -> Batch.Reference {
        guard let batch = Batch.Reference(text: try text(index)) else {
            throw .protocolViolation(reason: "a batch's name in a result is malformed")
        }
        return batch
    }

    package func page(of state: JobState) throws(QueueError) -> JobPage {
        let next = try text(0)
        var jobs: [JobRecord] = []
        for index in 1..<max(1, count) {
            let row = try list(index)
            jobs.append(try row.record(in: state, from: 0))
        }
        return JobPage(jobs: jobs, next: next.isEmpty ? nil : JobCursor(text: next))
    }

    package func record() throws(QueueError) -> JobRecord? {
        guard count > 0 else { return nil }
        guard let state = JobState(rawValue: try text(0)) else {
            throw .protocolViolation(reason: "an unknown state in a result")
        }
        return try record(in: state, from: 1)
    }

    /// Place, time, reason and bytes, from a field on.
    private func record(in state: JobState, from start: Int) throws(QueueError) -> JobRecord {
        let reason = try text(start + 2)
        return JobRecord(
            job: try shownJob(in: state, from: start),
            state: state,
            batch: state == .running ? try batch(start) : nil,
            atMilliseconds: try optionalNumber(start + 1),
            reason: reason.isEmpty ? nil : reason
        )
    }

    /// The job; bytes that nobody has adopted, or that are buried garbage, are shown as a payload.
    private func shownJob(in state: JobState, from start: Int) throws(QueueError) -> Job {
        let bytes = try bytes(start + 3)
        do throws(EnvelopeError) {
            return try Envelope.decode(bytes)
        } catch {
            let place = try text(start)
            switch state {
            case .ready, .suspect:
                return HandPushedName.shown(
                    bytes,
                    id: try Self.jobID("\(HandPushedName.kind)-\(place)")
                )
            case .dead, .later:
                return HandPushedName.shown(bytes, id: try Self.jobID(place))
            case .running:
                return HandPushedName.running(bytes, in: try batch(start))
            }
        }
    }
}
