package import JobQueue

extension InMemoryQueue: ScheduleAdministration {
    package func pauseSchedule(
        _ schedule: String,
        by person: String,
        reason: String
    ) async throws(QueueError) {
        try await step(.administration) { model, now in
            model.pauseSchedule(schedule, by: person, reason: reason, now: now)
        }
    }

    package func resumeSchedule(_ schedule: String) async throws(QueueError) -> PauseState? {
        try await step(.administration) { model, _ in model.resumeSchedule(schedule) }
    }

    package func schedulePause(_ schedule: String) async throws(QueueError) -> PauseState? {
        try await step(.administration) { model, _ in model.holds[schedule] }
    }

    package func tickNotes(ofSchedule schedule: String) async throws(QueueError) -> [TickNote] {
        try await step(.administration) { model, _ in model.tickNotes[schedule] ?? [] }
    }
}
