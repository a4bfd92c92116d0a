package import CallStore

/// What a `sync` job is to fetch.
package enum SyncArguments: JobArguments {
    /// The last hours up to now, and the calls that are not at their end: `{"window":"recent"}`.
    case recent

    /// Everything that started in the last so many seconds: `{"window":"48h"}`.
    case last(seconds: Int64)

    /// Everything that started in a range: `{"from":…,"to":…}`.
    case range(SyncRange)

    /// The next page of a walk that another job began.
    case page(SyncPage)

    /// One conversation: `{"conversation":"conv_…"}`.
    case conversation(CallIdentity)

    /// A webhook body of the inbox: `{"inbox":12}`.
    case inbox(InboxID)

    /// Deletes one conversation upstream, whose caller was erased: `{"erase":"conv_…"}`.
    case erase(CallIdentity)

    package static let kind = JobKind.sync

    /// The slice of a backfill that it works on.
    package var slice: SliceReference? {
        switch self {
        case .range(let range): range.slice
        case .page(let page): page.range.slice
        case .recent, .last, .conversation, .inbox, .erase: nil
        }
    }

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        let expected = "one of window, from and to, conversation, inbox, erase"
        let given = ["window", "from", "conversation", "inbox", "erase"].filter(fields.has)
        guard given.count == 1 else { throw .ambiguous(expected: expected) }
        if let window = try fields.text("window") {
            self = try Self.window(window)
        } else if let id = try fields.text("conversation") {
            let workspace = try fields.text("workspace") ?? CallIdentity.defaultWorkspace
            self = .conversation(CallIdentity(workspace: workspace, conversationID: id))
        } else if let id = try fields.text("erase") {
            let workspace = try fields.text("workspace") ?? CallIdentity.defaultWorkspace
            self = .erase(CallIdentity(workspace: workspace, conversationID: id))
        } else if let id = try fields.integer("inbox") {
            self = .inbox(InboxID(id))
        } else if let from = try fields.instant("from") {
            self = try Self.span(from: from, taking: &fields)
        } else {
            throw .ambiguous(expected: expected)
        }
    }

    package var fields: [String: StoredValue] {
        switch self {
        case .recent: ["window": .text("recent")]
        case .last(let seconds): ["window": .text("\(seconds)s")]
        case .range(let range): range.fields
        case .page(let page): page.fields
        case .conversation(let call):
            ["conversation": .text(call.conversationID), "workspace": .text(call.workspace)]
        case .inbox(let id): ["inbox": .integer(id.number)]
        case .erase(let call):
            ["erase": .text(call.conversationID), "workspace": .text(call.workspace)]
        }
    }

    /// Longest window in seconds: the upstream keeps two years by default.
    package static let windowSecondsMax: Int64 = 3 * 366 * 24 * 3600

    private static func window(_ text: String) throws(ArgumentsError) -> SyncArguments {
        if text == "recent" { return .recent }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 24 * 3600]
        if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            count > 0, count <= windowSecondsMax / unit
        {
            return .last(seconds: count * unit)
        }
        throw .malformed(field: "window", expected: "recent, or a length like 48h or 30d")
    }

    private static func span(
        from: Int64,
        taking fields: inout ArgumentFields
    ) throws(ArgumentsError) -> SyncArguments {
        guard let to = try fields.instant("to") else { throw .missing(field: "to") }
        guard from < to else { throw .malformed(field: "to", expected: "a time after from") }
        let range = SyncRange(
            fromUnix: from,
            toUnix: to,
            agentID: try fields.text("agent"),
            workspace: try fields.text("workspace") ?? CallIdentity.defaultWorkspace,
            slice: try slice(taking: &fields)
        )
        guard let walk = try fields.text("walk") else { return .range(range) }
        guard let number = try fields.integer("page"), number > 0, number < Int32.max else {
            throw .malformed(field: "page", expected: "the number of the page, from 1")
        }
        return .page(
            SyncPage(
                range: range,
                walk: walk,
                cursor: try fields.text("cursor"),
                number: Int(number),
                isPoll: try fields.flag("mark") ?? false,
                filterFromUnix: try fields.instant("filterFrom"),
                reachedUnix: try fields.instant("reached"),
                calls: Int(clamping: try fields.integer("calls") ?? 0),
                requests: Int(clamping: try fields.integer("requests") ?? 0)
            )
        )
    }

    private static func slice(
        taking fields: inout ArgumentFields
    ) throws(ArgumentsError) -> SliceReference? {
        guard let text = try fields.text("backfill") else { return nil }
        guard let backfill = BackfillID(text) else {
            throw .malformed(field: "backfill", expected: "a backfill's id")
        }
        guard let position = try fields.integer("slice"), position >= 0, position < Int32.max
        else { throw .malformed(field: "slice", expected: "the number of the slice, from 0") }
        return SliceReference(backfill: backfill, position: Int(position))
    }
}

/// A range of starts of calls, Unix seconds, from inclusive, to exclusive.
package struct SyncRange: Hashable, Sendable {
    package var fromUnix: Int64
    package var toUnix: Int64

    /// Only this agent's calls; nil for all.
    package var agentID: String?
    package var workspace: String

    /// The slice of a backfill that this is; nil for a range that somebody asked for alone.
    package var slice: SliceReference?

    package init(
        fromUnix: Int64,
        toUnix: Int64,
        agentID: String? = nil,
        workspace: String = CallIdentity.defaultWorkspace,
        slice: SliceReference? = nil
    ) {
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.agentID = agentID
        self.workspace = workspace
        self.slice = slice
    }

    var fields: [String: StoredValue] {
        var fields: [String: StoredValue] = [
            "from": .integer(fromUnix), "to": .integer(toUnix), "workspace": .text(workspace),
        ]
        if let agentID { fields["agent"] = .text(agentID) }
        if let slice {
            fields["backfill"] = .text(slice.backfill.text)
            fields["slice"] = .integer(Int64(slice.position))
        }
        return fields
    }
}

/// Where a walk through the upstream's pages goes on.
package struct SyncPage: Hashable, Sendable {
    package var range: SyncRange

    /// Names the walk in the store's cursors.
    package var walk: String

    /// The upstream's cursor, opaque; nil for the first page.
    package var cursor: String?

    /// The page's number, from 1: a walk has a limit.
    package var number: Int

    /// Whether the walk's end moves the mark of the last poll.
    package var isPoll: Bool

    /// The lower bound that the cursor was made with, where it is not the range's: a cursor is
    /// only good for the filters of its first page.
    package var filterFromUnix: Int64?

    /// Up to where the pages before have been read, Unix seconds: where to go on when the upstream
    /// takes the cursor no more.
    package var reachedUnix: Int64?

    /// Calls that the pages before have shown in the range, and requests that they have made.
    package var calls: Int
    package var requests: Int

    package init(
        range: SyncRange,
        walk: String,
        cursor: String?,
        number: Int,
        isPoll: Bool,
        filterFromUnix: Int64? = nil,
        reachedUnix: Int64? = nil,
        calls: Int = 0,
        requests: Int = 0
    ) {
        self.range = range
        self.walk = walk
        self.cursor = cursor
        self.number = number
        self.isPoll = isPoll
        self.filterFromUnix = filterFromUnix
        self.reachedUnix = reachedUnix
        self.calls = calls
        self.requests = requests
    }

    var fields: [String: StoredValue] {
        var fields = range.fields
        fields["walk"] = .text(walk)
        fields["page"] = .integer(Int64(number))
        fields["mark"] = .bool(isPoll)
        if let cursor { fields["cursor"] = .text(cursor) }
        if let filterFromUnix { fields["filterFrom"] = .integer(filterFromUnix) }
        if let reachedUnix { fields["reached"] = .integer(reachedUnix) }
        if calls > 0 { fields["calls"] = .integer(Int64(calls)) }
        if requests > 0 { fields["requests"] = .integer(Int64(requests)) }
        return fields
    }
}
