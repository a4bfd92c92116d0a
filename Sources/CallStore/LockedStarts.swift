import GRDB

/// Starts of calls in months that somebody has reported and closed: what was counted in them stays.
package struct LockedStarts: Hashable, Sendable {
    private struct Range: Hashable {
        var workspace: String
        var fromUnix: Int64
        var toUnix: Int64
    }

    private let ranges: [Range]

    /// None.
    package init() {
        ranges = []
    }

    init(in database: Database) throws {
        ranges = try Row.fetchAll(
            database,
            sql: "select workspace, from_unix, to_unix from closed_months order by from_unix"
        ).map { row in
            Range(workspace: row["workspace"], fromUnix: row["from_unix"], toUnix: row["to_unix"])
        }
    }

    package func contains(_ record: CallRecord) -> Bool {
        guard let started = record.startedUnix else { return false }
        return ranges.contains { range in
            range.workspace == record.identity.workspace && range.fromUnix <= started
                && started < range.toUnix
        }
    }
}

extension CallStore {
    /// The closed months as they stand now.
    package func lockedStarts() async throws(StoreError) -> LockedStarts {
        try await read { try LockedStarts(in: $0) }
    }
}

extension StoreWriter {
    /// The closed months as this transaction sees them.
    package func lockedStarts() throws -> LockedStarts {
        try LockedStarts(in: database)
    }
}
