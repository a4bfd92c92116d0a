import GRDB

extension CallStore {
    /// Calls that a search looks through for one page; the next page goes on behind them.
    package static let searchedMax = 20_000

    /// A page of calls.
    ///
    /// A search for common words alone asks each call, so it looks through a bounded number of calls
    /// at a time: its pages may hold fewer calls than asked for, or none, and still have a next one.
    ///
    /// - Parameters:
    ///   - filter: Which calls.
    ///   - order: Newest or oldest first.
    ///   - cursor: Goes on after it.
    ///   - limit: Most calls to return.
    /// - Returns: The page.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func calls(
        _ filter: CallFilter,
        order: CallOrder = .newest,
        after cursor: CallCursor? = nil,
        limit: Int
    ) async throws(StoreError) -> CallPage {
        try await read { database in
            let sql = ListOrder(order)
            let search = try SearchCondition(of: filter, in: database)
            var looked = FilterClause(filter, search: nil)
            if let cursor { looked.add("\(sql.key) \(sql.after) (?, ?)", cursor.values) }
            var end: CallCursor?
            var among: ClosedRange<Int64>?
            if let search, !search.isNarrow {
                end = try Self.call(at: Self.searchedMax - 1, of: looked, order, in: database)
                if let end { looked.add("\(sql.key) \(sql.until) (?, ?)", end.values) }
                among = try Self.ids(of: looked, in: database)
            }
            var clause = FilterClause(filter, search: search, among: among)
            if let cursor { clause.add("\(sql.key) \(sql.after) (?, ?)", cursor.values) }
            if let end { clause.add("\(sql.key) \(sql.until) (?, ?)", end.values) }
            // Only keys are put in order: whole rows would be carried through the sorter.
            let ids = try Int64.fetchAll(
                database,
                sql: """
                    select calls.id from calls
                    \(clause.isOfCallsAlone ? "" : CallSummary.joins) \(clause.sql)
                    \(sql.order) limit ?
                    """,
                arguments: clause.arguments + [limit]
            )
            let rows = try Row.fetchAll(
                database,
                sql: """
                    \(CallSummary.select)
                    where calls.id in (\(databaseQuestionMarks(count: ids.count))) \(sql.order)
                    """,
                arguments: StatementArguments(ids)
            )
            let calls = try rows.map(CallSummary.init(row:))
            let next = calls.count < limit ? end : calls.last.map(CallCursor.init(after:))
            return CallPage(calls: calls, next: next)
        }
    }

    /// The smallest and the largest id of a filter's calls; nil when there are none.
    static func ids(
        of clause: FilterClause,
        in database: Database
    ) throws -> ClosedRange<Int64>? {
        let row = try Row.fetchOne(
            database,
            sql: """
                select min(calls.id) as first, max(calls.id) as last from calls
                \(clause.isOfCallsAlone ? "" : CallSummary.joins) \(clause.sql)
                """,
            arguments: clause.arguments
        )
        guard let row, let first: Int64 = row["first"], let last: Int64 = row["last"] else {
            return nil
        }
        return first...last
    }

    /// The call at a place of a list, counted from 0; nil when it has fewer.
    static func call(
        at place: Int,
        of clause: FilterClause,
        _ order: CallOrder = .newest,
        in database: Database
    ) throws -> CallCursor? {
        let joins = clause.isOfCallsAlone ? "" : CallSummary.joins
        return try Row.fetchOne(
            database,
            sql: """
                select calls.started_unix, calls.id from calls \(joins) \(clause.sql)
                \(ListOrder(order).order) limit 1 offset ?
                """,
            arguments: clause.arguments + [place]
        )
        .map { CallCursor(startedUnix: $0["started_unix"], id: CallID($0["id"])) }
    }
}

/// The order of a list, in SQL.
private struct ListOrder {
    let key = "(calls.started_unix, calls.id)"
    let after: String
    let until: String
    let order: String

    init(_ order: CallOrder) {
        switch order {
        case .newest: (after, until) = ("<", ">=")
        case .oldest: (after, until) = (">", "<=")
        }
        let way = order == .newest ? "desc" : "asc"
        self.order = "order by calls.started_unix \(way), calls.id \(way)"
    }
}

extension CallCursor {
    init(after call: CallSummary) {
        self.init(startedUnix: call.startedUnix, id: call.id)
    }

    var values: StatementArguments { [startedUnix, id.number] }
}

extension CallSummary {
    static let joins = """
        left join call_parties on call_parties.call_id = calls.id
        left join attributions on attributions.call_id = calls.id
        left join campaigns on campaigns.id = attributions.campaign_id
        left join conversions on conversions.call_id = calls.id
        """

    static let select = """
        select calls.id, calls.conversation_id, calls.workspace, calls.agent_id,
            calls.agent_name, calls.status, calls.started_unix, calls.duration_seconds,
            calls.channel, calls.direction, calls.call_successful, calls.language,
            coalesce(calls.agent_number_e164, calls.agent_number_raw) as agent_number,
            coalesce(call_parties.e164, nullif(call_parties.raw, '')) as caller,
            call_parties.class as caller_class,
            attributions.campaign_id, attributions.recipient_id, attributions.method,
            campaigns.name as campaign_name,
            exists (select 1 from manual_pins where call_id = calls.id) as is_pinned,
            conversions.outcome, conversions.type, calls.message_count, calls.rating,
            calls.sentiment, calls.cost_credits, calls.title, calls.summary,
            exists (select 1 from call_exclusions where call_id = calls.id)
                or coalesce(calls.initiation_source, '') = 'template_preview' as is_excluded,
            (
                select json_group_array(tag)
                from (select tag from call_words where call_id = calls.id order by tag)
            ) as tags
        from calls
        \(joins)
        """

    init(row: Row) throws {
        self.init(
            id: CallID(row["id"]),
            conversationID: row["conversation_id"],
            workspace: row["workspace"],
            agentID: row["agent_id"],
            agentName: row["agent_name"],
            status: CallStatus(row["status"]),
            startedUnix: row["started_unix"],
            durationSeconds: row["duration_seconds"],
            channel: (row["channel"] as String?).flatMap { CallChannel(rawValue: $0) },
            direction: (row["direction"] as String?).flatMap { CallDirection(rawValue: $0) },
            agentNumber: row["agent_number"],
            caller: row["caller"],
            callerClass: row["caller_class"],
            callSuccessful: row["call_successful"],
            language: row["language"],
            campaignID: (row["campaign_id"] as Int64?).map { CampaignID($0) },
            campaignName: row["campaign_name"],
            recipientID: (row["recipient_id"] as Int64?).map { RecipientID($0) },
            method: (row["method"] as String?).flatMap { AttributionMethod(rawValue: $0) },
            isPinned: row["is_pinned"],
            conversion: (row["outcome"] as String?).flatMap { Ternary(rawValue: $0) },
            conversionType: row["type"],
            messages: row["message_count"],
            rating: row["rating"],
            sentiment: row["sentiment"],
            costCredits: row["cost_credits"],
            title: row["title"],
            summary: row["summary"],
            isExcluded: row["is_excluded"],
            tags: try StoredJSON.value(row["tags"], as: [CallTag].self) ?? []
        )
    }
}
