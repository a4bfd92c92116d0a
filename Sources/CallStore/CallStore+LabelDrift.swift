import GRDB

/// How often the rules in force and people differ, of the newest labels and of earlier ones.
package struct LabelDrift: Hashable, Sendable {
    package struct Side: Hashable, Sendable {
        package var labels: Int

        /// Labels that say other than the rules.
        package var differing: Int

        package init(labels: Int = 0, differing: Int = 0) {
            self.labels = labels
            self.differing = differing
        }
    }

    package var type: String
    package var newest: Side
    package var before: Side

    package init(type: String, newest: Side, before: Side) {
        self.type = type
        self.newest = newest
        self.before = before
    }
}

extension CallStore {
    /// How often labels differ from what the rules in force say of the same call, by type.
    ///
    /// Where a person cannot tell, or the rules do not know, nothing is compared. Reads every label.
    ///
    /// - Parameters:
    ///   - newest: Labels of a type that count as new.
    ///   - before: Labels before them to compare with, at most.
    /// - Returns: The types that have such labels, in the order of their names.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func labelDrifts(
        newest: Int,
        before: Int
    ) async throws(StoreError) -> [LabelDrift] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select type, sum(place <= :newest), sum(place <= :newest and differs),
                        sum(place > :newest), sum(place > :newest and differs)
                    from (
                        select labels.type, labels.label <> verdicts.outcome as differs,
                            row_number() over (
                                partition by labels.type
                                order by labels.labelled_ms desc, labels.call_id desc
                            ) as place
                        from labels
                        join conversions on conversions.call_id = labels.call_id
                        join verdicts on verdicts.call_id = labels.call_id
                            and verdicts.type = labels.type
                            and verdicts.rule_version = conversions.rule_version
                        where labels.label <> 'unknown' and verdicts.outcome <> 'unknown'
                    )
                    where place <= :newest + :before group by type order by type
                    """
            )
            return try Row.fetchAll(statement, arguments: ["newest": newest, "before": before])
                .map { row in
                    LabelDrift(
                        type: row[0],
                        newest: LabelDrift.Side(labels: row[1], differing: row[2]),
                        before: LabelDrift.Side(labels: row[3], differing: row[4])
                    )
                }
        }
    }
}
