import Foundation
import GRDB
package import PhoneNumbers

/// What the store knows of one caller.
package struct CallerOverview: Hashable, Sendable {
    /// The caller as the audit log names him, and the id of the secret behind that name.
    package var object: String
    package var keyID: String
    package var calls: Int
    package var firstStartedUnix: Int64?
    package var lastStartedUnix: Int64?
    package var durationSeconds: Int64
    package var conversions: Int
    package var isSuppressed: Bool

    /// Campaigns that his calls were credited to, with how many.
    package var credits: [Credit]
    package var recipients: [CallerRecipient]

    package struct Credit: Hashable, Sendable {
        package var name: String
        package var calls: Int
    }
}

/// A row of a recipients list with a caller's number.
package struct CallerRecipient: Hashable, Sendable {
    package var campaign: String
    package var reference: String
    package var name: String?
    package var touches: [Touch]
}

extension CallStore {
    /// What the store knows of a caller, in one consistent look.
    ///
    /// - Throws: `StoreError.rejected` when the store was opened without the phone key.
    package func caller(_ caller: CallerIdentity) async throws(StoreError) -> CallerOverview {
        guard let ring = privacy.ring() else {
            throw .rejected(reason: "the store was opened without the phone key")
        }
        return try await read { database in
            let totals = try Row.fetchOne(
                database,
                sql: """
                    select count(*) as calls, min(started_unix) as first, max(started_unix) as last,
                        coalesce(sum(duration_seconds), 0) as seconds,
                        coalesce(sum(conversions.outcome = 'yes' and conversions.is_counted), 0) as conversions
                    from call_parties join calls on calls.id = call_parties.call_id
                    left join conversions on conversions.call_id = calls.id
                    where call_parties.\(caller.column) = ?
                    """,
                arguments: [caller.text]
            )
            let credits = try Row.fetchAll(
                database,
                sql: """
                    select campaigns.name as name, count(*) as calls
                    from call_parties join attributions using (call_id)
                    join campaigns on campaigns.id = attributions.campaign_id
                    where call_parties.\(caller.column) = ? group by campaigns.id order by campaigns.id
                    """,
                arguments: [caller.text]
            )
            let suppressed = try ring.callerKeys(of: caller).contains { key in
                try Bool.fetchOne(
                    database,
                    sql: "select exists (select 1 from suppressions where caller_key = ?)",
                    arguments: [key]
                ) ?? false
            }
            return CallerOverview(
                object: AuditObject.caller(ring.current.callerKey(of: caller)),
                keyID: ring.current.id,
                calls: totals?["calls"] ?? 0,
                firstStartedUnix: totals?["first"],
                lastStartedUnix: totals?["last"],
                durationSeconds: totals?["seconds"] ?? 0,
                conversions: totals?["conversions"] ?? 0,
                isSuppressed: suppressed,
                credits: credits.map {
                    CallerOverview.Credit(name: $0["name"], calls: $0["calls"])
                },
                recipients: try Self.recipients(who: caller, in: database)
            )
        }
    }

    private static func recipients(
        who caller: CallerIdentity,
        in database: Database
    ) throws -> [CallerRecipient] {
        try Row.fetchAll(
            database,
            sql: """
                select recipients.id, campaigns.name as campaign, reference, recipients.name
                from recipients join campaigns on campaigns.id = recipients.campaign_id
                where \(caller.column) = ? order by recipients.id limit 1000
                """,
            arguments: [caller.text]
        ).map { row in
            CallerRecipient(
                campaign: row["campaign"],
                reference: row["reference"],
                name: row["name"],
                touches: try CallReading.touches(of: row["id"], in: database)
            )
        }
    }

    /// A page of a caller's calls, whole, in the order of ids.
    package func calls(
        of caller: CallerIdentity,
        after id: CallID?,
        limit: Int
    ) async throws(StoreError) -> [Call] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select calls.* from call_parties join calls on calls.id = call_parties.call_id
                    where \(caller.column) = ? and calls.id > ? order by calls.id limit ?
                    """,
                arguments: [caller.text, id?.number ?? 0, limit]
            ).map { try CallReading.call($0, in: database) }
        }
    }

    /// Who was given data that may name a caller; see `ErasureReport.sentTo`.
    package func dataRecipients(
        of caller: CallerIdentity
    ) async throws(StoreError) -> [DataRecipient] {
        guard let ring = privacy.ring() else {
            throw .rejected(reason: "the store was opened without the phone key")
        }
        let key = ring.current.callerKey(of: caller)
        return try await read { database in
            try CallReading.dataRecipients(
                of: caller,
                object: AuditObject.caller(key),
                in: database
            )
        }
    }
}

extension CallerIdentity {
    /// Where parties and recipients have it.
    var column: String {
        switch self {
        case .number: "e164"
        case .sip: "sip_user"
        }
    }
}
