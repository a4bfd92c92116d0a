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
                upstream_campaign_id, batch_call_id, created_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                campaign.workspace, campaign.name, campaign.channel.rawValue,
                campaign.windowDays ?? campaign.channel.windowDaysDefault, campaign.startsUnix,
                campaign.endsUnix, campaign.status.rawValue, campaign.upstreamCampaignID,
                campaign.batchCallID, nowMilliseconds,
            ]
        )
        return CampaignID(database.lastInsertedRowID)
    }

    /// Writes a campaign's editable fields; all but its id, workspace and time of creation.
    ///
    /// - Throws: `StoreError.notFound`, or `rejected` for a name that is taken.
    package func update(_ campaign: Campaign) throws {
        let changed = try run(
            """
            update campaigns set
                name = ?, channel = ?, window_days = ?, starts_unix = ?, ends_unix = ?,
                status = ?, upstream_campaign_id = ?, batch_call_id = ?
            where id = ?
            """,
            [
                campaign.name, campaign.channel.rawValue, campaign.windowDays,
                campaign.startsUnix, campaign.endsUnix, campaign.status.rawValue,
                campaign.upstreamCampaignID, campaign.batchCallID, campaign.id.number,
            ]
        )
        guard changed == 1 else { throw StoreError.notFound(what: "campaign \(campaign.id)") }
        try note(.recipientsChanged, atMilliseconds: nowMilliseconds, in: campaign.workspace)
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
        ).map(CallReading.campaign)
    }

    /// Adds a recipient, or brings the one with this reference up to date.
    ///
    /// Somebody who was erased is counted: without name and number, and under a reference that says
    /// nothing. A nil name or number leaves what is known. Notes that recipients changed, so that the next
    /// sweep looks at calls that found nobody before.
    @discardableResult
    package func add(_ recipient: NewRecipient) throws -> RecipientID {
        var recipient = recipient
        if let e164 = recipient.phone?.e164, try isSuppressed(recipient.phone) {
            recipient.reference = try erasedReference(of: e164, in: recipient.campaign)
            recipient.name = nil
            recipient.phone = nil
        }
        let phone = recipient.phone
        let (key, keyID) = try callerKey(of: phone)
        let id = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    insert into recipients (
                        campaign_id, reference, name, raw, e164, extension, sip_user, class,
                        normaliser, caller_key, key_id, created_ms
                    ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    on conflict (campaign_id, reference) do update set
                        name = coalesce(excluded.name, name),
                        raw = coalesce(excluded.raw, raw),
                        e164 = iif(excluded.raw is null, e164, excluded.e164),
                        extension = iif(excluded.raw is null, extension, excluded.extension),
                        sip_user = iif(excluded.raw is null, sip_user, excluded.sip_user),
                        class = coalesce(excluded.class, class),
                        normaliser = coalesce(excluded.normaliser, normaliser),
                        caller_key = iif(excluded.raw is null, caller_key, excluded.caller_key),
                        key_id = iif(excluded.raw is null, key_id, excluded.key_id)
                    returning id
                    """
            ),
            arguments: [
                recipient.campaign.number, recipient.reference, recipient.name, phone?.raw,
                phone?.e164?.text, phone?.phoneExtension, phone?.sipUser, phone?.kind.rawValue,
                phone?.normaliserVersion, key, keyID, nowMilliseconds,
            ]
        )
        guard let id else { throw StoreError.notFound(what: "campaign \(recipient.campaign)") }
        try noteRecipientsChanged(of: recipient.campaign)
        return RecipientID(id)
    }

    /// Adds a touch of a recipient; one that is there already changes nothing.
    ///
    /// - Returns: Whether it was new.
    @discardableResult
    package func add(_ touch: Touch, of recipient: RecipientID) throws -> Bool {
        let added = try run(
            """
            insert into touches (
                campaign_id, recipient_id, kind, at_unix, sent_unix, token, created_ms
            )
            select campaign_id, id, ?, ?, ?, ?, ? from recipients where id = ?
            on conflict (recipient_id, kind, at_unix) where recipient_id is not null do nothing
            """,
            [
                touch.kind.rawValue, touch.atUnix, touch.sentUnix, touch.token, nowMilliseconds,
                recipient.number,
            ]
        )
        if added == 1 {
            let campaign = try Int64.fetchOne(
                database.cachedStatement(sql: "select campaign_id from recipients where id = ?"),
                arguments: [recipient.number]
            )
            if let campaign { try noteRecipientsChanged(of: CampaignID(campaign)) }
            return true
        }
        let exists = try Bool.fetchOne(
            database.cachedStatement(sql: "select exists (select 1 from recipients where id = ?)"),
            arguments: [recipient.number]
        )
        guard exists == true else { throw StoreError.notFound(what: "recipient \(recipient)") }
        return false
    }

    private func noteRecipientsChanged(of campaign: CampaignID) throws {
        try run(
            """
            insert into sync_marks (workspace, name, at_ms)
            select workspace, ?, ? from campaigns where id = ?
            on conflict (workspace, name) do update set at_ms = excluded.at_ms
            where excluded.at_ms > at_ms
            """,
            [SyncMark.recipientsChanged.rawValue, nowMilliseconds, campaign.number]
        )
    }
}
