extension SimulatedUpstream {
    /// One page of the conversations' list.
    func list(_ query: Query) throws -> APIReply {
        let parsed = try ListQuery(query)
        let seed = world.settings.seed
        let cursor = try query.value("cursor").map { try Cursor($0, for: parsed, seed: seed) }
        faults.countListRequest()
        let now = now
        let profile = faults.profile
        if let cursor, Hostility.isExpired(cursor.index, profile, parsed, seed: seed) {
            faults.count("expired_cursor")
            throw InvalidParameter(
                name: "cursor",
                input: query.value("cursor") ?? "",
                type: "value_error",
                message: "Value error, the cursor has expired"
            )
        }
        var walk = Walk(parsed, from: cursor, in: world, at: now)
        if cursor != nil, Hostility.repeatsPage(faults.listRequests, profile, seed: seed) {
            faults.count("repeated_page")
            walk.stepBack(by: parsed.pageSize)
        }
        var items: [JSON] = []
        var last: Int?
        var hasMore = false
        while let index = walk.next() {
            guard let record = shown(index, parsed, at: now) else { continue }
            if items.count == parsed.pageSize {
                hasMore = true
                break
            }
            items.append(item(record, parsed))
            last = index
        }
        let next = hasMore ? last.map { Cursor(index: $0).text(for: parsed, seed: seed) } : nil
        return APIReply(
            200,
            [
                "conversations": .array(items), "next_cursor": JSON(next),
                "has_more": .bool(hasMore),
            ]
        )
    }

    /// The call if it stands in the list and meets every condition.
    private func shown(_ index: Int, _ query: ListQuery, at now: Int) -> CallRecord? {
        guard isListed(index), !world.isDeleted(index) else { return nil }
        let plan = world.planner.plan(index)
        for case .plan(let matches) in query.filters where !matches(plan, world) { return nil }
        let record = world.record(of: plan, at: now)
        for case .record(let matches) in query.filters where !matches(record) { return nil }
        return record
    }

    /// Whether a call has appeared in the list; some are held back when calls are inserted.
    func isListed(_ index: Int) -> Bool {
        guard faults.profile.has(.insertCalls), Hostility.isLate(index) else { return true }
        return faults.listRequests >= Hostility.appearsAfter(index)
    }

    private func item(_ record: CallRecord, _ query: ListQuery) -> JSON {
        let profile = faults.profile
        let index = record.plan.index
        if profile.has(.malformedRecords), Hostility.isMalformed(index) {
            faults.count("malformed_item")
        }
        let item = record.summary(query.options)
        return Hostility.dress(item, of: index, profile, seed: world.settings.seed)
    }
}

/// Steps through the indexes of the calls in a range of start times, in the order asked for.
private struct Walk {
    private var position: Int
    private let end: Int
    private let step: Int
    private let first: Int

    init(_ query: ListQuery, from cursor: Cursor?, in world: World, at now: Int) {
        let count = world.count(at: now)
        let low = query.after.map { min(count, world.planner.count(startedBy: $0 - 1)) } ?? 0
        let high = query.before.map { min(count, world.planner.count(startedBy: $0 - 1)) } ?? count
        if query.ascending {
            step = 1
            position = max(low, cursor.map { $0.index + 1 } ?? low)
            first = low
            end = max(high, position)
        } else {
            step = -1
            position = min(high - 1, cursor.map { $0.index - 1 } ?? high - 1)
            first = high - 1
            end = min(low - 1, position)
        }
    }

    /// Goes back over what was passed, to the beginning at most.
    mutating func stepBack(by count: Int) {
        position -= count * step
        position = step > 0 ? max(first, position) : min(first, position)
    }

    mutating func next() -> Int? {
        guard position != end else { return nil }
        defer { position += step }
        return position
    }
}
