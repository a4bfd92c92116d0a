import GRDB
package import JobQueue

extension CallStore {
    /// A page of the jobs that a query means, the latest change first.
    ///
    /// Jobs that were no plain success come from the index. Those that succeeded at once come from
    /// the ledger, when the query names an entity or asks for done jobs: by entity all of them,
    /// else the newest `JobIndexLimits.doneScanMax` are looked through.
    ///
    /// - Parameters:
    ///   - query: Which jobs.
    ///   - cursor: Where the page before ended.
    ///   - limit: Most jobs, 1 to 1,000.
    /// - Returns: The jobs, and where the next page begins.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func indexedJobs(
        _ query: JobQuery,
        after cursor: JobIndexCursor? = nil,
        limit: Int
    ) async throws(StoreError) -> JobIndexPage {
        let size = min(max(limit, 1), 1_000)
        return try await read { database in
            var found = try Self.indexRows(query, cursor, size + 1, in: database)
            if query.mayBePlain {
                found += try Self.ledgerRows(query, cursor, size + 1, in: database)
                found.sort {
                    ($1.changedMilliseconds, $1.id.text) < ($0.changedMilliseconds, $0.id.text)
                }
            }
            let page = Array(found.prefix(size))
            return JobIndexPage(jobs: page, next: found.count > size ? page.last?.cursor : nil)
        }
    }

    /// All that the store knows of a job.
    package func history(of id: JobID) async throws(StoreError) -> JobHistory {
        try await read { database in
            let done = try Row.fetchOne(
                database.cachedStatement(
                    sql: Self.ledgerColumns + " where job_id = ? and is_dropped is null"
                ),
                arguments: [id.text]
            )
            let indexed = try Row.fetchOne(
                database.cachedStatement(sql: Self.indexColumns + " where job_id = ?"),
                arguments: [id.text]
            )
            let outbox = try Row.fetchOne(
                database.cachedStatement(sql: "select * from outbox where job_id = ?"),
                arguments: [id.text]
            )
            return JobHistory(
                done: try done.map(Self.job),
                indexed: try indexed.map(Self.job),
                events: try Self.events(of: id, in: database),
                outbox: try outbox.map { try CallReading.outboxEntry($0) }
            )
        }
    }

    /// The names under which jobs about a conversation stand: its id, its call's, and those of its
    /// webhooks.
    package func entities(
        ofConversation id: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [String] {
        try await read { database in
            let calls = try Int64.fetchAll(
                database.cachedStatement(
                    sql: "select id from calls where workspace = ? and conversation_id = ?"
                ),
                arguments: [workspace, id]
            )
            let webhooks = try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        select id from inbox where conversation_id = ? order by id desc limit 100
                        """
                ),
                arguments: [id]
            )
            return [id] + calls.map { "call_\($0)" } + webhooks.map { "inbox_\($0)" }
        }
    }

    /// How jobs went lately, by kind; kinds of which the newest rows know nothing are left out.
    package func recentRuns() async throws(StoreError) -> [String: RecentRuns] {
        let now = ambient.nowMilliseconds
        return try await read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select kind, finished_ms, waited_ms, ran_ms from ledger
                        order by finished_ms desc limit ?
                        """
                ),
                arguments: [JobIndexLimits.recentRunsMax]
            )
            // When there are more rows in a minute than were read, they span less than one.
            let isCut = rows.count == JobIndexLimits.recentRunsMax
            let oldest: Int64 = rows.last?["finished_ms"] ?? now
            let span = min(60_000, isCut ? max(1, now - oldest) : 60_000)
            return Dictionary(grouping: rows) { (row: Row) -> String in row["kind"] }
                .mapValues { Self.runs($0, now: now, span: span) }
        }
    }

    private static func runs(_ rows: [Row], now: Int64, span: Int64) -> RecentRuns {
        var runs: [Int64] = []
        var waits: [Int64] = []
        var count = 0
        var last: Int64 = 0
        for row in rows {
            let finished: Int64 = row["finished_ms"]
            last = max(last, finished)
            if finished > now - span { count += 1 }
            if let ran: Int64 = row["ran_ms"] { runs.append(ran) }
            if let waited: Int64 = row["waited_ms"] { waits.append(waited) }
        }
        let mean = runs.isEmpty ? nil : Double(runs.reduce(0, +)) / Double(runs.count)
        return RecentRuns(
            perMinute: Double(count) * 60_000 / Double(span),
            meanRun: mean.map { .microseconds(Int64($0 * 1000)) },
            p95Run: percentile95(runs),
            p95Wait: percentile95(waits),
            lastMilliseconds: last
        )
    }

    private static func percentile95(_ milliseconds: [Int64]) -> Duration? {
        guard !milliseconds.isEmpty else { return nil }
        let index = (milliseconds.count * 95 + 99) / 100 - 1
        return .milliseconds(milliseconds.sorted()[index])
    }

    // MARK: Rows

    private static let indexColumns = """
        select job_id, kind, lane, state, entity, error_class, reason, attempt, failures, worker,
            fence, enqueued_ms, changed_ms, due_ms, null as ran_ms
        from job_index
        """

    private static let ledgerColumns = """
        select job_id, kind, null as lane, 'done' as state, entity, null as error_class,
            null as reason, attempt, 0 as failures, worker, fence, enqueued_ms,
            finished_ms as changed_ms, null as due_ms, ran_ms
        from ledger
        """

    private static func indexRows(
        _ query: JobQuery,
        _ cursor: JobIndexCursor?,
        _ limit: Int,
        in database: Database
    ) throws -> [IndexedJob] {
        var filter = RowFilter()
        filter.any("entity", of: query.entities)
        filter.any("state", of: query.states.map(\.rawValue).sorted())
        if let kind = query.kind { filter.add("kind = ?", [kind]) }
        if let word = query.errorClass { filter.add("error_class = ?", [word]) }
        if let text = query.reasonText { filter.add("instr(reason, ?) > 0", [text]) }
        filter.add(since: query.sinceMilliseconds, cursor, time: "changed_ms")
        let sql = "\(indexColumns) \(filter.sql) order by changed_ms desc, job_id desc limit ?"
        return try Row.fetchAll(
            database.cachedStatement(sql: sql),
            arguments: filter.arguments + [limit]
        )
        .map(job)
    }

    private static func ledgerRows(
        _ query: JobQuery,
        _ cursor: JobIndexCursor?,
        _ limit: Int,
        in database: Database
    ) throws -> [IndexedJob] {
        var filter = RowFilter()
        filter.any("entity", of: query.entities)
        filter.add("is_dropped is null", [])
        filter.add(since: query.sinceMilliseconds, cursor, time: "finished_ms")
        var rest = RowFilter()
        if let kind = query.kind { rest.add("kind = ?", [kind]) }
        rest.add(
            "not exists (select 1 from job_index where job_index.job_id = found.job_id)",
            []
        )
        let scan = query.entities.isEmpty ? JobIndexLimits.doneScanMax : -1
        let order = "order by changed_ms desc, job_id desc"
        let sql = """
            select * from (
                \(ledgerColumns) \(filter.sql) order by finished_ms desc, job_id desc limit ?
            ) as found \(rest.sql) \(order) limit ?
            """
        return try Row.fetchAll(
            database.cachedStatement(sql: sql),
            arguments: filter.arguments + [scan] + rest.arguments + [limit]
        )
        .map(job)
    }

    private static func events(of id: JobID, in database: Database) throws -> [JobMark] {
        let statement = try database.cachedStatement(
            sql: """
                select job_events.*, kind, lane, entity, enqueued_ms
                from job_events join job_index using (job_id)
                where job_id = ? order by position
                """
        )
        return try Row.fetchAll(statement, arguments: [id.text]).map { row in
            JobMark(
                id: id,
                kind: row["kind"],
                lane: Lane(rawValue: row["lane"]) ?? .std,
                event: JobMark.Event(rawValue: row["event"]) ?? .failed,
                entity: row["entity"],
                attempt: row["attempt"],
                worker: try (row["worker"] as String?).map { try WorkerID($0) },
                fence: row["fence"],
                person: row["person"],
                errorClass: row["error_class"],
                reason: row["reason"],
                enqueuedMilliseconds: row["enqueued_ms"],
                atMilliseconds: row["at_ms"],
                ranMilliseconds: row["ran_ms"],
                dueMilliseconds: row["due_ms"]
            )
        }
    }

    private static func job(_ row: Row) throws -> IndexedJob {
        IndexedJob(
            id: try JobID(row["job_id"]),
            kind: row["kind"],
            lane: (row["lane"] as String?).flatMap { Lane(rawValue: $0) },
            state: IndexedJobState(rawValue: row["state"]) ?? .done,
            entity: row["entity"],
            errorClass: row["error_class"],
            reason: row["reason"],
            attempt: row["attempt"],
            failures: row["failures"],
            worker: row["worker"],
            fence: row["fence"],
            enqueuedMilliseconds: row["enqueued_ms"],
            changedMilliseconds: row["changed_ms"],
            dueMilliseconds: row["due_ms"],
            ranMilliseconds: row["ran_ms"]
        )
    }
}

extension JobQuery {
    /// Whether jobs that succeeded at once can be among those that are meant.
    fileprivate var mayBePlain: Bool {
        errorClass == nil && reasonText == nil
            && (states.contains(.done) || states.isEmpty && !entities.isEmpty)
    }
}

/// Conditions of a statement and the values that they are bound to.
private struct RowFilter {
    private var conditions: [String] = []
    private(set) var arguments: StatementArguments = []

    var sql: String {
        conditions.isEmpty ? "" : "where " + conditions.joined(separator: " and ")
    }

    mutating func add(_ condition: String, _ values: StatementArguments) {
        conditions.append(condition)
        arguments += values
    }

    mutating func any(_ column: String, of values: [String]) {
        guard !values.isEmpty else { return }
        let marks = values.map { _ in "?" }.joined(separator: ", ")
        add("\(column) in (\(marks))", StatementArguments(values))
    }

    mutating func add(since moment: Int64?, _ cursor: JobIndexCursor?, time: String) {
        if let moment { add("\(time) >= ?", [moment]) }
        guard let cursor else { return }
        add("(\(time), job_id) < (?, ?)", [cursor.changedMilliseconds, cursor.id.text])
    }
}
