package import JobQueue
import RedisClient

extension RedisQueue: ScheduleAdministration {
    package func pauseSchedule(
        _ schedule: String,
        by person: String,
        reason: String
    ) async throws(QueueError) {
        try check(schedule)
        _ = try await repeatable(calls.pauseSchedule(schedule, by: person, reason: reason))
    }

    package func resumeSchedule(_ schedule: String) async throws(QueueError) -> PauseState? {
        try check(schedule)
        return try ScriptReply(try await once(calls.resumeSchedule(schedule))).pauseState()
    }

    package func schedulePause(_ schedule: String) async throws(QueueError) -> PauseState? {
        try check(schedule)
        let command = RedisCommand(
            "HMGET",
            keys.hold(schedule),
            "pausedBy",
            "pausedWhy",
            "pausedAt"
        )
        let reply = try ScriptReply(try await read(command))
        guard reply.has(0) else { return nil }
        return try reply.pauseState()
    }

    package func tickNotes(ofSchedule schedule: String) async throws(QueueError) -> [TickNote] {
        try check(schedule)
        let last = QueueLimits.tickNotesMax - 1
        let reply = try ScriptReply(
            try await read(RedisCommand("LRANGE", keys.tickNotes(schedule), "0", "\(last)"))
        )
        var notes: [TickNote] = []
        for index in 0..<reply.count { notes.append(try reply.tickNote(index)) }
        return notes
    }

    private func read(_ command: RedisCommand) async throws(QueueError) -> RedisValue {
        do throws(RedisError) {
            return try await commands.send(command)
        } catch {
            throw QueueError(error)
        }
    }

    private func check(_ schedule: String) throws(QueueError) {
        guard Identifier.isWellFormed(schedule) else {
            throw .refused(reason: "the schedule's name is no identifier")
        }
    }
}

extension ScriptCalls {
    package func pauseSchedule(
        _ schedule: String,
        by person: String,
        reason: String
    ) -> ScriptCall {
        call(
            scripts.pauseSchedule,
            [keys.hold(schedule)],
            [Self.clipped(person), Self.clipped(reason)]
        )
    }

    package func resumeSchedule(_ schedule: String) -> ScriptCall {
        call(scripts.resumeSchedule, [keys.hold(schedule)], [])
    }
}

extension ScriptReply {
    fileprivate func tickNote(_ index: Int) throws(QueueError) -> TickNote {
        let parts = try text(index).split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 3, let instant = Int64(parts[0]), let at = Int64(parts[1]),
            let outcome = TickNote.Outcome(rawValue: String(parts[2]))
        else { throw .protocolViolation(reason: "a note of a tick is malformed") }
        return TickNote(instantMilliseconds: instant, atMilliseconds: at, outcome: outcome)
    }
}
