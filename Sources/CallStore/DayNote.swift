import GRDB

/// What a person wrote on a day, to be seen on the charts that show it.
package struct DayNote: Hashable, Sendable {
    package var id: Int64
    package var day: LocalDay

    /// Whose charts; nil for all.
    package var campaign: CampaignID?
    package var text: String
    package var person: String
    package var atMilliseconds: Int64
}

extension StoreWriter {
    /// Notes that may be kept at the same time.
    package static var dayNotesMax: Int { 2_000 }

    /// Notes something on a day.
    ///
    /// - Returns: The note's id.
    /// - Throws: `StoreError.rejected` when there are enough, or there is no such campaign.
    package func noteDay(
        _ day: LocalDay,
        _ text: String,
        campaign: CampaignID? = nil,
        by person: String
    ) throws -> Int64 {
        let count = try Int.fetchOne(database, sql: "select count(*) from day_notes") ?? 0
        guard count < Self.dayNotesMax else {
            throw StoreError.rejected(reason: "there are \(Self.dayNotesMax) notes already")
        }
        try run(
            "insert into day_notes (day, campaign_id, text, person, noted_ms) values (?, ?, ?, ?, ?)",
            [day.number, campaign?.number, text, person, nowMilliseconds]
        )
        let id = database.lastInsertedRowID
        try audit(AuditNote(actor: person, action: "note.add", object: "day:\(day)"))
        return id
    }

    /// Removes a note; false when there is none.
    package func removeDayNote(_ id: Int64, by person: String) throws -> Bool {
        let day = try Int.fetchOne(
            database,
            sql: "select day from day_notes where id = ?",
            arguments: [id]
        )
        guard let day else { return false }
        try run("delete from day_notes where id = ?", [id])
        try audit(
            AuditNote(actor: person, action: "note.remove", object: "day:\(LocalDay(day))")
        )
        return true
    }
}

extension CallStore {
    /// Notes of some days, oldest first: those of every chart, and those of one campaign.
    ///
    /// - Parameters:
    ///   - from: The first day; nil for all before `to`.
    ///   - to: The last day.
    ///   - campaign: Whose notes there are beside those of every chart.
    ///   - limit: Most notes, the newest.
    /// - Returns: The notes.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func dayNotes(
        from: LocalDay?,
        to: LocalDay,
        campaign: CampaignID? = nil,
        limit: Int
    ) async throws(StoreError) -> [DayNote] {
        try await read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select * from day_notes
                        where day between ? and ? and (campaign_id is null or campaign_id = ?)
                        order by day desc, id desc limit ?
                        """
                ),
                arguments: [from?.number ?? Int(Int32.min), to.number, campaign?.number, limit]
            )
            return rows.reversed().map { row in
                DayNote(
                    id: row["id"],
                    day: LocalDay(row["day"] as Int),
                    campaign: (row["campaign_id"] as Int64?).map { CampaignID($0) },
                    text: row["text"],
                    person: row["person"],
                    atMilliseconds: row["noted_ms"]
                )
            }
        }
    }
}
