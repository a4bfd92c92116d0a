package import JobQueue
import RedisClient

// What operators see; nothing here writes.

extension RedisQueue {
    package func figures() async throws(QueueError) -> QueueFigures {
        let reply = try await repeated(scripts.figures, keys.forWorkers, [])
        var reader = try ReplyReader(reply, of: scripts.figures)
        let now = try reader.number()
        let pause = try pause(&reader)
        var ready: [Lane: Int] = [:]
        for lane in [Lane.hi, .std, .low] { ready[lane] = try reader.count() }
        return QueueFigures(
            nowMilliseconds: now,
            pause: pause,
            ready: ready,
            suspects: try reader.count(),
            running: try reader.count(),
            later: try reader.count(),
            dead: try reader.count(),
            oldestReady: try reader.optionalNumber().map { .milliseconds($0) },
            nextDueMilliseconds: try reader.optionalNumber(),
            workers: try reader.count(),
            slots: try reader.count(),
            counters: counters(try reader.list())
        )
    }

    package func workers() async throws(QueueError) -> [WorkerFigures] {
        let reply = try await repeated(scripts.workers, keys.forWorkers, [])
        var reader = try ReplyReader(reply, of: scripts.workers)
        var workers: [WorkerFigures] = []
        while !reader.isAtEnd {
            workers.append(try worker(ReplyReader(try reader.next(), of: scripts.workers)))
        }
        return workers
    }

    package func jobs(
        in state: JobState,
        after cursor: JobCursor?,
        limit: Int
    ) async throws(QueueError) -> JobPage {
        let start = cursor.flatMap { Int($0.text) } ?? 0
        let size = min(max(limit, 1), QueueLimits.jobsPerCallMax)
        let reply = try await repeated(
            scripts.list,
            keys.forWorkers,
            [Array(state.rawValue.utf8), Array(start), Array(size)]
        )
        var reader = try ReplyReader(reply, of: scripts.list)
        let hasNext = try reader.flag()
        var page: [JobRecord] = []
        for row in try reader.list() {
            page.append(try record(ReplyReader(row, of: scripts.list), in: state))
        }
        return JobPage(
            jobs: page,
            next: hasNext ? JobCursor(text: String(start + page.count)) : nil
        )
    }

    package func job(_ id: JobID) async throws(QueueError) -> JobRecord? {
        let reply = try await repeated(
            scripts.find,
            keys.forWorkers,
            [Array(id.text.utf8), Array(QueueLimits.jobsPerCallMax)]
        )
        var reader = try ReplyReader(reply, of: scripts.find)
        guard !reader.isAtEnd else { return nil }
        let place = try reader.text()
        return try record(ReplyReader(reply, of: scripts.find), in: state(ofPlace: place))
    }

    private func state(ofPlace place: String) -> JobState {
        switch place {
        case "later": .later
        case "dead": .dead
        case "suspect": .suspect
        default: Lane(rawValue: place) == nil ? .running : .ready
        }
    }

    private func record(
        _ reader: ReplyReader,
        in state: JobState
    ) throws(QueueError) -> JobRecord {
        var reader = reader
        let place = try reader.text()
        let position = try reader.text()
        let at = try reader.optionalNumber()
        let reason = try reader.text()
        let bytes = try reader.bytes()
        let job: Job
        do {
            job = try Envelope.decode(bytes)
        } catch {
            // Pushed by hand and not adopted yet, or buried as it was.
            let name = state == .dead ? position : nil
            job = HandPushedName.shown(
                bytes,
                id: try name.map { text throws(QueueError) in try holder(text) }
                    ?? HandPushedName.job(in: place, at: Int(position) ?? 0)
            )
        }
        return JobRecord(
            job: job,
            state: state,
            batch: state == .running ? Batch.Reference(text: place) : nil,
            atMilliseconds: at,
            // A dead job always has its reason, a parked one only when it failed.
            reason: reason.isEmpty && state != .dead ? nil : reason
        )
    }

    private func worker(_ reader: ReplyReader) throws(QueueError) -> WorkerFigures {
        var reader = reader
        let name = try reader.text()
        let id: WorkerID
        do {
            id = try WorkerID(name)
        } catch {
            throw reader.violation("has a malformed worker")
        }
        let expiry = try reader.number()
        var presence = Presence(
            worker: id,
            host: try reader.text(),
            processID: Int32(clamping: try reader.number()),
            version: try reader.text(),
            startedMilliseconds: try reader.number(),
            slots: try reader.count(),
            busy: try reader.count(),
            batches: []
        )
        while !reader.isAtEnd {
            guard let batch = Batch.Reference(text: try reader.text()) else {
                throw reader.violation("has a malformed batch")
            }
            presence.batches.append(batch)
        }
        presence.batches.sort { ($0.id.number, $0.text) < ($1.id.number, $1.text) }
        return WorkerFigures(presence: presence, expiryMilliseconds: expiry)
    }

    private func pause(_ reader: inout ReplyReader) throws(QueueError) -> PauseState? {
        let person = try reader.text()
        let reason = try reader.text()
        let at = try reader.optionalNumber()
        guard let at else { return nil }
        return PauseState(person: person, reason: reason, atMilliseconds: at)
    }

    private func counters(_ pairs: [RedisValue]) -> QueueCounters {
        var values: [String: Int] = [:]
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard let name = pairs[index].text else { continue }
            values[name] = pairs[index + 1].text.flatMap { Int($0) }
        }
        return QueueCounters(
            enqueued: values["enqueued"] ?? 0,
            fetched: values["fetched"] ?? 0,
            succeeded: values["succeeded"] ?? 0,
            retried: values["retried"] ?? 0,
            snoozed: values["snoozed"] ?? 0,
            released: values["released"] ?? 0,
            discarded: values["discarded"] ?? 0,
            died: values["died"] ?? 0,
            reaped: values["reaped"] ?? 0,
            graces: values["graces"] ?? 0,
            failed: values["failed"] ?? 0
        )
    }
}
