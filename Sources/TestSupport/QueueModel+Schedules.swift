package import JobQueue

extension QueueModel {
    package mutating func pauseSchedule(
        _ schedule: String,
        by person: String,
        reason: String,
        now: Int64
    ) {
        holds[schedule] = PauseState(person: person, reason: reason, atMilliseconds: now)
    }

    package mutating func resumeSchedule(_ schedule: String) -> PauseState? {
        holds.removeValue(forKey: schedule)
    }

    mutating func noteTick(_ tick: Tick, _ answer: TickAnswer, now: Int64) {
        let outcome: TickNote.Outcome =
            switch answer {
            case .fired, .firedUnderPressure: tick.isLate ? .caughtUp : .fired
            case .held: .held
            case .paused: .skipped
            case .alreadyFired: preconditionFailure("Nothing was taken.")
            }
        let note = TickNote(
            instantMilliseconds: tick.instantMilliseconds,
            atMilliseconds: now,
            outcome: outcome
        )
        let notes = [note] + (tickNotes[tick.schedule] ?? [])
        tickNotes[tick.schedule] = Array(notes.prefix(QueueLimits.tickNotesMax))
    }
}
