import GRDB

/// Who called among the recipients that a campaign reached, and among those kept out of it.
package struct HoldoutFigures: Hashable, Sendable {
    package struct Side: Hashable, Sendable {
        package var recipients = 0

        /// Recipients whose number called in the campaign's window, for whatever reason.
        package var called = 0
    }

    package var reached = Side()
    package var heldOut = Side()
}

extension CallStore {
    /// Compares recipients with those held out, all from the first touch until the window's end.
    ///
    /// Reads the campaign's recipients and their calls.
    package func holdoutFigures(
        _ campaign: CampaignID
    ) async throws(StoreError) -> HoldoutFigures {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select held_out, count(*), sum(exists (
                        select 1 from call_parties join calls on calls.id = call_parties.call_id
                        where call_parties.caller_key = recipients.caller_key
                        and calls.started_unix >= opened and calls.started_unix < ended
                    ))
                    from recipients join (
                        select min(at_unix) as opened,
                            max(at_unix) + window_days * 86400 as ended
                        from touches join campaigns on campaigns.id = touches.campaign_id
                        where touches.campaign_id = ?1
                    )
                    where campaign_id = ?1 group by held_out
                    """
            )
            var figures = HoldoutFigures()
            for row in try Row.fetchAll(statement, arguments: [campaign.number]) {
                let side = HoldoutFigures.Side(recipients: row[1], called: row[2] ?? 0)
                if row[0] { figures.heldOut = side } else { figures.reached = side }
            }
            return figures
        }
    }
}
