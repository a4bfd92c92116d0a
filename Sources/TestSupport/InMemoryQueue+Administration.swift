package import JobQueue

extension InMemoryQueue: QueueAdministration {
    package func figures() async throws(QueueError) -> QueueFigures {
        try await step(.administration) { model, now in model.figures(now: now) }
    }

    package func workers() async throws(QueueError) -> [WorkerFigures] {
        try await step(.administration) { model, now in model.livingWorkers(now: now) }
    }

    package func situation() async throws(QueueError) -> QueueSituation {
        try await step(.administration) { model, now in model.situation(now: now) }
    }

    package func holder(of key: UniqueKey) async throws(QueueError) -> JobID? {
        try await step(.administration) { model, _ in model.holder(of: key) }
    }

    package func pause(by person: String, reason: String) async throws(QueueError) {
        try await step(.administration) { model, now in
            model.pause(by: person, reason: reason, now: now)
        }
    }

    package func resume(by person: String) async throws(QueueError) -> PauseState? {
        try await step(.administration) { model, now in model.resume(now: now) }
    }

    package func jobs(
        in state: JobState,
        after cursor: JobCursor?,
        limit: Int
    ) async throws(QueueError) -> JobPage {
        let start = cursor.flatMap { Int($0.text) } ?? 0
        let size = min(max(limit, 1), QueueLimits.jobsPerCallMax)
        return try await step(.administration) { model, _ in
            let records = model.records(in: state)
            let page = Array(records.dropFirst(start).prefix(size))
            let end = start + page.count
            let next = end < records.count ? JobCursor(text: String(end)) : nil
            return JobPage(jobs: page, next: next)
        }
    }

    package func job(_ id: JobID) async throws(QueueError) -> JobRecord? {
        try await step(.administration) { model, _ in model.record(of: id) }
    }

    package func cancel(_ ids: [JobID], by person: String) async throws(QueueError) -> Int {
        try await step(.administration) { model, now in
            model.cancel(ids, by: person, now: now)
        }
    }

    package func retryDead(_ ids: [JobID]) async throws(QueueError) -> [DeadRetryAnswer] {
        try await step(.administration) { model, now in model.retryDead(ids, now: now) }
    }

    package func discardDead(_ ids: [JobID]) async throws(QueueError) -> Int {
        try await step(.administration) { model, _ in model.discardDead(ids) }
    }

    package func pressure(
        setting marks: [PressureMark: Int?]
    ) async throws(QueueError) -> PressureState {
        try await step(.administration) { model, _ in model.pressure(setting: marks) }
    }

    package func limits() async throws(QueueError) -> [LimitFigures] {
        try await step(.administration) { model, now in model.limitFigures(now: now) }
    }

    package func limit(of key: LimitKey) async throws(QueueError) -> LimitFigures {
        try await step(.administration) { model, now in model.limitFigures(of: key, now: now) }
    }

    package func setLimit(
        _ key: LimitKey,
        _ settings: LimitSettings
    ) async throws(QueueError) {
        try await step(.administration) { model, _ in model.setLimit(key, settings) }
    }

    package func purge(_ places: Set<PurgePlace>) async throws(QueueError) -> PurgeReport {
        let limit = QueueLimits.jobsPerCallMax
        return try await step(.administration) { model, _ in
            model.purge(PurgePlace.ordered(places), limit: limit)
        }
    }

    package func runNow(_ ids: [JobID]) async throws(QueueError) -> Int {
        try await step(.administration) { model, now in model.runNow(ids, now: now) }
    }
}
