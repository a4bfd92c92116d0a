import GRDB

/// Calls that are to be looked through for how they went, in the order of their ids.
package struct CourseSpan: Hashable, Sendable {
    /// The last call before it.
    var after: Int64

    /// Its last call.
    var last: Int64
}

extension CallStore {
    /// The next calls that were there before it was kept how calls go; nil when all are done.
    package func unfilledCourses(limit: Int) async throws(StoreError) -> CourseSpan? {
        try await read { database in
            guard let state = try CourseSpan.left(in: database) else { return nil }
            let last = try Int64.fetchOne(
                database,
                sql: "select id from calls where id > ? and id <= ? order by id limit 1 offset ?",
                arguments: [state.after, state.last, limit - 1]
            )
            return CourseSpan(after: state.after, last: last ?? state.last)
        }
    }

    /// The newest body of each call whose answers are not known: its detail, else its webhook.
    package func courseBodies(
        of span: CourseSpan
    ) async throws(StoreError) -> [(call: CallID, body: RawBody)] {
        let calls = try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select id, workspace, conversation_id from calls
                    where id > ? and id <= ? and has_detail = 1 and response_ms is null
                    """,
                arguments: [span.after, span.last]
            )
            .map { row in
                (
                    call: CallID(row["id"]),
                    identity: CallIdentity(
                        workspace: row["workspace"],
                        conversationID: row["conversation_id"]
                    )
                )
            }
        }
        var bodies: [(call: CallID, body: RawBody)] = []
        for (call, identity) in calls {
            var body = try await rawBody(.detail, of: identity)
            if body == nil { body = try await rawBody(.webhook, of: identity) }
            if let body { bodies.append((call, body)) }
        }
        return bodies
    }
}

extension StoreWriter {
    /// Adds to calls how they went: interruptions by their turns, and the answers given.
    ///
    /// What a reading has brought meanwhile stays.
    ///
    /// - Parameters:
    ///   - span: The calls; one that others have been through since changes nothing.
    ///   - responses: How long the agent took for each answer, in milliseconds.
    /// - Returns: Whether more calls are left.
    /// - Throws: Errors of the database.
    package func fillCourses(of span: CourseSpan, responses: [CallID: [Int]]) throws -> Bool {
        guard let left = try CourseSpan.left(in: database) else { return false }
        guard left.after == span.after else { return true }
        try run(
            """
            update calls set interruptions = (
                select count(*) filter (where speaker = 'agent' and was_interrupted = 1)
                from turns where call_id = calls.id
            )
            where id > ? and id <= ? and interruptions is null
            and exists (select 1 from turns where call_id = calls.id)
            """,
            [span.after, span.last]
        )
        for (call, times) in responses {
            try run(
                "update calls set response_ms = ? where id = ? and response_ms is null",
                [try StoredJSON.text(times), call.number]
            )
        }
        try run("update call_courses_state set filled_to = ?", [span.last])
        return span.last < left.last
    }
}

extension CourseSpan {
    /// What no job has looked through yet; nil when nothing is left.
    fileprivate static func left(in database: Database) throws -> CourseSpan? {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "select filled_to, filled_end from call_courses_state")
        )
        guard let row else { return nil }
        let span = CourseSpan(after: row[0], last: row[1])
        return span.after < span.last ? span : nil
    }
}
