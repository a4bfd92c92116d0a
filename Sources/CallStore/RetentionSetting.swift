import GRDB

/// A class of what is kept for a time that may be changed while the programs run.
package enum RetentionClass: String, Sendable, CaseIterable {
    /// Numbers of callers and of recipients.
    case numbers

    /// Transcripts and summaries.
    case transcripts

    /// List rows and details as they came.
    case rawBodies = "raw-bodies"

    /// Webhooks as they came.
    case webhooks

    /// Whether raw bodies of a call go with it, for they hold it, too.
    package var takesBodies: Bool {
        switch self {
        case .numbers, .transcripts: true
        case .rawBodies, .webhooks: false
        }
    }

    /// Whole days that may be said: a day, so that nobody clears everything by a slip, to ten years.
    package static let daysRange = 1...3_650

    /// What finds the rows that are older than `?1`, Unix seconds, up to `?2` of each kind.
    ///
    /// Calls of which nothing has gone yet are found by their start. Those that have lost the one
    /// but not the other are looked for among the first by their ids, as the nightly jobs go.
    fileprivate var dueSQL: [String] {
        func calls(_ finders: String...) -> String {
            finders.map { "select * from (\($0) limit ?2)" }.joined(separator: " union ")
                + " limit ?2"
        }
        func kept(_ condition: String) -> String {
            """
            select id from calls
            where withheld is null and started_unix < ?1 and exists (\(condition))
            """
        }
        func first(_ ids: String) -> String {
            """
            select calls.id from (\(ids) order by call_id limit ?2) as first
            cross join calls on calls.id = first.call_id where started_unix < ?1
            """
        }
        func bodies(_ condition: String) -> String {
            """
            select 1 from raw_bodies where \(condition) and received_ms < ?1 * 1000
            and unreadable_reason is null limit ?2
            """
        }
        return switch self {
        case .numbers:
            [
                calls(
                    kept("select 1 from call_parties where call_id = calls.id"),
                    first("select call_id from call_parties")
                ),
                """
                select 1 from recipients
                where raw is not null and created_ms < ?1 * 1000 and not exists (
                    select 1 from touches where recipient_id = recipients.id and at_unix >= ?1
                ) limit ?2
                """,
            ]
        case .transcripts:
            [
                calls(
                    """
                    select id from calls where started_unix < ?1
                    and (summary is not null or title is not null or collected is not null)
                    """,
                    kept("select 1 from turns where call_id = calls.id"),
                    first("select distinct call_id from turns")
                )
            ]
        case .rawBodies: [bodies("kind = 'list'"), bodies("kind = 'detail'")]
        case .webhooks:
            [
                bodies("kind = 'webhook'"),
                "select 1 from inbox where state = 'done' and settled_ms < ?1 * 1000 limit ?2",
            ]
        }
    }
}

/// How long somebody has said that a class stays.
package struct RetentionSetting: Hashable, Sendable {
    package var what: RetentionClass
    package var kept: Duration
    package var person: String
}

/// What became of saying how long a class stays.
package enum RetentionChange: Hashable, Sendable {
    case changed
    case unchanged

    /// It would stay for less long than now, which nobody has agreed to; nothing was changed.
    case wouldShorten
}

extension KeptPeriods {
    /// As it is shipped.
    package static let standard = KeptPeriods(
        rawBodies: .seconds(396 * 86_400),
        webhooks: .seconds(7 * 86_400),
        ledger: .seconds(45 * 86_400),
        numbers: .seconds(396 * 86_400),
        transcripts: .seconds(396 * 86_400)
    )

    /// How long a class stays by these periods.
    package subscript(_ what: RetentionClass) -> Duration {
        get {
            switch what {
            case .numbers: numbers
            case .transcripts: transcripts
            case .rawBodies: rawBodies
            case .webhooks: webhooks
            }
        }
        set {
            switch what {
            case .numbers: numbers = newValue
            case .transcripts: transcripts = newValue
            case .rawBodies: rawBodies = newValue
            case .webhooks: webhooks = newValue
            }
        }
    }

    /// The same, with what somebody has said otherwise.
    func changed(by settings: [RetentionSetting]) -> KeptPeriods {
        settings.reduce(into: self) { $0[$1.what] = $1.kept }
    }
}

extension CallStore {
    /// What somebody has said otherwise than the settings.
    package func retentionSettings() async throws(StoreError) -> [RetentionSetting] {
        try await read { try RetentionSetting.all(in: $0) }
    }

    /// How many rows of a class are older than it may stay, the oldest of them counted.
    ///
    /// - Parameters:
    ///   - what: The class.
    ///   - kept: How long it may stay.
    ///   - limit: Rows of each kind that are counted at most.
    /// - Returns: The count, and whether there may be more.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func due(
        _ what: RetentionClass,
        keptFor kept: Duration,
        limit: Int
    ) async throws(StoreError) -> (rows: Int, areAll: Bool) {
        let moment = ambient.nowMilliseconds / 1_000 - kept.components.seconds
        return try await read { database in
            let counts = try what.dueSQL.map { sql in
                try Int.fetchOne(
                    database.cachedStatement(sql: "select count(*) from (\(sql))"),
                    arguments: [moment, limit]
                ) ?? 0
            }
            return (counts.reduce(0, +), counts.allSatisfy { $0 < limit })
        }
    }
}

extension StoreWriter {
    /// Says how long a class stays; nil lets the settings say it again.
    ///
    /// - Parameters:
    ///   - kept: Nil, or a whole number of seconds above 0.
    ///   - what: The class.
    ///   - usual: How long it stays by the settings, for the audit log.
    ///   - person: Who says so.
    ///   - mayShorten: Whether somebody has agreed to a shorter period than the one that holds now.
    /// - Returns: What became of it.
    /// - Throws: Errors of the database.
    @discardableResult
    package func setRetention(
        _ kept: Duration?,
        of what: RetentionClass,
        usual: Duration,
        by person: String,
        mayShorten: Bool
    ) throws -> RetentionChange {
        let before = try RetentionSetting.all(in: database).first { $0.what == what }?.kept
        guard mayShorten || kept ?? usual >= before ?? usual else { return .wouldShorten }
        guard before != kept else { return .unchanged }
        if let kept {
            try run(
                """
                insert into retention_settings (class, seconds, person, changed_ms)
                values (?, ?, ?, ?)
                on conflict (class) do update set
                    seconds = excluded.seconds, person = excluded.person,
                    changed_ms = excluded.changed_ms
                """,
                [what.rawValue, kept.components.seconds, person, nowMilliseconds]
            )
        } else {
            try run("delete from retention_settings where class = ?", [what.rawValue])
        }
        func fields(_ kept: Duration) -> [String: StoredValue] {
            ["days": .integer(kept.components.seconds / 86_400)]
        }
        try audit(
            AuditNote(
                actor: person,
                action: "retention.set",
                object: "retention:\(what.rawValue)",
                before: fields(before ?? usual),
                after: fields(kept ?? usual)
            )
        )
        return .changed
    }
}

extension RetentionSetting {
    static func all(in database: Database) throws -> [RetentionSetting] {
        try Row.fetchAll(
            database.cachedStatement(sql: "select class, seconds, person from retention_settings")
        )
        .compactMap { row in
            RetentionClass(rawValue: row[0]).map {
                RetentionSetting(what: $0, kept: .seconds(row[1] as Int64), person: row[2])
            }
        }
    }
}
