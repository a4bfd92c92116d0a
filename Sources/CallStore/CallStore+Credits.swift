import GRDB

/// By which touch a call is credited in a report; what is stored is the last touch.
package enum AttributionModel: String, Sendable, Codable, CaseIterable {
    case lastTouch = "last-touch"

    /// The campaign that reached the caller first within its window.
    case firstTouch = "first-touch"
}

/// What one campaign is credited with.
package struct CampaignCredit: Hashable, Sendable {
    package var calls: Int
    package var conversions: Int

    package init(calls: Int, conversions: Int) {
        self.calls = calls
        self.conversions = conversions
    }
}

/// One change of a campaign's fields.
package struct CampaignChange: Hashable, Sendable {
    package var atMilliseconds: Int64
    package var person: String
    package var field: String
    package var before: String?
    package var after: String?
    package var note: String?
}

extension CallStore {
    /// Calls and conversions by campaign; a view of the same credits, which it does not change.
    ///
    /// They are counted as reports count them: by phone, and without those that are excluded.
    package func credits(
        _ model: AttributionModel,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [CampaignID: CampaignCredit] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select
                        case ?1 when 'first-touch' then coalesce(
                            json_extract(evidence, '$.firstTouchCampaign'),
                            attributions.campaign_id
                        ) else attributions.campaign_id end as campaign,
                        count(*) as calls,
                        sum(call_facts.is_converted) as conversions
                    -- Reads the credits first: most calls may have none.
                    from attributions cross join call_facts
                    on call_facts.call_id = attributions.call_id
                    where attributions.campaign_id is not null and call_facts.workspace = ?2
                    and call_facts.channel = 'phone' and call_facts.is_excluded = 0
                    group by 1
                    """
            )
            var credits: [CampaignID: CampaignCredit] = [:]
            for row in try Row.fetchAll(statement, arguments: [model.rawValue, workspace]) {
                credits[CampaignID(row["campaign"])] = CampaignCredit(
                    calls: row["calls"],
                    conversions: row["conversions"]
                )
            }
            return credits
        }
    }

    /// Who changed what of a campaign, latest first.
    package func campaignChanges(
        of campaign: CampaignID,
        limit: Int = 100
    ) async throws(StoreError) -> [CampaignChange] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from campaign_changes where campaign_id = ? order by id desc limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [campaign.number, limit]).map { row in
                CampaignChange(
                    atMilliseconds: row["at_ms"],
                    person: row["person"],
                    field: row["field"],
                    before: row["value_before"],
                    after: row["value_after"],
                    note: row["note"]
                )
            }
        }
    }

    /// Assignments, latest first.
    package func assignments(
        after id: AssignmentID? = nil,
        limit: Int
    ) async throws(StoreError) -> [Assignment] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from assignments where id < ? order by id desc limit ?"
            )
            return try Row.fetchAll(statement, arguments: [id?.number ?? .max, limit])
                .map(CallReading.assignment)
        }
    }
}
