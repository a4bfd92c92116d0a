import GRDB
package import PhoneNumbers

/// A recipient as an import has left it.
package struct EnteredRecipient: Hashable, Sendable {
    package var id: RecipientID

    /// Whether the person is kept out of the campaign, by this import or an earlier one.
    package var isHeldOut: Bool
}

extension StoreWriter {
    /// Adds a recipient, or brings the one with this reference up to date.
    ///
    /// Somebody who was erased is counted: without name, number and token, and under a reference that
    /// says nothing. A nil name, number or token leaves what is known; whether somebody is held out is settled
    /// when they are new. Notes that recipients changed, so that the next sweep looks at calls
    /// that found nobody before.
    package func enter(_ recipient: NewRecipient) throws -> EnteredRecipient {
        var recipient = recipient
        if let caller = recipient.phone?.identity, try isSuppressed(recipient.phone) {
            recipient.reference = try erasedReference(of: caller, in: recipient.campaign)
            recipient.name = nil
            recipient.phone = nil
            recipient.token = nil
        }
        let phone = recipient.phone
        let (key, keyID) = try callerKey(of: phone)
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    insert into recipients (
                        campaign_id, reference, name, raw, e164, extension, sip_user, class,
                        normaliser, caller_key, key_id, created_ms, token, held_out
                    ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    on conflict (campaign_id, reference) do update set
                        name = coalesce(excluded.name, name),
                        raw = coalesce(excluded.raw, raw),
                        e164 = iif(excluded.raw is null, e164, excluded.e164),
                        extension = iif(excluded.raw is null, extension, excluded.extension),
                        sip_user = iif(excluded.raw is null, sip_user, excluded.sip_user),
                        class = coalesce(excluded.class, class),
                        normaliser = coalesce(excluded.normaliser, normaliser),
                        caller_key = iif(excluded.raw is null, caller_key, excluded.caller_key),
                        key_id = iif(excluded.raw is null, key_id, excluded.key_id),
                        token = coalesce(excluded.token, token)
                    returning id, held_out
                    """
            ),
            arguments: [
                recipient.campaign.number, recipient.reference, recipient.name, phone?.raw,
                phone?.e164?.text, phone?.phoneExtension, phone?.sipUser, phone?.kind.rawValue,
                phone?.normaliserVersion, key, keyID, nowMilliseconds, recipient.token,
                recipient.isHeldOut,
            ]
        )
        guard let row else { throw StoreError.notFound(what: "campaign \(recipient.campaign)") }
        try noteRecipientsChanged(of: recipient.campaign)
        return EnteredRecipient(id: RecipientID(row["id"]), isHeldOut: row["held_out"])
    }

    /// Adds a recipient, as `enter` says.
    @discardableResult
    package func add(_ recipient: NewRecipient) throws -> RecipientID {
        try enter(recipient).id
    }

    /// Whether a number is on the list of a campaign other than this one.
    package func isElsewhere(_ number: E164, than campaign: CampaignID) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select exists (
                        select 1 from recipients where e164 = ? and campaign_id <> ?
                    )
                    """
            ),
            arguments: [number.text, campaign.number]
        ) ?? false
    }

    /// The recipient that a campaign's list calls by this reference.
    package func recipient(
        reference: String,
        of campaign: CampaignID
    ) throws -> EnteredRecipient? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "select id, held_out from recipients where campaign_id = ? and reference = ?"
            ),
            arguments: [campaign.number, reference]
        ).map { EnteredRecipient(id: RecipientID($0["id"]), isHeldOut: $0["held_out"]) }
    }

    /// The recipient of a campaign whose own code or link carries a token; nil when several do.
    package func recipient(
        token: String,
        of campaign: CampaignID
    ) throws -> EnteredRecipient? {
        let found = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select id, held_out from recipients
                    where token = ? and campaign_id = ? limit 2
                    """
            ),
            arguments: [token, campaign.number]
        )
        guard let row = found.first, found.count == 1 else { return nil }
        return EnteredRecipient(id: RecipientID(row["id"]), isHeldOut: row["held_out"])
    }

    /// Keeps how the held-out recipients of an import were drawn.
    ///
    /// - Parameters:
    ///   - campaign: Whose recipients.
    ///   - share: Over 0 and below 1.
    ///   - seed: What the draw was made from.
    ///   - person: Who asked for it.
    /// - Throws: `StoreError.rejected` for a share that is none.
    package func noteHoldout(
        of campaign: CampaignID,
        share: Double,
        seed: Int64,
        by person: String
    ) throws {
        try run(
            """
            insert into holdouts (campaign_id, at_ms, person, share, seed)
            select ?1, ?2, ?3, ?4, ?5
            where not exists (
                select 1 from holdouts where campaign_id = ?1 and share = ?4 and seed = ?5
            )
            """,
            [campaign.number, nowMilliseconds, person, share, seed]
        )
    }

    // MARK: Touches

    /// Adds a touch of a recipient; one that is there already changes nothing.
    ///
    /// A delivery that does not say when it had been sent belongs to the last sending before it,
    /// so that the window opens once.
    ///
    /// - Returns: Whether it was new.
    @discardableResult
    package func add(_ touch: Touch, of recipient: RecipientID) throws -> Bool {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    insert into touches (
                        campaign_id, recipient_id, kind, at_unix, sent_unix, token, created_ms
                    )
                    select campaign_id, id, ?1, ?2,
                        case when ?1 = 'delivered' then coalesce(?3, (
                            select max(at_unix) from touches
                            where recipient_id = ?6 and kind = 'sent' and at_unix <= ?2
                        )) end,
                        ?4, ?5
                    from recipients where id = ?6
                    on conflict (recipient_id, kind, at_unix)
                    where recipient_id is not null do nothing
                    returning campaign_id
                    """
            ),
            arguments: [
                touch.kind.rawValue, touch.atUnix, touch.sentUnix, touch.token, nowMilliseconds,
                recipient.number,
            ]
        )
        if let row {
            try noteRecipientsChanged(of: CampaignID(row["campaign_id"]))
            return true
        }
        let exists = try Bool.fetchOne(
            database.cachedStatement(sql: "select exists (select 1 from recipients where id = ?)"),
            arguments: [recipient.number]
        )
        guard exists == true else { throw StoreError.notFound(what: "recipient \(recipient)") }
        return false
    }

    /// Adds a touch of nobody in particular: a scan or a page view that only names its campaign.
    ///
    /// - Returns: Whether it was new; one of the same kind, second and token is there already.
    @discardableResult
    package func add(_ touch: Touch, of campaign: CampaignID) throws -> Bool {
        let added = try run(
            """
            insert into touches (campaign_id, kind, at_unix, token, created_ms)
            select ?1, ?2, ?3, ?4, ?5
            where not exists (
                select 1 from touches
                where campaign_id = ?1 and at_unix = ?3 and recipient_id is null and kind = ?2
                and token is ?4
            )
            """,
            [
                campaign.number, touch.kind.rawValue, touch.atUnix, touch.token, nowMilliseconds,
            ]
        )
        if added == 1 { try noteRecipientsChanged(of: campaign) }
        return added == 1
    }

    /// Once for each campaign and transaction: a row of a long list would pay for it again.
    private func noteRecipientsChanged(of campaign: CampaignID) throws {
        guard !added.notedCampaigns.contains(campaign.number) else { return }
        try run(
            """
            insert into sync_marks (workspace, name, at_ms)
            select workspace, ?, ? from campaigns where id = ?
            on conflict (workspace, name) do update set at_ms = excluded.at_ms
            where excluded.at_ms > at_ms
            """,
            [SyncMark.recipientsChanged.rawValue, nowMilliseconds, campaign.number]
        )
        added.notedCampaigns.insert(campaign.number)
    }
}
