package import CallStore

/// Which calls an `attribution` or a `conversion` job is about.
package enum CallSelection: Hashable, Sendable {
    /// These calls: `{"call":12}` or `{"calls":[12,13]}`.
    case calls([CallID])

    /// Whatever is still open, in the order of ids: `{"sweep":"open"}`.
    case open(after: CallID?)

    /// Every call that started in a range, decided anew: `{"from":…,"to":…}`, Unix seconds, from
    /// inclusive, to exclusive.
    case range(fromUnix: Int64, toUnix: Int64, after: CallID?)

    init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        let expected = "one of call, calls, sweep, from and to"
        let given = ["call", "calls", "sweep", "from"].filter(fields.has)
        guard given.count == 1 else { throw .ambiguous(expected: expected) }
        if let id = try fields.integer("call") {
            self = .calls([CallID(id)])
        } else if let ids = try fields.ids("calls", limit: callsPerJobMax) {
            self = .calls(ids.map { CallID($0) })
        } else if let sweep = try fields.text("sweep") {
            guard sweep == "open" else { throw .malformed(field: "sweep", expected: "open") }
            self = .open(after: try fields.integer("after").map { CallID($0) })
        } else if let from = try fields.instant("from") {
            guard let to = try fields.instant("to") else { throw .missing(field: "to") }
            guard from < to else { throw .malformed(field: "to", expected: "a time after from") }
            let after = try fields.integer("after").map { CallID($0) }
            self = .range(fromUnix: from, toUnix: to, after: after)
        } else {
            throw .ambiguous(expected: expected)
        }
    }

    var fields: [String: StoredValue] {
        var fields: [String: StoredValue] = [:]
        switch self {
        case .calls(let ids) where ids.count == 1:
            for id in ids { fields["call"] = .integer(id.number) }
        case .calls(let ids):
            fields["calls"] = .list(ids.map { .integer($0.number) })
        case .open(let after):
            fields["sweep"] = .text("open")
            if let after { fields["after"] = .integer(after.number) }
        case .range(let from, let to, let after):
            fields["from"] = .integer(from)
            fields["to"] = .integer(to)
            if let after { fields["after"] = .integer(after.number) }
        }
        return fields
    }
}

/// Which calls are to be credited to campaigns.
package struct AttributionArguments: JobArguments {
    package var selection: CallSelection

    package init(_ selection: CallSelection) {
        self.selection = selection
    }

    package static let kind = JobKind.attribution

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        selection = try CallSelection(taking: &fields)
    }

    package var fields: [String: StoredValue] { selection.fields }
}

/// Which calls are to be judged by the conversion rules.
package enum ConversionArguments: JobArguments {
    /// By the version in use, or by the one that judged them before.
    case selection(CallSelection)

    /// The next batch of a scoring anew: `{"rescore":"rs-…"}`.
    case rescore(RescoreID)

    package init(_ selection: CallSelection) {
        self = .selection(selection)
    }

    package static let kind = JobKind.conversion

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        guard let text = try fields.text("rescore") else {
            self = .selection(try CallSelection(taking: &fields))
            return
        }
        guard let id = RescoreID(text) else {
            throw .malformed(field: "rescore", expected: "the id of a scoring anew")
        }
        self = .rescore(id)
    }

    package var fields: [String: StoredValue] {
        switch self {
        case .selection(let selection): selection.fields
        case .rescore(let id): ["rescore": .text(id.text)]
        }
    }
}
