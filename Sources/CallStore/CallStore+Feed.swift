import GRDB

/// What became of one conversion since a cursor.
package struct ConversionChange: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case new
        case changed
        case withdrawn
    }

    package var kind: Kind
    package var conversationID: String
    package var startedUnix: Int64

    /// When the call ended, one second after its start at the least.
    package var convertedUnix: Int64

    /// The rule's or label's type; of a withdrawn one the type it had.
    package var type: String?

    /// As text, with a point; nil when there is none.
    package var value: String?
    package var currency: String?

    /// E.164; nil without a number.
    package var caller: String?
}

/// A campaign and its figures over all days.
package struct CampaignWithFigures: Hashable, Sendable {
    package var campaign: Campaign
    package var recipients: Int
    package var figures: CallFigures
}

extension ExportLook {
    /// Every campaign, in the order of ids.
    package func campaigns() throws -> [CampaignWithFigures] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                select campaigns.*,
                    (select count(*) from recipients where campaign_id = campaigns.id)
                        as recipients
                from campaigns order by id
                """
        )
        return try rows.map { row in
            let campaign = try CallReading.campaign(in: row, database)
            let scope = FigureScope(workspace: campaign.workspace, campaign: .one(campaign.id))
            return CampaignWithFigures(
                campaign: campaign,
                recipients: row["recipients"],
                figures: try FigureReading(database: database, scope: scope).total()
            )
        }
    }

    /// Where the feed of conversions ends now: the cursor to go on from.
    package func feedEnd() throws -> Int64 {
        try Int64.fetchOne(database, sql: "select max(sequence) from conversion_events") ?? 0
    }

    /// What changed in conversions since a cursor, in the order of the last change.
    ///
    /// Calls that are gone are passed over: there is nothing left to name them by.
    package func feed(
        since cursor: Int64,
        _ body: (ConversionChange) throws -> Void
    ) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                select present.is_counted, present.type, coalesce(former.is_counted, 0),
                    former.type, calls.conversation_id, calls.started_unix,
                    calls.duration_seconds, call_parties.e164,
                    iif(present.is_counted, printf('%.2f', conversions.value_micros / 1000000.0), null),
                    iif(present.is_counted, conversions.currency, null)
                from (
                    select call_id, max(sequence) as last from conversion_events
                    where sequence > :cursor group by call_id
                ) as recent
                join conversion_events as present on present.sequence = recent.last
                left join conversion_events as former on former.sequence = (
                    select max(sequence) from conversion_events
                    where call_id = recent.call_id and sequence <= :cursor
                )
                join calls on calls.id = recent.call_id
                left join call_parties on call_parties.call_id = calls.id
                left join conversions on conversions.call_id = calls.id
                where (present.is_counted, iif(present.is_counted, present.type, null)) is not (
                    coalesce(former.is_counted, 0), iif(former.is_counted, former.type, null)
                )
                order by recent.last
                """,
            arguments: ["cursor": cursor]
        )
        while let row = try rows.next() {
            let isCounted: Bool = row[0]
            let wasCounted: Bool = row[2]
            let start: Int64 = row[5]
            let seconds: Int64 = row[6] ?? 0
            try body(
                ConversionChange(
                    kind: isCounted ? (wasCounted ? .changed : .new) : .withdrawn,
                    conversationID: row[4],
                    startedUnix: start,
                    convertedUnix: start + max(seconds, 1),
                    type: isCounted ? row[1] : row[3],
                    value: row[9] == nil ? nil : row[8],
                    currency: row[9],
                    caller: row[7]
                )
            )
        }
    }
}

extension CallStore {
    /// Where the last finished feed of a profile ended; 0 when there was none.
    package func lastExportCursor(
        what: String,
        dialect: String
    ) async throws(StoreError) -> Int64 {
        try await read { database in
            try Int64.fetchOne(
                database,
                sql: "select max(cursor) from exports where what = ? and dialect = ?",
                arguments: [what, dialect]
            ) ?? 0
        }
    }
}
