package import JobQueue
import Logging
import RedisClient

extension RedisQueue: QueueAdministration {
    package func figures() async throws(QueueError) -> QueueFigures {
        try ScriptReply(try await repeatable(calls.figures())).figures()
    }

    package func workers() async throws(QueueError) -> [WorkerFigures] {
        try ScriptReply(try await repeatable(calls.workers())).workers()
    }

    package func situation() async throws(QueueError) -> QueueSituation {
        try ScriptReply(try await repeatable(calls.situation())).situation()
    }

    package func holder(of key: UniqueKey) async throws(QueueError) -> JobID? {
        try ScriptReply(try await repeatable(calls.holder(of: key))).holder()
    }

    package func pause(by person: String, reason: String) async throws(QueueError) {
        _ = try await repeatable(calls.pause(by: person, reason: reason))
    }

    package func resume(by person: String) async throws(QueueError) -> PauseState? {
        let pause = try ScriptReply(try await once(calls.resume())).pauseState()
        logger.notice("queue resumed", metadata: ["person": "\(person)"])
        return pause
    }

    package func jobs(
        in state: JobState,
        after cursor: JobCursor?,
        limit: Int
    ) async throws(QueueError) -> JobPage {
        let size = min(max(limit, 1), QueueLimits.jobsPerCallMax)
        let call = calls.page(in: state, after: cursor, limit: size)
        return try ScriptReply(try await repeatable(call)).page(of: state)
    }

    package func job(_ id: JobID) async throws(QueueError) -> JobRecord? {
        try ScriptReply(try await repeatable(calls.job(id))).record()
    }

    package func cancel(_ ids: [JobID], by person: String) async throws(QueueError) -> Int {
        try check(ids)
        guard !ids.isEmpty else { return 0 }
        return try Self.count(try await once(calls.cancel(ids, by: person)))
    }

    package func retryDead(_ ids: [JobID]) async throws(QueueError) -> [DeadRetryAnswer] {
        try check(ids)
        guard !ids.isEmpty else { return [] }
        return try ScriptReply(try await once(calls.retryDead(ids))).deadRetryAnswers()
    }

    package func discardDead(_ ids: [JobID]) async throws(QueueError) -> Int {
        try check(ids)
        guard !ids.isEmpty else { return 0 }
        return try Self.count(try await once(calls.discardDead(ids)))
    }

    package func runNow(_ ids: [JobID]) async throws(QueueError) -> Int {
        try check(ids)
        guard !ids.isEmpty else { return 0 }
        return try Self.count(try await repeatable(calls.runNow(ids)))
    }

    package func pressure(
        setting marks: [PressureMark: Int?]
    ) async throws(QueueError) -> PressureState {
        try ScriptReply(try await repeatable(calls.marks(marks))).pressure()
    }

    package func limits() async throws(QueueError) -> [LimitFigures] {
        try ScriptReply(try await repeatable(calls.limits())).limits()
    }

    package func limit(of key: LimitKey) async throws(QueueError) -> LimitFigures {
        let found = try ScriptReply(try await repeatable(calls.limits(of: key))).limits()
        guard let figures = found.first else {
            throw .protocolViolation(reason: "a limit key that was asked for is missing")
        }
        return figures
    }

    package func setLimit(
        _ key: LimitKey,
        _ settings: LimitSettings
    ) async throws(QueueError) {
        _ = try await repeatable(calls.setLimit(key, settings))
    }

    package func purge(_ places: Set<PurgePlace>) async throws(QueueError) -> PurgeReport {
        guard !places.isEmpty else { return PurgeReport(removed: 0, left: 0) }
        let call = calls.purge(PurgePlace.ordered(places), limit: QueueLimits.jobsPerCallMax)
        return try ScriptReply(try await once(call)).purgeReport()
    }

    private func check(_ ids: [JobID]) throws(QueueError) {
        guard ids.count <= QueueLimits.jobsPerCallMax else {
            throw .refused(reason: "a call holds at most \(QueueLimits.jobsPerCallMax) jobs")
        }
    }

    private static func count(_ value: RedisValue) throws(QueueError) -> Int {
        guard case .integer(let number) = value else {
            throw .protocolViolation(reason: "a count is no number")
        }
        return Int(number)
    }
}
