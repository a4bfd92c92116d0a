import Foundation
import GRDB

extension StoreWriter {
    /// Begins a backfill; its slices are handed out from now on.
    ///
    /// - Throws: `StoreError.rejected` when the id is taken.
    package func start(
        _ range: BackfillRange,
        as id: BackfillID,
        by person: String
    ) throws {
        try run(
            """
            insert into backfills (
                id, workspace, agent_id, from_unix, to_unix, slice_seconds, slices, rereads,
                person, created_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, range.workspace, range.agentID ?? "", range.fromUnix, range.toUnix,
                range.sliceSeconds, range.slices, range.rereads, person, nowMilliseconds,
            ]
        )
    }

    /// Records the next slices as handed out; those that were complete before are passed over.
    ///
    /// Repeating it changes nothing, and gives the slices that have not ended again.
    ///
    /// - Parameters:
    ///   - id: The backfill.
    ///   - position: The first slice.
    ///   - openMax: Most slices to hand out.
    ///   - slicesMax: Most slices to look at.
    /// - Returns: The slices to be put into the queue, and the position behind the last one looked
    ///   at; nil when the backfill is not running.
    /// - Throws: Errors of the database.
    package func handOut(
        _ id: BackfillID,
        from position: Int,
        openMax: Int,
        slicesMax: Int
    ) throws -> (positions: [Int], end: Int)? {
        guard let backfill = try CallReading.backfill(id, in: database),
            backfill.state == .running
        else { return nil }
        let range = backfill.range
        let last = min(position + slicesMax, range.slices)
        guard position < last else { return ([], position) }
        let covered = try coverage(of: range, position..<last)
        var open: [Int] = []
        var end = position
        while end < last, open.count < openMax {
            let slice = range.slice(end)
            let isComplete = !range.rereads && covered.covers(slice)
            if try isOpen(id, end, isComplete: isComplete) { open.append(end) }
            end += 1
        }
        try run(
            "update backfills set handed_out = ? where id = ? and handed_out < ?",
            [end, id.text, end]
        )
        try endIfComplete(id)
        return (open, end)
    }

    private func coverage(of range: BackfillRange, _ part: Range<Int>) throws -> [Coverage] {
        guard !range.rereads else { return [] }
        let whole =
            range.slice(part.lowerBound).lowerBound..<range.slice(part.upperBound - 1).upperBound
        return try CallReading.stretches(
            over: whole,
            range.agentID,
            range.workspace,
            in: database
        )
    }

    /// Gives a slice its row if it has none; returns whether it has still to be done.
    private func isOpen(_ id: BackfillID, _ position: Int, isComplete: Bool) throws -> Bool {
        let reference = SliceReference(backfill: id, position: position)
        if let known = try slice(reference) { return !known.state.isEnded }
        try run(
            """
            insert into backfill_slices (
                backfill_id, position, state, job_id, changed_ms, look_ms
            ) values (?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, position, isComplete ? "skipped" : "queued", reference.jobID,
                nowMilliseconds, nowMilliseconds + BackfillLimits.lookMilliseconds,
            ]
        )
        if isComplete { try count(id, from: nil, to: .skipped) }
        return !isComplete
    }

    // MARK: - Slices

    /// Notes that a slice's walk goes on with another job; one that nobody keeps is let go.
    ///
    /// - Throws: `StoreError.stale` when a newer delivery has gone further.
    package func goOn(with slice: SliceReference, in job: String, fence: Int64) throws {
        try change(slice, to: .walking, job: job, fence: fence, calls: 0, requests: 0, reason: nil)
    }

    /// Ends a slice whose walk has read all of it, in the transaction of its last page.
    ///
    /// - Throws: `StoreError.stale` when a newer delivery has gone further.
    package func complete(
        _ slice: SliceReference,
        fence: Int64,
        calls: Int,
        requests: Int
    ) throws {
        try change(
            slice,
            to: .done,
            job: nil,
            fence: fence,
            calls: calls,
            requests: requests,
            reason: nil
        )
    }

    /// Ends a slice without result; one that has ended meanwhile stays as it is.
    package func fail(_ slice: SliceReference, reason: String) throws {
        guard let known = try self.slice(slice), !known.state.isEnded else { return }
        try change(
            slice,
            to: .failed,
            job: nil,
            fence: .max,
            keepsFence: true,
            calls: 0,
            requests: 0,
            reason: reason
        )
    }

    /// Puts off the next look for a slice's job, ever longer.
    package func noteLook(for slice: SliceReference) throws {
        try run(
            """
            update backfill_slices
            set look_ms = ?3 + min(?4 << min(looks, 20), ?5), looks = looks + 1
            where backfill_id = ?1 and position = ?2
            """,
            [
                slice.backfill.text, slice.position, nowMilliseconds,
                BackfillLimits.lookMilliseconds, BackfillLimits.lookMillisecondsMax,
            ]
        )
    }

    private func slice(
        _ slice: SliceReference
    ) throws -> (state: BackfillSlice.State, calls: Int, requests: Int)? {
        let statement = try database.cachedStatement(
            sql: """
                select state, calls, requests from backfill_slices
                where backfill_id = ? and position = ?
                """
        )
        return try Row.fetchOne(statement, arguments: [slice.backfill.text, slice.position])
            .map { row in
                (
                    BackfillSlice.State(rawValue: row["state"]) ?? .failed, row["calls"],
                    row["requests"]
                )
            }
    }

    /// A row for a slice whose job runs although this store never handed it out.
    ///
    /// It came back from an older copy. Nil when it does not know the backfill either.
    private func adopted(
        _ slice: SliceReference
    ) throws -> (state: BackfillSlice.State, calls: Int, requests: Int)? {
        guard let backfill = try CallReading.backfill(slice.backfill, in: database),
            slice.position < backfill.range.slices
        else { return nil }
        _ = try isOpen(slice.backfill, slice.position, isComplete: false)
        return (.queued, 0, 0)
    }

    /// The one place where a slice's state and the backfill's counts change, together.
    private func change(
        _ reference: SliceReference,
        to state: BackfillSlice.State,
        job: String?,
        fence: Int64,
        keepsFence: Bool = false,
        calls: Int,
        requests: Int,
        reason: String?
    ) throws {
        // A store that was brought back may not know the backfill of a job that it did not see.
        guard let known = try slice(reference) ?? adopted(reference) else { return }
        // A copy of a page that comes late cannot open what has ended.
        if state == .walking, known.state.isEnded, known.state != .failed { return }
        let changed = try run(
            """
            update backfill_slices set
                state = ?3, job_id = coalesce(?4, job_id), fence = iif(?6, fence, ?5),
                calls = ?7, requests = ?8, reason = ?9, changed_ms = ?10, look_ms = ?11, looks = 0
            where backfill_id = ?1 and position = ?2 and fence <= ?5
            """,
            [
                reference.backfill.text, reference.position, state.rawValue, job, fence,
                keepsFence, calls, requests, reason, nowMilliseconds,
                nowMilliseconds + BackfillLimits.lookMilliseconds,
            ]
        )
        guard changed == 1 else {
            throw StoreError.stale(reason: "a newer delivery has gone further with the slice")
        }
        try count(reference.backfill, from: known.state, to: state)
        try run(
            "update backfills set calls = calls + ?, requests = requests + ? where id = ?",
            [calls - known.calls, requests - known.requests, reference.backfill.text]
        )
        try endIfComplete(reference.backfill)
    }

    private func count(
        _ id: BackfillID,
        from old: BackfillSlice.State?,
        to new: BackfillSlice.State
    ) throws {
        guard old != new else { return }
        func step(_ state: BackfillSlice.State) -> Int {
            (new == state ? 1 : 0) - (old == state ? 1 : 0)
        }
        try run(
            """
            update backfills set
                done = done + ?, failed = failed + ?, skipped = skipped + ?,
                cancelled = cancelled + ?
            where id = ?
            """,
            [step(.done), step(.failed), step(.skipped), step(.cancelled), id.text]
        )
    }

    private func endIfComplete(_ id: BackfillID) throws {
        try run(
            """
            update backfills set
                state = 'done', ended_ms = ?, paused_by = null, pause_reason = null,
                paused_ms = null
            where id = ? and state in ('running', 'paused')
            and done + failed + skipped + cancelled >= slices
            """,
            [nowMilliseconds, id.text]
        )
    }

    // MARK: - Steering

    /// Lets no further slice be handed out until somebody resumes it.
    ///
    /// - Returns: Whether it was running.
    package func pauseBackfill(_ id: BackfillID, by person: String, reason: String) throws -> Bool {
        try run(
            """
            update backfills set
                state = 'paused', paused_by = ?, pause_reason = ?, paused_ms = ?
            where id = ? and state = 'running'
            """,
            [person, reason, nowMilliseconds, id.text]
        ) == 1
    }

    /// Lets a paused backfill go on; returns whether it was paused.
    package func resumeBackfill(_ id: BackfillID) throws -> Bool {
        try run(
            """
            update backfills set
                state = 'running', paused_by = null, pause_reason = null, paused_ms = null
            where id = ? and state = 'paused'
            """,
            [id.text]
        ) == 1
    }

    /// Ends a backfill, and every slice of it that was handed out and has not ended.
    ///
    /// A slice that runs at that moment may still come to its end; it counts as done then.
    ///
    /// - Returns: Whether it was under way.
    package func cancelBackfill(_ id: BackfillID) throws -> Bool {
        let changed = try run(
            """
            update backfills set
                state = 'cancelled', ended_ms = ?, paused_by = null, pause_reason = null,
                paused_ms = null
            where id = ? and state in ('running', 'paused')
            """,
            [nowMilliseconds, id.text]
        )
        guard changed == 1 else { return false }
        let slices = try run(
            """
            update backfill_slices set state = 'cancelled', changed_ms = ?
            where backfill_id = ? and state in ('queued', 'walking')
            """,
            [nowMilliseconds, id.text]
        )
        try run(
            "update backfills set cancelled = cancelled + ? where id = ?",
            [slices, id.text]
        )
        return true
    }

    /// Keeps how a backfill stands at this moment, unless that was done a moment ago.
    package func notePace(of id: BackfillID, parallel: Int) throws {
        try run(
            """
            insert into backfill_pace (backfill_id, at_ms, ended, requests, parallel)
            select id, ?2, done + failed + cancelled, requests, ?3 from backfills
            where id = ?1 and not exists (
                select 1 from backfill_pace where backfill_id = ?1 and at_ms > ?4
            )
            """,
            [
                id.text, nowMilliseconds, max(1, parallel),
                nowMilliseconds - BackfillLimits.paceMilliseconds,
            ]
        )
        try run(
            """
            delete from backfill_pace where backfill_id = ?1 and at_ms <= (
                select at_ms from backfill_pace where backfill_id = ?1
                order by at_ms desc limit 1 offset ?2
            )
            """,
            [id.text, BackfillLimits.paceMax]
        )
    }
}

extension SliceReference {
    /// The id of the slice's first job: it follows from the slice, so that a second one changes
    /// nothing.
    package var jobID: String { "\(backfill)/\(position)" }
}

/// The numbers of backfills, each with its reason.
package enum BackfillLimits {
    /// Most slices of one backfill: minutes of two years.
    package static let slicesMax = 1_100_000

    /// When an open slice's job is looked for: longer than most slices take.
    package static let lookMilliseconds: Int64 = 120_000

    /// Longest time between two looks for one slice: slices whose jobs are gone, or dead, fill the
    /// window of those that are handed out until then.
    package static let lookMillisecondsMax: Int64 = 600_000

    /// Time between two samples of the pace: short beside the half-life of the estimate.
    package static let paceMilliseconds: Int64 = 30_000

    /// Samples that are kept of each backfill: two hours.
    package static let paceMax = 240
}
