import GRDB

/// Something that changed what figures say, on the day when it did.
package struct FigureNote: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Calls that were judged before were judged anew.
        case rescored

        /// Another version of the rules is in use for calls that are judged first after it.
        case rules
    }

    package var kind: Kind
    package var atMilliseconds: Int64

    /// In the report zone.
    package var day: LocalDay

    /// The rules' version; nil where the rules file is followed from then on.
    package var version: String?

    /// What the new judgement did; zeros where only the version changed.
    package var added: Int
    package var withdrawn: Int
    package var changed: Int

    package init(
        kind: Kind,
        atMilliseconds: Int64,
        day: LocalDay,
        version: String?,
        added: Int = 0,
        withdrawn: Int = 0,
        changed: Int = 0
    ) {
        self.kind = kind
        self.atMilliseconds = atMilliseconds
        self.day = day
        self.version = version
        self.added = added
        self.withdrawn = withdrawn
        self.changed = changed
    }

    /// One sentence for people.
    package var text: String {
        let rules = version.map { "version \($0.prefix(8)) of the rules" } ?? "the rules file"
        return switch kind {
        case .rules: "From here on \(rules) judges new calls."
        case .rescored:
            "Calls were judged anew by \(rules): \(added) became conversions, \(withdrawn) are "
                + "none any more, \(changed) changed."
        }
    }
}

extension FigureReading {
    /// Marks on charts, the last ones.
    static let notesMax = 50

    /// What changed the rules' word within the days of the scope, in order.
    ///
    /// A version counts from its activation; one of a rules file that is followed, from the first call
    /// that it judged, unless it has only run beside another.
    func notes() throws -> [FigureNote] {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select * from (
                        select 'rescored' as kind, coalesce(ended_ms, changed_ms) as at_ms, version,
                            added, withdrawn, changed
                        from rescores
                        where state <> 'running' and added + withdrawn + changed > 0
                        union all
                        select 'rules', at_ms, version, 0, 0, 0
                        from rule_pointers where role = 'active'
                        union all
                        select 'rules', first_used_ms, version, 0, 0, 0
                        from rule_versions
                        where version not in (
                            select version from rule_pointers where version is not null
                        ) and version not in (select version from rescores)
                        and first_used_ms > (select min(first_used_ms) from rule_versions)
                    )
                    order by at_ms desc, kind limit ?
                    """
            ),
            arguments: [Self.notesMax]
        )
        return try rows.reversed().compactMap { row in
            let at: Int64 = row["at_ms"]
            let day = LocalDay(
                unix: at / 1000,
                offsetSeconds: try Self.offset(at: at / 1000, in: database)
            )
            if let from = scope.from, day < from { return nil }
            if let to = scope.to, day > to { return nil }
            return FigureNote(
                kind: FigureNote.Kind(rawValue: row["kind"]) ?? .rules,
                atMilliseconds: at,
                day: day,
                version: row["version"],
                added: row["added"],
                withdrawn: row["withdrawn"],
                changed: row["changed"]
            )
        }
    }
}
