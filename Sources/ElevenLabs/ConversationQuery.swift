/// Which conversations a list is to have, in which order.
package struct ConversationQuery: Sendable, Equatable {
    package enum Order: String, Sendable, Equatable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// Goes on where a page ended; the other fields must be the same as for that page.
    package var cursor: String?

    /// 1 to `ElevenLabsLimits.pageSizeMax`.
    package var pageSize: Int

    /// By start time; newest first by default, as the upstream does.
    package var order: Order
    package var agentID: String?

    /// Bounds on the start in Unix seconds; whether they are inclusive is not known, so let
    /// windows overlap.
    package var startedAfterUnix: Int64?
    package var startedBeforeUnix: Int64?
    package var excludedStatuses: [ConversationStatus]

    /// Whether rows have their summary; part of the fingerprint, so always ask alike.
    package var includesSummaries: Bool

    package init(
        cursor: String? = nil,
        pageSize: Int = ElevenLabsLimits.pageSizeMax,
        order: Order = .descending,
        agentID: String? = nil,
        startedAfterUnix: Int64? = nil,
        startedBeforeUnix: Int64? = nil,
        excludedStatuses: [ConversationStatus] = [],
        includesSummaries: Bool = true
    ) {
        self.cursor = cursor
        self.pageSize = pageSize
        self.order = order
        self.agentID = agentID
        self.startedAfterUnix = startedAfterUnix
        self.startedBeforeUnix = startedBeforeUnix
        self.excludedStatuses = excludedStatuses
        self.includesSummaries = includesSummaries
    }

    var items: [(String, String)] {
        precondition(
            (1...ElevenLabsLimits.pageSizeMax).contains(pageSize),
            "A page has 1 to 100 rows."
        )
        var items = [
            ("page_size", String(pageSize)), ("sort_direction", order.rawValue),
            ("summary_mode", includesSummaries ? "include" : "exclude"),
        ]
        if let cursor { items.append(("cursor", cursor)) }
        if let agentID { items.append(("agent_id", agentID)) }
        if let startedAfterUnix {
            items.append(("call_start_after_unix", String(startedAfterUnix)))
        }
        if let startedBeforeUnix {
            items.append(("call_start_before_unix", String(startedBeforeUnix)))
        }
        return items + excludedStatuses.map { ("exclude_statuses", $0.rawValue) }
    }
}

/// A page of the conversation list.
package struct ConversationPage: Sendable, Equatable {
    /// The rows in the upstream's order.
    package var rows: [ConversationRow]

    /// Pass it to get the next page; nil after the last.
    package var nextCursor: String?
    package var requestID: String?

    package init(rows: [ConversationRow], nextCursor: String?, requestID: String? = nil) {
        self.rows = rows
        self.nextCursor = nextCursor
        self.requestID = requestID
    }
}

/// One row of a page.
package enum ConversationRow: Sendable, Equatable {
    case readable(ConversationSummary)

    /// Kept byte by byte, with the id where at least that could be read.
    case unreadable(RecordError, id: String?, raw: [UInt8])
}

/// A detail with the bytes it was read from.
package struct FetchedConversation: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case readable(ConversationDetail)
        case unreadable(RecordError)
    }

    package var content: Content

    /// The body as received, after decompression.
    package var raw: [UInt8]
    package var requestID: String?

    package init(content: Content, raw: [UInt8], requestID: String? = nil) {
        self.content = content
        self.raw = raw
        self.requestID = requestID
    }
}
