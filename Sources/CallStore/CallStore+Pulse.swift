import GRDB

/// What a monitor shows of the store, read in a moment from any size.
package struct StorePulse: Sendable, Equatable {
    /// When the oldest row of the outbox was made, Unix milliseconds.
    package var outboxOldestMilliseconds: Int64?

    /// Jobs that wait to be tried again after a failure, by kind.
    package var retrying: [String: Int]

    /// When polling and webhooks were last heard of, Unix milliseconds.
    package var lastPollMilliseconds: Int64?
    package var lastWebhookMilliseconds: Int64?

    /// Bytes of the file, the write-ahead log aside.
    package var bytes: Int64

    package init(
        outboxOldestMilliseconds: Int64? = nil,
        retrying: [String: Int] = [:],
        lastPollMilliseconds: Int64? = nil,
        lastWebhookMilliseconds: Int64? = nil,
        bytes: Int64 = 0
    ) {
        self.outboxOldestMilliseconds = outboxOldestMilliseconds
        self.retrying = retrying
        self.lastPollMilliseconds = lastPollMilliseconds
        self.lastWebhookMilliseconds = lastWebhookMilliseconds
        self.bytes = bytes
    }
}

/// Failures of one kind and class that happened lately.
package struct FailureGroup: Sendable, Equatable {
    package var kind: String
    package var errorClass: String

    /// The words of the latest.
    package var reason: String
    package var count: Int
    package var firstMilliseconds: Int64
    package var lastMilliseconds: Int64

    package init(
        kind: String,
        errorClass: String,
        reason: String,
        count: Int,
        firstMilliseconds: Int64,
        lastMilliseconds: Int64
    ) {
        self.kind = kind
        self.errorClass = errorClass
        self.reason = reason
        self.count = count
        self.firstMilliseconds = firstMilliseconds
        self.lastMilliseconds = lastMilliseconds
    }
}

extension CallStore {
    /// What a monitor shows of the store.
    package func pulse() async throws(StoreError) -> StorePulse {
        let now = ambient.nowMilliseconds
        return try await read { database in
            let retrying = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select kind, count(*) as jobs from job_index
                        where state = 'parked' and failures > 0 and due_ms > ? group by kind
                        """
                ),
                arguments: [now]
            )
            let pages = try Int64.fetchOne(database, sql: "pragma page_count") ?? 0
            let size = try Int64.fetchOne(database, sql: "pragma page_size") ?? 0
            let workspace = CallIdentity.defaultWorkspace
            return StorePulse(
                outboxOldestMilliseconds: try Int64.fetchOne(
                    database,
                    sql: "select min(created_ms) from outbox"
                ),
                retrying: Dictionary(
                    retrying.map { row in (row["kind"] as String, row["jobs"] as Int) },
                    uniquingKeysWith: +
                ),
                lastPollMilliseconds: try CallReading.mark(.lastPoll, workspace, in: database),
                lastWebhookMilliseconds: try CallReading.mark(
                    .lastWebhook,
                    workspace,
                    in: database
                ),
                bytes: pages * size
            )
        }
    }

    /// Failures since a moment, grouped, the latest first; made of the newest `limit` of them.
    package func recentFailures(
        since moment: Int64,
        limit: Int = 500
    ) async throws(StoreError) -> [FailureGroup] {
        try await read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select kind, error_class, reason, changed_ms from job_index
                        where changed_ms >= ? and error_class is not null
                        order by changed_ms desc limit ?
                        """
                ),
                arguments: [moment, limit]
            )
            var groups: [FailureGroup] = []
            for row in rows {
                let kind: String = row["kind"]
                let word: String = row["error_class"]
                let at: Int64 = row["changed_ms"]
                if let index = groups.firstIndex(where: {
                    $0.kind == kind && $0.errorClass == word
                }) {
                    groups[index].count += 1
                    groups[index].firstMilliseconds = at
                } else {
                    groups.append(
                        FailureGroup(
                            kind: kind,
                            errorClass: word,
                            reason: row["reason"] ?? "",
                            count: 1,
                            firstMilliseconds: at,
                            lastMilliseconds: at
                        )
                    )
                }
            }
            return groups
        }
    }
}
