import GRDB

/// What is kept of a call's earlier state when the upstream changes it.
enum CallHistory {
    /// One value that is about to change.
    struct Correction {
        let field: String

        /// The value until now as JSON; null when there was none.
        let value: DatabaseValue
    }

    /// The columns whose earlier values are kept, by the name under which they are.
    private static let fields: [(column: String, field: String)] = [
        ("duration_seconds", "duration"), ("call_successful", "call-successful"),
        ("success_score", "success-score"), ("criteria", "criteria"), ("rating", "rating"),
    ]

    private static let columns: [(position: Int, name: String, field: String)] =
        fields.compactMap { pair in
            CallColumns.all.firstIndex { $0.name == pair.column }
                .map { ($0, pair.column, pair.field) }
        }

    /// What of a whole call a newer reading changes.
    ///
    /// `merged` has the values of `CallColumns.all` from now on; `turns` says how many there were
    /// until now, where others take their place.
    static func corrections(
        of stored: Row,
        by merged: [DatabaseValue],
        status: CallStatus,
        start: Int64,
        turns: Int?
    ) throws -> [Correction] {
        var corrections: [Correction] = []
        if CallStatus(stored["status"]) != status {
            corrections.append(Correction(field: "status", value: try json(stored["status"])))
        }
        if stored["started_unix"] != start {
            let before = try json(stored["started_unix"])
            corrections.append(Correction(field: "started", value: before))
        }
        for (position, name, field) in columns {
            let before: DatabaseValue = stored[name]
            guard before != merged[position] else { continue }
            guard name == "criteria" else {
                corrections.append(Correction(field: field, value: try json(before)))
                continue
            }
            let was = try results(before)
            let becomes = try results(merged[position])
            if was != becomes { corrections.append(Correction(field: field, value: was)) }
        }
        if let turns, turns > 0 {
            corrections.append(Correction(field: "transcript", value: "\(turns)".databaseValue))
        }
        return corrections
    }

    /// The results by id: rationales are words about a person.
    private static func results(_ column: DatabaseValue) throws -> DatabaseValue {
        let criteria = try StoredJSON.value(column, as: [CriterionResult].self)
        return try StoredJSON.column(
            criteria.map { criteria in
                Dictionary(criteria.map { ($0.id, $0.result) }, uniquingKeysWith: { $1 })
            }
        )
    }

    private static func json(_ value: DatabaseValue) throws -> DatabaseValue {
        switch value.storage {
        case .null, .blob: .null
        case .int64(let number): try StoredJSON.column(number)
        case .double(let number): try StoredJSON.column(number)
        case .string(let text): try StoredJSON.column(text)
        }
    }
}
