import GRDB

/// Who called among the recipients that a campaign reached, and among those kept out of it.
package struct HoldoutFigures: Hashable, Sendable {
    package struct Side: Hashable, Sendable {
        package var recipients = 0

        /// Those whose number is known; it is removed when its time is over.
        package var withNumber = 0

        /// Those of them who called in the campaign's window, for whatever reason; nil, for not
        /// measured, where most recipients have no number.
        ///
        /// Nobody without a number can be found among the callers. Few such are left out; of
        /// most, the others would not stand for all: who scans a code keeps a number for longer.
        package var called: Int? = 0
    }

    package var reached = Side()
    package var heldOut = Side()
}

extension CallStore {
    /// Compares recipients with those held out, all from the first touch until the window's end.
    ///
    /// Calls by phone that came in, without those that are excluded: that we dialled a recipient
    /// says nothing of what the recipient did. Reads the campaign's recipients and their calls.
    package func holdoutFigures(
        _ campaign: CampaignID
    ) async throws(StoreError) -> HoldoutFigures {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select held_out, count(*), count(caller_key), sum(exists (
                        select 1 from call_parties join calls on calls.id = call_parties.call_id
                        join call_facts on call_facts.call_id = calls.id
                        where call_parties.caller_key = recipients.caller_key
                        and calls.started_unix >= opened and calls.started_unix < ended
                        and calls.direction is not 'outbound'
                        and call_facts.channel = 'phone' and call_facts.is_excluded = 0
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
                let recipients: Int = row[1]
                let withNumber: Int = row[2]
                let called: Int? = row[3]
                let side = HoldoutFigures.Side(
                    recipients: recipients,
                    withNumber: withNumber,
                    called: withNumber * 2 < recipients ? nil : called
                )
                if row[0] { figures.heldOut = side } else { figures.reached = side }
            }
            return figures
        }
    }
}
