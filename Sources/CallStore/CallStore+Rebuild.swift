package import Foundation
import GRDB

/// A counting anew of calls that is under way; until its end some days are of the old rules.
package struct FigureRebuild: Hashable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// The report zone has changed.
        case zone

        /// What makes a call of an agent a qualified one has changed.
        case limits
    }

    package var reason: Reason

    /// How much of it is done, 0 to 1.
    package var share: Double

    package init(reason: Reason, share: Double) {
        self.reason = reason
        self.share = share
    }
}

extension CallStore {
    /// Calls that one step of a rebuild counts anew.
    ///
    /// A call that changes its day costs a tenth of a millisecond, so writers wait for a tenth of a
    /// second at most.
    package static let rebuildBatch = 1_000

    /// Makes the days of the figures those of a zone, from now on; nothing happens where they are
    /// already.
    ///
    /// A short transaction: calls that come in are counted by the new days at once, and
    /// `continueRebuild` moves those that are there.
    ///
    /// - Returns: Whether the zone is another than before.
    @discardableResult
    package func beginReportZone(_ zone: TimeZone) async throws(StoreError) -> Bool {
        let name = zone.reportName
        let offsets = ZoneOffsets(of: zone)
        if try await reportZone() == name, try await reportOffsets() == offsets { return false }
        try await write { writer in
            try writer.run("update report_zone set name = ?", [name])
            try writer.run("delete from report_offsets")
            for change in offsets.changes {
                try writer.run(
                    "insert into report_offsets (since_unix, offset_seconds) values (?, ?)",
                    [change.sinceUnix, change.offsetSeconds]
                )
            }
            try writer.beginRebuild(.zone)
        }
        return true
    }

    /// Makes the days of the figures those of a zone, and ends when all calls are counted so.
    @discardableResult
    package func useReportZone(_ zone: TimeZone) async throws(StoreError) -> Bool {
        let isOther = try await beginReportZone(zone)
        while try await continueRebuild() != nil {}
        return isOther
    }

    /// Counts the next calls of a rebuild anew, if there is one; anybody may, at any time.
    ///
    /// One transaction counts at most `limit` calls and moves the mark behind them, so a rebuild
    /// that is interrupted goes on where it was.
    ///
    /// - Returns: What is left to do; nil when there is nothing.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    @discardableResult
    package func continueRebuild(
        limit: Int = CallStore.rebuildBatch
    ) async throws(StoreError) -> FigureRebuild? {
        // Most looks find nothing, and need no lock.
        guard try await figureRebuild() != nil else { return nil }
        return try await change { database in
            let row = try Row.fetchOne(
                database.cachedStatement(sql: "select position, last_id from figure_rebuilds")
            )
            guard let row else { return nil }
            let position: Int64 = row[0]
            let end = try Int64.fetchOne(
                database.cachedStatement(
                    sql: """
                        select max(id) from (
                            select id from calls where id > ? and id <= ? order by id limit ?
                        )
                        """
                ),
                arguments: [position, row[1] as Int64, limit]
            )
            guard let end else {
                try database.execute(sql: "delete from figure_rebuilds")
                return nil
            }
            // Triggers move the sums. The place in the order of changes stays: the call is as it
            // was.
            try database.cachedStatement(
                sql: """
                    update call_facts set day = now.day, is_qualified = now.is_qualified
                    from (
                        select call_id, day, is_qualified from call_facts_now
                        where call_id > ?1 and call_id <= ?2
                    ) as now
                    where call_facts.call_id = now.call_id
                    and (call_facts.day, call_facts.is_qualified) <> (now.day, now.is_qualified)
                    """
            )
            .execute(arguments: [position, end])
            try database.cachedStatement(sql: "update figure_rebuilds set position = ?")
                .execute(arguments: [end])
            return try Self.figureRebuild(in: database)
        }
    }

    /// The rebuild that is under way; nil when every figure is right.
    package func figureRebuild() async throws(StoreError) -> FigureRebuild? {
        try await read { try Self.figureRebuild(in: $0) }
    }

    static func figureRebuild(in database: Database) throws -> FigureRebuild? {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "select reason, position, last_id from figure_rebuilds")
        )
        guard let row else { return nil }
        let last: Int64 = row[2]
        let position: Int64 = row[1]
        return FigureRebuild(
            reason: FigureRebuild.Reason(rawValue: row[0]) ?? .zone,
            share: last == 0 ? 1 : Double(position) / Double(last)
        )
    }

    private func reportOffsets() async throws(StoreError) -> ZoneOffsets {
        try await read { database in
            ZoneOffsets(
                changes: try Row.fetchAll(
                    database,
                    sql: "select * from report_offsets order by since_unix"
                )
                .map { row in
                    ZoneOffsets.Change(sinceUnix: row[0], offsetSeconds: row[1])
                }
            )
        }
    }
}

extension StoreWriter {
    /// Has every call counted anew that is there, if any; one that is under way begins again.
    func beginRebuild(_ reason: FigureRebuild.Reason) throws {
        try run(
            """
            insert or replace into figure_rebuilds (id, reason, position, last_id, started_ms)
            select 1, ?, 0, max(id), ? from calls having count(*) > 0
            """,
            [reason.rawValue, nowMilliseconds]
        )
    }
}
