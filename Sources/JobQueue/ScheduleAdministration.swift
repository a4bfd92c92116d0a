/// The schedules whose jobs go into one queue, as operators see and steer them.
///
/// What is kept here all schedulers obey; it outlives each of them.
package protocol ScheduleAdministration: Sendable {
    /// Lets the schedule's instants pass without a job until somebody resumes it.
    func pauseSchedule(
        _ schedule: String,
        by person: String,
        reason: String
    ) async throws(QueueError)

    /// Lets it fire again, from the next instant on; returns the pause that ended.
    func resumeSchedule(_ schedule: String) async throws(QueueError) -> PauseState?

    /// Who stopped a schedule; nil when nobody did.
    func schedulePause(_ schedule: String) async throws(QueueError) -> PauseState?

    /// What became of the last instants, newest first, at most `QueueLimits.tickNotesMax`.
    func tickNotes(ofSchedule schedule: String) async throws(QueueError) -> [TickNote]
}

/// What became of one instant of a schedule.
package struct TickNote: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable, Codable {
        /// Its job was put in.
        case fired

        /// The same, long after the instant: nobody was there in time.
        case caughtUp = "caught-up"

        /// The job of an earlier one was still there.
        case held

        /// The schedule was paused.
        case skipped
    }

    /// The instant, in Unix milliseconds.
    package var instantMilliseconds: Int64

    /// When it was taken, in Unix milliseconds of the queue's clock.
    package var atMilliseconds: Int64
    package var outcome: Outcome

    package init(instantMilliseconds: Int64, atMilliseconds: Int64, outcome: Outcome) {
        self.instantMilliseconds = instantMilliseconds
        self.atMilliseconds = atMilliseconds
        self.outcome = outcome
    }

    /// How long after the instant it was taken.
    package var lateness: Duration { .milliseconds(max(0, atMilliseconds - instantMilliseconds)) }
}

extension QueueLimits {
    /// Notes of ticks that are kept of each schedule.
    package static let tickNotesMax = 100
}
