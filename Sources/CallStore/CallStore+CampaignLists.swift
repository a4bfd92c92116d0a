import GRDB

/// A recipient as a campaign's page lists it.
package struct ListedRecipient: Hashable, Sendable {
    package var id: RecipientID

    /// The list's own name for it.
    package var reference: String
    package var name: String?

    /// E.164 where there is one, else what the list said: personal data.
    package var number: String?
    package var isHeldOut: Bool
    package var lastTouchUnix: Int64?

    /// Calls that it is credited with, and those of them that are conversions.
    package var calls: Int
    package var conversions: Int
}

/// Something that reached a campaign's recipients, or that one of them did.
package struct ListedTouch: Hashable, Sendable {
    package var id: Int64

    /// `sent`, `delivered`, `scan` or `page-view`.
    package var kind: String
    package var atUnix: Int64
    package var recipient: RecipientID?
    package var reference: String?
}

/// Where a list of touches, newest first, goes on.
package struct TouchCursor: Hashable, Sendable {
    package var atUnix: Int64
    package var id: Int64

    package init(atUnix: Int64, id: Int64) {
        self.atUnix = atUnix
        self.id = id
    }
}

extension CallStore {
    /// A page of a campaign's recipients, in the order of their ids.
    ///
    /// - Parameters:
    ///   - campaign: Whose.
    ///   - hasCalled: Only those that are credited with a call, or with none; nil for all.
    ///   - hasConverted: Only those that are credited with a conversion, or with none; nil for all.
    ///   - isHeldOut: Only those that are kept out of the campaign, or are not; nil for all.
    ///   - touch: Only those with a touch of this kind; nil for all.
    ///   - search: Only those with this reference or number, or with it in their name.
    ///   - after: Goes on behind this one.
    ///   - limit: Most recipients.
    /// - Returns: The page.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func recipients(
        of campaign: CampaignID,
        hasCalled: Bool? = nil,
        hasConverted: Bool? = nil,
        isHeldOut: Bool? = nil,
        touch: Touch.Kind? = nil,
        search: String? = nil,
        after: RecipientID? = nil,
        limit: Int
    ) async throws(StoreError) -> [ListedRecipient] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select recipients.id, recipients.reference, recipients.name,
                        coalesce(recipients.e164, recipients.raw) as number, recipients.held_out,
                        (
                            select max(at_unix) from touches where recipient_id = recipients.id
                        ) as last_touch,
                        (
                            select count(*) from attributions
                            where recipient_id = recipients.id
                        ) as calls,
                        (
                            select count(*) from attributions join conversions using (call_id)
                            where recipient_id = recipients.id
                            and conversions.outcome = 'yes' and conversions.is_counted
                        ) as conversions
                    from recipients
                    where campaign_id = ?1 and id > ?2
                    and (?3 is null or ?3 = exists (
                        select 1 from attributions where recipient_id = recipients.id
                    ))
                    and (?7 is null or ?7 = exists (
                        select 1 from attributions join conversions using (call_id)
                        where recipient_id = recipients.id
                        and conversions.outcome = 'yes' and conversions.is_counted
                    ))
                    and (?8 is null or held_out = ?8)
                    and (?6 is null or exists (
                        select 1 from touches where recipient_id = recipients.id and kind = ?6
                    ))
                    and (
                        ?4 is null or reference = ?4 or e164 = ?4
                        or instr(lower(coalesce(name, '')), lower(?4)) > 0
                    )
                    order by id limit ?5
                    """
            )
            let arguments: StatementArguments = [
                campaign.number, after?.number ?? 0, hasCalled, search, limit,
                touch?.rawValue, hasConverted, isHeldOut,
            ]
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                ListedRecipient(
                    id: RecipientID(row["id"]),
                    reference: row["reference"],
                    name: row["name"],
                    number: row["number"],
                    isHeldOut: row["held_out"],
                    lastTouchUnix: row["last_touch"],
                    calls: row["calls"],
                    conversions: row["conversions"]
                )
            }
        }
    }

    /// A page of a campaign's touches, newest first.
    package func touches(
        of campaign: CampaignID,
        after cursor: TouchCursor? = nil,
        limit: Int
    ) async throws(StoreError) -> [ListedTouch] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select touches.id, touches.kind, touches.at_unix, touches.recipient_id,
                        recipients.reference
                    from touches left join recipients on recipients.id = touches.recipient_id
                    where touches.campaign_id = ?
                    and (touches.at_unix, touches.id) < (?, ?)
                    order by touches.at_unix desc, touches.id desc limit ?
                    """
            )
            let arguments: StatementArguments = [
                campaign.number, cursor?.atUnix ?? .max, cursor?.id ?? .max, limit,
            ]
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                ListedTouch(
                    id: row["id"],
                    kind: row["kind"],
                    atUnix: row["at_unix"],
                    recipient: (row["recipient_id"] as Int64?).map { RecipientID($0) },
                    reference: row["reference"]
                )
            }
        }
    }
}
