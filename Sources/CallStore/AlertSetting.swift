import GRDB

/// How a person has set one rule of the alerts.
package struct AlertSetting: Hashable, Sendable {
    package var rule: String
    package var isOn: Bool

    /// From where on it fires, in the rule's own unit; nil for the standard.
    package var threshold: Double?
    package var person: String

    package init(rule: String, isOn: Bool, threshold: Double?, person: String) {
        self.rule = rule
        self.isOn = isOn
        self.threshold = threshold
        self.person = person
    }

    fileprivate var fields: [String: StoredValue] {
        ["on": .bool(isOn), "threshold": threshold.map { .number($0) } ?? .null]
    }
}

extension CallStore {
    /// The rules of the alerts that were set otherwise than they are, by name.
    package func alertSettings() async throws(StoreError) -> [AlertSetting] {
        try await read { try AlertSetting.all(in: $0) }
    }
}

extension StoreWriter {
    /// Sets a rule of the alerts; one that is off is not looked at, and forgets where it stood.
    package func set(_ setting: AlertSetting) throws {
        let before = try AlertSetting.all(in: database).first { $0.rule == setting.rule }
        try run(
            """
            insert into alert_settings (rule, is_on, threshold, person, changed_ms)
            values (?, ?, ?, ?, ?)
            on conflict (rule) do update set
                is_on = excluded.is_on, threshold = excluded.threshold,
                person = excluded.person, changed_ms = excluded.changed_ms
            """,
            [
                setting.rule, setting.isOn, setting.threshold, setting.person,
                nowMilliseconds,
            ]
        )
        if !setting.isOn { try run("delete from alert_states where rule = ?", [setting.rule]) }
        try audit(
            AuditNote(
                actor: setting.person,
                action: "alert.set",
                object: "alert:\(setting.rule)",
                before: before?.fields,
                after: setting.fields
            )
        )
    }

    /// Lets a rule of the alerts be as it is again.
    ///
    /// - Returns: Whether it was set otherwise.
    /// - Throws: Errors of the database.
    @discardableResult
    package func resetAlert(_ rule: String, by person: String) throws -> Bool {
        let before = try AlertSetting.all(in: database).first { $0.rule == rule }
        guard let before else { return false }
        try run("delete from alert_settings where rule = ?", [rule])
        try audit(
            AuditNote(
                actor: person,
                action: "alert.reset",
                object: "alert:\(rule)",
                before: before.fields
            )
        )
        return true
    }
}

extension AlertSetting {
    fileprivate static func all(in database: Database) throws -> [AlertSetting] {
        let statement = try database.cachedStatement(
            sql: "select * from alert_settings order by rule"
        )
        return try Row.fetchAll(statement).map { row in
            AlertSetting(
                rule: row["rule"],
                isOn: row["is_on"],
                threshold: row["threshold"],
                person: row["person"]
            )
        }
    }
}
