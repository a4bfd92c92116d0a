import GRDB

/// A caller some of whose calls no campaign is credited with.
package struct UnattributedCaller: Hashable, Sendable {
    /// The latest of them.
    package var call: CallID
    package var conversationID: String

    /// E.164 where there is one, else what was received: personal data.
    ///
    /// Nil when withheld.
    package var caller: String?
    package var callerClass: String?

    /// How many such calls; callers without a number are not told apart, each call is one.
    package var calls: Int
    package var lastUnix: Int64

    /// Why the latest is credited to nobody.
    package var reason: String

    /// What the latest's attribution has counted: who decides on it says that nobody was first.
    package var revision: Int64

    /// Where a page goes on.
    package var cursor: UnattributedCursor
}

/// Where a list of callers, the latest call first, goes on.
package struct UnattributedCursor: Hashable, Sendable {
    package var lastUnix: Int64

    /// The caller as the store tells callers apart; not a number.
    package var caller: String

    package init(lastUnix: Int64, caller: String) {
        self.lastUnix = lastUnix
        self.caller = caller
    }
}

/// How many calls are credited to nobody for one reason.
package struct UnattributedCount: Hashable, Sendable {
    package var reason: String
    package var calls: Int
}

extension CallStore {
    /// Callers with calls that wait for a person: decided, credited to nobody, and not pinned.
    ///
    /// Conversations without a phone leg are none.
    ///
    /// - Parameters:
    ///   - reason: Only calls that were not credited for this reason; nil for any.
    ///   - cursor: Goes on after it.
    ///   - limit: Most callers to return.
    ///   - workspace: Whose.
    /// - Returns: Callers, the one who called last first.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func unattributed(
        reason: String? = nil,
        after cursor: UnattributedCursor? = nil,
        limit: Int,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [UnattributedCaller] {
        try await read { database in
            // The other columns of a group are those of the row with the maximum.
            let statement = try database.cachedStatement(
                sql: """
                    select iif(
                            party.caller_key is null, 'call ' || calls.id, hex(party.caller_key)
                        ) as who,
                        max(calls.started_unix) as last_unix, count(*) as calls, calls.id as id,
                        calls.conversation_id as conversation, attributions.reason as reason,
                        attributions.revision as revision,
                        coalesce(party.e164, party.sip_user, nullif(party.raw, '')) as caller,
                        party.class as class
                    from attributions
                    join calls on calls.id = attributions.call_id
                    left join call_parties as party on party.call_id = calls.id
                    where attributions.campaign_id is null and calls.workspace = ?1
                    and attributions.method = 'none'
                    and coalesce(attributions.reason, '') <> 'no-phone'
                    and (?2 is null or attributions.reason = ?2)
                    group by who
                    having ?3 is null or (max(calls.started_unix), who) < (?3, ?4)
                    order by last_unix desc, who desc limit ?5
                    """
            )
            let arguments: StatementArguments = [
                workspace, reason, cursor?.lastUnix, cursor?.caller, limit,
            ]
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                let isWithheld = (row["class"] as String?) == "withheld"
                return UnattributedCaller(
                    call: CallID(row["id"]),
                    conversationID: row["conversation"],
                    caller: isWithheld ? nil : row["caller"],
                    callerClass: row["class"],
                    calls: row["calls"],
                    lastUnix: row["last_unix"],
                    reason: row["reason"] ?? "unknown",
                    revision: row["revision"],
                    cursor: UnattributedCursor(lastUnix: row["last_unix"], caller: row["who"])
                )
            }
        }
    }

    /// How many calls wait for a person, by reason, the most frequent first.
    package func unattributedCounts(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [UnattributedCount] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select coalesce(attributions.reason, 'unknown') as reason, count(*) as calls
                    from attributions join calls on calls.id = attributions.call_id
                    where attributions.campaign_id is null and calls.workspace = ?
                    and attributions.method = 'none'
                    and coalesce(attributions.reason, '') <> 'no-phone'
                    group by 1 order by 2 desc, 1
                    """
            )
            return try Row.fetchAll(statement, arguments: [workspace]).map {
                UnattributedCount(reason: $0["reason"], calls: $0["calls"])
            }
        }
    }

    /// How many of the newest calls without a credit wait for one, for a number beside a link.
    ///
    /// - Parameter limit: Calls without a credit that are looked at, chats among them.
    /// - Returns: How many wait, and whether there are no others.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func newestUnattributed(
        lookingAt limit: Int
    ) async throws(StoreError) -> (calls: Int, areAll: Bool) {
        try await read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        select count(*), coalesce(sum(
                            method = 'none' and coalesce(reason, '') <> 'no-phone'
                        ), 0)
                        from (
                            select method, reason from attributions
                            where campaign_id is null order by call_id desc limit ?
                        )
                        """
                ),
                arguments: [limit]
            )
            return (row?[1] ?? 0, (row?[0] ?? 0) < limit)
        }
    }

    /// Campaigns that other calls of a call's caller are credited with, the latest first.
    package func campaignsOfCaller(
        of call: CallID,
        limit: Int
    ) async throws(StoreError) -> [CampaignID] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select attributions.campaign_id
                    from call_parties as said
                    join call_parties as party on party.caller_key = said.caller_key
                    join attributions on attributions.call_id = party.call_id
                    join calls on calls.id = party.call_id
                    where said.call_id = ?1 and party.call_id <> ?1
                    and attributions.campaign_id is not null
                    group by attributions.campaign_id
                    order by max(calls.started_unix) desc limit ?2
                    """
            )
            return try Int64.fetchAll(statement, arguments: [call.number, limit])
                .map { CampaignID($0) }
        }
    }

    /// Whether a call is the first of its caller, as the store stands now.
    ///
    /// Read and never stored, so that an older call that arrives later changes the answer.
    ///
    /// - Parameters:
    ///   - call: Which call.
    ///   - lookBackDays: Only calls of so many days before it count; nil for all.
    /// - Returns: Nil when the caller has no number and so no earlier calls are known.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func isFirstTimeCaller(
        _ call: CallID,
        lookBackDays: Int? = nil
    ) async throws(StoreError) -> Bool? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select not exists (
                        select 1 from call_parties as other
                        join calls as earlier on earlier.id = other.call_id
                        where other.caller_key = party.caller_key
                        and earlier.workspace = calls.workspace
                        and (earlier.started_unix, earlier.id) < (calls.started_unix, calls.id)
                        and (?2 is null or earlier.started_unix >= calls.started_unix - ?2)
                    )
                    from calls join call_parties as party on party.call_id = calls.id
                    where calls.id = ?1 and party.caller_key is not null
                    """
            )
            let seconds = lookBackDays.map { Int64($0) * 24 * 60 * 60 }
            return try Bool.fetchOne(statement, arguments: [call.number, seconds])
        }
    }
}
