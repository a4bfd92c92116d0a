import GRDB

/// Why a call is counted apart.
package enum ExclusionReason: String, Sendable, CaseIterable {
    case test
    case `internal`
    case spam
    case other
}

/// That a person wants a call counted apart.
package struct Exclusion: Hashable, Sendable {
    package var reason: ExclusionReason
    package var person: String
    package var note: String?
    package var atMilliseconds: Int64
}

extension StoreWriter {
    /// Counts a call apart from now on; nothing of it is deleted.
    ///
    /// Where its conversion stood for another one of the caller, that one counts instead.
    ///
    /// - Throws: `StoreError.notFound` when there is no such call.
    package func exclude(
        _ call: CallID,
        for reason: ExclusionReason,
        by person: String,
        note: String? = nil
    ) throws {
        _ = try CallReading.revision(of: call, in: database)
        try run(
            """
            insert into call_exclusions (call_id, reason, person, note, excluded_ms)
            values (?, ?, ?, ?, ?)
            on conflict (call_id) do update set
                reason = excluded.reason, person = excluded.person, note = excluded.note,
                excluded_ms = excluded.excluded_ms
            """,
            [call.number, reason.rawValue, person, note, nowMilliseconds]
        )
        try countAnew(call)
        try audit(
            AuditNote(
                actor: person,
                action: "call.exclude",
                object: "call:\(call)",
                after: AuditNote.fields(["reason": .text(reason.rawValue)], note: note)
            )
        )
    }

    /// Counts a call again.
    ///
    /// - Returns: Whether it was excluded.
    @discardableResult
    package func include(_ call: CallID, by person: String) throws -> Bool {
        guard try run("delete from call_exclusions where call_id = ?", [call.number]) == 1 else {
            return false
        }
        try countAnew(call)
        try audit(AuditNote(actor: person, action: "call.include", object: "call:\(call)"))
        return true
    }

    /// Notes what a campaign's printing, postage and advertising cost.
    ///
    /// - Parameters:
    ///   - micros: Millionths of the currency, 0 or more; nil takes the note back.
    ///   - currency: ISO 4217, such as USD.
    ///   - campaign: Whose cost.
    /// - Throws: `StoreError.rejected` for a campaign or a currency that there is not.
    package func setMediaCost(
        micros: Int64?,
        currency: String,
        of campaign: CampaignID
    ) throws {
        guard let micros else {
            try run("delete from campaign_costs where campaign_id = ?", [campaign.number])
            return
        }
        try run(
            """
            insert into campaign_costs (campaign_id, media_micros, currency, changed_ms)
            values (?, ?, ?, ?)
            on conflict (campaign_id) do update set
                media_micros = excluded.media_micros, currency = excluded.currency,
                changed_ms = excluded.changed_ms
            """,
            [campaign.number, micros, currency, nowMilliseconds]
        )
    }
}

extension CallStore {
    /// Which of some calls a person has excluded, and why.
    package func exclusions(of calls: [CallID]) async throws(StoreError) -> [CallID: Exclusion] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    select * from call_exclusions
                    where call_id in (\(databaseQuestionMarks(count: calls.count)))
                    """,
                arguments: StatementArguments(calls.map(\.number))
            )
            return Dictionary(
                rows.map { (CallID($0["call_id"]), Exclusion(row: $0)) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }

    /// Whether a person has excluded the call, and why.
    package func exclusion(of call: CallID) async throws(StoreError) -> Exclusion? {
        try await read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "select * from call_exclusions where call_id = ?"),
                arguments: [call.number]
            )
            .map(Exclusion.init(row:))
        }
    }
}

extension Exclusion {
    fileprivate init(row: Row) {
        self.init(
            reason: ExclusionReason(rawValue: row["reason"]) ?? .other,
            person: row["person"],
            note: row["note"],
            atMilliseconds: row["excluded_ms"]
        )
    }
}
