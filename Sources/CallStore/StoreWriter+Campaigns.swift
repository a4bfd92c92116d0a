import GRDB
import PhoneNumbers

extension StoreWriter {
    /// Adds a campaign.
    ///
    /// - Throws: `StoreError.rejected` when the workspace has one of that name.
    package func add(_ campaign: NewCampaign) throws -> CampaignID {
        try run(
            """
            insert into campaigns (
                workspace, name, channel, window_days, starts_unix, ends_unix, status,
                upstream_campaign_id, batch_call_id, created_ms, landing_url
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                campaign.workspace, campaign.name, campaign.channel.rawValue,
                campaign.windowDays ?? campaign.channel.windowDaysDefault, campaign.startsUnix,
                campaign.endsUnix, campaign.status.rawValue, campaign.upstreamCampaignID,
                campaign.batchCallID, nowMilliseconds, campaign.landing?.text,
            ]
        )
        let id = CampaignID(database.lastInsertedRowID)
        try replaceAgentNumbers(of: id, with: campaign.agentNumbers)
        if !campaign.agentNumbers.isEmpty {
            try note(.recipientsChanged, atMilliseconds: nowMilliseconds, in: campaign.workspace)
        }
        return id
    }

    /// Writes a campaign's editable fields; all but its id, workspace and time of creation.
    ///
    /// Each field that is another than before is noted with who changed it and why. A new status
    /// holds from now on.
    ///
    /// - Returns: The names of the fields that are others than before.
    /// - Throws: `StoreError.notFound`, or `rejected` for a name that is taken.
    @discardableResult
    package func update(
        _ campaign: Campaign,
        by person: String = "operator",
        note reason: String? = nil
    ) throws -> [String] {
        guard let before = try self.campaign(campaign.id) else {
            throw StoreError.notFound(what: "campaign \(campaign.id)")
        }
        let statusSince =
            before.status == campaign.status
            ? before.statusSinceUnix : nowMilliseconds / 1000
        try run(
            """
            update campaigns set
                name = ?, channel = ?, window_days = ?, starts_unix = ?, ends_unix = ?,
                status = ?, upstream_campaign_id = ?, batch_call_id = ?, status_since_unix = ?,
                landing_url = ?
            where id = ?
            """,
            [
                campaign.name, campaign.channel.rawValue, campaign.windowDays,
                campaign.startsUnix, campaign.endsUnix, campaign.status.rawValue,
                campaign.upstreamCampaignID, campaign.batchCallID, statusSince,
                campaign.landing?.text,
                campaign.id.number,
            ]
        )
        if before.agentNumbers != campaign.agentNumbers {
            try replaceAgentNumbers(of: campaign.id, with: campaign.agentNumbers)
        }
        if before.windows != campaign.windows { try replaceWindows(of: campaign) }
        let changed = zip(before.noted, campaign.noted).filter { $0.value != $1.value }
        for (old, new) in changed {
            try run(
                """
                insert into campaign_changes (
                    campaign_id, at_ms, person, field, value_before, value_after, note
                ) values (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    campaign.id.number, nowMilliseconds, person, old.field, old.value, new.value,
                    reason,
                ]
            )
        }
        try note(.recipientsChanged, atMilliseconds: nowMilliseconds, in: campaign.workspace)
        return changed.map { $0.0.field }
    }

    /// One campaign, as this transaction sees it; nil when there is none.
    package func campaign(_ id: CampaignID) throws -> Campaign? {
        try Row.fetchOne(
            database.cachedStatement(sql: "select * from campaigns where id = ?"),
            arguments: [id.number]
        ).map { try CallReading.campaign(in: $0, database) }
    }

    /// The campaign of a name; for an import that runs inside one transaction.
    package func campaign(
        named name: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws -> Campaign? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "select * from campaigns where workspace = ? and name = ?"
            ),
            arguments: [workspace, name]
        ).map { try CallReading.campaign(in: $0, database) }
    }

    private func replaceAgentNumbers(of campaign: CampaignID, with numbers: [E164]) throws {
        try run(
            "delete from campaign_agent_numbers where campaign_id = ?",
            [campaign.number]
        )
        for number in Set(numbers) {
            try run(
                "insert into campaign_agent_numbers (campaign_id, e164) values (?, ?)",
                [campaign.number, number.text]
            )
        }
    }

    private func replaceWindows(of campaign: Campaign) throws {
        try run("delete from campaign_windows where campaign_id = ?", [campaign.id.number])
        for span in campaign.windows {
            try run(
                """
                insert into campaign_windows (campaign_id, from_unix, window_days)
                values (?, ?, ?)
                """,
                [campaign.id.number, span.fromUnix, span.days]
            )
        }
    }
}

extension Campaign {
    /// The fields whose changes are noted, each as text; always in the same order.
    fileprivate var noted: [(field: String, value: String?)] {
        [
            ("name", name), ("channel", channel.rawValue), ("windowDays", "\(windowDays)"),
            ("starts", startsUnix.map { "\($0)" }), ("ends", endsUnix.map { "\($0)" }),
            ("status", status.rawValue), ("upstreamCampaign", upstreamCampaignID),
            ("batchCall", batchCallID), ("landing", landing?.text),
            (
                "agentNumbers",
                agentNumbers.isEmpty
                    ? nil : agentNumbers.map(\.text).sorted().joined(separator: " ")
            ),
            (
                "windows",
                windows.isEmpty
                    ? nil : windows.map { "\($0.fromUnix):\($0.days)" }.joined(separator: " ")
            ),
        ]
    }
}
