import GRDB

extension StoreWriter {
    /// Puts a tag on a call; one that is a reason of exclusion counts the call apart, with the note.
    ///
    /// - Returns: Whether the call did not have it.
    /// - Throws: `StoreError.notFound` when there is no such call, `StoreError.rejected` when it has
    ///   as many tags as it can, or is excluded for another reason.
    @discardableResult
    package func tag(
        _ call: CallID,
        _ tag: CallTag,
        by person: String,
        note: String? = nil
    ) throws -> Bool {
        let tags = try CallReading.tags(of: call, in: database)
        guard !tags.contains(tag) else { return false }
        if let reason = tag.exclusion {
            // A call has one reason, and what somebody has said of it is not to be lost.
            let standing = try String.fetchOne(
                database.cachedStatement(
                    sql: "select reason from call_exclusions where call_id = ?"
                ),
                arguments: [call.number]
            )
            if let standing {
                throw StoreError.rejected(
                    reason: "call \(call) is excluded as \(standing) already; include it first"
                )
            }
            try exclude(call, for: reason, by: person, note: note)
            return true
        }
        _ = try CallReading.revision(of: call, in: database)
        guard tags.count(where: { $0.exclusion == nil }) < CallTag.perCallMax else {
            throw StoreError.rejected(reason: "a call has at most \(CallTag.perCallMax) tags")
        }
        try run(
            "insert into call_tags (call_id, tag, person, tagged_ms) values (?, ?, ?, ?)",
            [call.number, tag.text, person, nowMilliseconds]
        )
        // Without the word: it may be somebody's name, and nothing of that log is ever removed.
        try audit(AuditNote(actor: person, action: "call.tag", object: "call:\(call)"))
        return true
    }

    /// Takes a tag from a call; with the one that excludes it, the call counts again.
    ///
    /// - Returns: Whether the call had it.
    /// - Throws: `StoreError.notFound` when there is no such call.
    @discardableResult
    package func untag(_ call: CallID, _ tag: CallTag, by person: String) throws -> Bool {
        _ = try CallReading.revision(of: call, in: database)
        guard try CallReading.tags(of: call, in: database).contains(tag) else { return false }
        if tag.exclusion != nil { return try include(call, by: person) }
        try run("delete from call_tags where call_id = ? and tag = ?", [call.number, tag.text])
        try audit(AuditNote(actor: person, action: "call.untag", object: "call:\(call)"))
        return true
    }
}

extension CallStore {
    /// Tags that a choice of them shows.
    package static let tagsShownMax = 200

    /// The tags of a call, those that exclude it among them, in their order.
    package func tags(of call: CallID) async throws(StoreError) -> [CallTag] {
        try await read { try CallReading.tags(of: call, in: $0) }
    }

    /// Which of some calls have a tag.
    package func calls(
        _ calls: [CallID],
        with tag: CallTag
    ) async throws(StoreError) -> Set<CallID> {
        try await read { database in
            let found = try Int64.fetchSet(
                database,
                sql: """
                    select call_id from call_words
                    where call_id in (\(databaseQuestionMarks(count: calls.count))) and tag = ?
                    """,
                arguments: StatementArguments(calls.map(\.number)) + [tag.text]
            )
            return Set(found.map { CallID($0) })
        }
    }

    /// Tags that some call has, by the alphabet, and those that every store knows.
    package func tags() async throws(StoreError) -> [CallTag] {
        try await read { database in
            // From one to the next by the index: what all calls have is not looked through.
            let used = try String.fetchAll(
                database,
                sql: """
                    with recursive used (tag) as (
                        select min(tag) from call_tags
                        union all
                        select (select min(tag) from call_tags where tag > used.tag)
                        from used where tag is not null limit ?
                    )
                    select tag from used where tag is not null
                    """,
                arguments: [Self.tagsShownMax]
            )
            let known = ExclusionReason.allCases.map { CallTag(stored: $0.rawValue) }
                .filter { $0.exclusion != nil }
            return (used.map { CallTag(stored: $0) } + known).sorted()
        }
    }
}

extension CallReading {
    static func tags(of call: CallID, in database: Database) throws -> [CallTag] {
        try String.fetchAll(
            database.cachedStatement(
                sql: "select tag from call_words where call_id = ? order by tag"
            ),
            arguments: [call.number]
        )
        .map { CallTag(stored: $0) }
    }
}
