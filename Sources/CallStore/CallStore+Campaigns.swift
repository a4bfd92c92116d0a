import GRDB
package import PhoneNumbers

extension CallStore {
    /// One campaign; nil when there is none.
    package func campaign(_ id: CampaignID) async throws(StoreError) -> Campaign? {
        try await campaigns(where: "id = ?", [id.number]).first
    }

    /// The campaign of a name; nil when there is none.
    package func campaign(
        named name: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> Campaign? {
        try await campaigns(where: "workspace = ? and name = ?", [workspace, name]).first
    }

    /// The campaigns that the upstream knows under one of its own ids.
    package func campaigns(
        upstreamID: String?,
        batchCallID: String?,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [Campaign] {
        try await campaigns(
            where: "workspace = ? and (upstream_campaign_id = ? or batch_call_id = ?)",
            [workspace, upstreamID, batchCallID]
        )
    }

    private func campaigns(
        where condition: String,
        _ arguments: StatementArguments
    ) async throws(StoreError) -> [Campaign] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from campaigns where \(condition) order by id"
            )
            return try Row.fetchAll(statement, arguments: arguments)
                .map { try CallReading.campaign(in: $0, database) }
        }
    }

    /// A page of campaigns with what they brought, in the order of ids.
    ///
    /// Read from the sums by day, so that a list says what a campaign's own report says.
    package func campaignFigures(
        after id: CampaignID? = nil,
        limit: Int = 1_000
    ) async throws(StoreError) -> [CampaignFigures] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    with page as (select * from campaigns where id > ? order by id limit ?),
                    brought as (
                        select page.id as campaign_id,
                            sum(success + failure + unknown + pending) as calls,
                            sum(conversions) as conversions, sum(microdollars) as microdollars,
                            sum(microdollars_known) as microdollars_known
                        -- Left to itself, SQLite would read all days for each campaign.
                        from page cross join daily_figures indexed by daily_figures_by_campaign
                        on daily_figures.campaign_id = page.id and daily_figures.campaign_id <> 0
                        and daily_figures.workspace = page.workspace
                        and daily_figures.channel = 'phone'
                        group by page.id
                    )
                    select page.*, campaign_costs.media_micros, campaign_costs.currency,
                        (select count(*) from recipients where campaign_id = page.id)
                            as recipients,
                        coalesce(brought.calls, 0) as calls,
                        coalesce(brought.conversions, 0) as conversions,
                        coalesce(brought.microdollars, 0) as microdollars,
                        coalesce(brought.microdollars_known, 0) as microdollars_known
                    from page
                    left join campaign_costs on campaign_costs.campaign_id = page.id
                    left join brought on brought.campaign_id = page.id
                    order by page.id
                    """
            )
            return try Row.fetchAll(statement, arguments: [id?.number ?? 0, limit]).map { row in
                let micros: Int64? = row["media_micros"]
                var brought = CallFigures()
                brought.conversions = row["conversions"]
                brought.microdollars = row["microdollars"]
                brought.microdollarsKnown = row["microdollars_known"]
                return CampaignFigures(
                    campaign: try CallReading.campaign(in: row, database),
                    recipients: row["recipients"],
                    calls: row["calls"],
                    conversions: brought.conversions,
                    cost: CampaignCost(
                        media: micros.map { Money(micros: $0, currency: row["currency"]) },
                        agent: brought.agentCost,
                        conversions: brought.conversions
                    )
                )
            }
        }
    }

    /// Recipients with one of these numbers, whatever their campaign's window says.
    ///
    /// - Parameters:
    ///   - numbers: Candidates of one caller, a few.
    ///   - workspace: Whose campaigns.
    ///   - limit: Most recipients to return; the caller tells one more from a tie by asking for it.
    /// - Returns: The matches, those touched last first, each with all its touches.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func recipientsMatching(
        _ numbers: [E164],
        in workspace: String = CallIdentity.defaultWorkspace,
        limit: Int = 200
    ) async throws(StoreError) -> [RecipientMatch] {
        guard !numbers.isEmpty else { return [] }
        let marks = Array(repeating: "?", count: numbers.count).joined(separator: ", ")
        let values = numbers.map { $0.text.databaseValue }
        return try await matches(
            where: "recipients.e164 in (\(marks)) and campaigns.workspace = ?",
            StatementArguments(values) + [workspace],
            limit: limit
        )
    }

    /// Recipients that a list calls by this reference, in one campaign or in all.
    package func recipients(
        reference: String,
        of campaign: CampaignID? = nil,
        in workspace: String = CallIdentity.defaultWorkspace,
        limit: Int = 200
    ) async throws(StoreError) -> [RecipientMatch] {
        try await matches(
            where: """
                recipients.reference = ? and campaigns.workspace = ?
                and campaigns.id = coalesce(?, campaigns.id)
                """,
            [reference, workspace, campaign?.number],
            limit: limit
        )
    }

    private func matches(
        where condition: String,
        _ arguments: StatementArguments,
        limit: Int
    ) async throws(StoreError) -> [RecipientMatch] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select recipients.id as recipient_id, recipients.reference as reference,
                        recipients.name as recipient_name, recipients.raw, recipients.e164,
                        recipients.extension, recipients.sip_user, recipients.class,
                        recipients.normaliser, recipients.held_out, campaigns.*
                    from recipients join campaigns on campaigns.id = recipients.campaign_id
                    where \(condition)
                    order by (
                        select max(at_unix) from touches where recipient_id = recipients.id
                    ) desc, recipients.id
                    limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: arguments + [limit]).map { row in
                let campaign = try CallReading.campaign(in: row, database)
                let id: Int64 = row["recipient_id"]
                return RecipientMatch(
                    recipient: Recipient(
                        id: RecipientID(id),
                        campaign: campaign.id,
                        reference: row["reference"],
                        name: row["recipient_name"],
                        phone: row["raw"] == nil ? nil : CallReading.party(in: row),
                        isHeldOut: row["held_out"]
                    ),
                    campaign: campaign,
                    touches: try CallReading.touches(of: id, in: database)
                )
            }
        }
    }

    /// How a call came to be where it is, oldest change first.
    package func attributionHistory(
        of call: CallID,
        limit: Int = 1_000
    ) async throws(StoreError) -> [AttributionChange] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from attribution_history where call_id = ? order by id limit ?"
            )
            return try Row.fetchAll(statement, arguments: [call.number, limit]).map { row in
                AttributionChange(
                    atMilliseconds: row["at_ms"],
                    by: row["by_whom"],
                    campaignBefore: (row["campaign_before"] as Int64?).map { CampaignID($0) },
                    campaign: (row["campaign_id"] as Int64?).map { CampaignID($0) },
                    recipientBefore: (row["recipient_before"] as Int64?).map { RecipientID($0) },
                    recipient: (row["recipient_id"] as Int64?).map { RecipientID($0) },
                    methodBefore: (row["method_before"] as String?)
                        .flatMap { AttributionMethod(rawValue: $0) },
                    method: AttributionMethod(rawValue: row["method"]) ?? .none,
                    note: row["note"],
                    evidence: try StoredJSON.value(
                        row["evidence"],
                        as: [String: StoredValue].self
                    ) ?? [:]
                )
            }
        }
    }

    /// The verdicts of one version of the rules on a call, the one that takes precedence first.
    package func verdicts(
        of call: CallID,
        ruleVersion: String
    ) async throws(StoreError) -> [Verdict] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from verdicts where call_id = ? and rule_version = ?
                    order by position
                    """
            )
            return try Row.fetchAll(statement, arguments: [call.number, ruleVersion])
                .map(CallReading.verdict)
        }
    }
}

extension CallReading {
    static func touches(of recipient: Int64, in database: Database) throws -> [Touch] {
        let statement = try database.cachedStatement(
            sql: "select * from touches where recipient_id = ? order by at_unix, id"
        )
        return try Row.fetchAll(statement, arguments: [recipient]).map { row in
            Touch(
                kind: Touch.Kind(rawValue: row["kind"]) ?? .sent,
                atUnix: row["at_unix"],
                sentUnix: row["sent_unix"],
                token: row["token"]
            )
        }
    }
}
