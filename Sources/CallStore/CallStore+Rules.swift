import GRDB

extension CallStore {
    /// The newest pointer of each role that was ever set.
    package func rulePointers() async throws(StoreError) -> [RuleRole: RulePointer] {
        try await read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select * from rule_pointers
                        where id in (select max(id) from rule_pointers group by role)
                        """
                )
            )
            let pointers = rows.compactMap(CallReading.rulePointer)
            return Dictionary(pointers.map { ($0.role, $0) }) { first, _ in first }
        }
    }

    /// What was made active or shadow, the newest first.
    package func rulePointerHistory(limit: Int) async throws(StoreError) -> [RulePointer] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "select * from rule_pointers order by id desc limit ?",
                arguments: [limit]
            ).compactMap(CallReading.rulePointer)
        }
    }

    /// One version with its text; nil when the store has never seen it.
    package func ruleVersion(_ version: String) async throws(StoreError) -> RuleVersion? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select rule_versions.*, rule_lexicons.words from rule_versions
                    left join rule_lexicons on rule_lexicons.digest = rule_versions.lexicon
                    where version = ?
                    """
            )
            guard let row = try Row.fetchOne(statement, arguments: [version]) else { return nil }
            var source: RuleVersion.Source?
            if let text = row["source"] as String?, let words = row["words"] as String?,
                let form = (row["form"] as String?).flatMap({ RuleVersion.Form(rawValue: $0) })
            {
                source = RuleVersion.Source(
                    form: form,
                    text: text,
                    lexiconDigest: row["lexicon"],
                    lexicon: words
                )
            }
            return RuleVersion(
                version: row["version"],
                name: row["name"],
                types: try StoredJSON.value(row["types"], as: [String].self) ?? [],
                source: source
            )
        }
    }

    /// What the newest versions decide, by name.
    package func ruleTypes(limit: Int = 200) async throws(StoreError) -> [String] {
        try await read { database in
            let lists = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select types from rule_versions order by first_used_ms desc, version limit ?
                        """
                ),
                arguments: [limit]
            )
            var types: Set<String> = []
            for row in lists {
                types.formUnion(try StoredJSON.value(row["types"], as: [String].self) ?? [])
            }
            return types.sorted()
        }
    }

    /// The versions, the last used first.
    ///
    /// Counts the calls of each, so it is for people and not for every job.
    package func ruleVersions(limit: Int) async throws(StoreError) -> [RuleVersionSummary] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select rule_versions.*,
                        (select count(*) from conversions where rule_version = version) as calls,
                        exists (
                            select 1 from rule_pointers as pointer
                            where role = 'active' and pointer.version = rule_versions.version
                        ) as was_active,
                        (
                            select role from rule_pointers as pointer
                            where id in (select max(id) from rule_pointers group by role)
                            and pointer.version = rule_versions.version
                            order by role limit 1
                        ) as role
                    from rule_versions order by first_used_ms desc, version limit ?
                    """,
                arguments: [limit]
            ).map { row in
                RuleVersionSummary(
                    version: row["version"],
                    name: row["name"],
                    types: try StoredJSON.value(row["types"], as: [String].self) ?? [],
                    firstUsedMilliseconds: row["first_used_ms"],
                    calls: row["calls"],
                    role: (row["role"] as String?).flatMap { RuleRole(rawValue: $0) },
                    wasActive: row["was_active"],
                    hasText: (row["source"] as String?) != nil
                )
            }
        }
    }
}

extension StoreWriter {
    /// Keeps a version of the rules for good; one that is there already is left as it is.
    package func keep(_ version: RuleVersion) throws {
        // Asked for with every judgement: the text is only bound when it is new.
        let isKept = try Bool.fetchOne(
            database.cachedStatement(
                sql: "select source is not null from rule_versions where version = ?"
            ),
            arguments: [version.version]
        )
        if isKept == true { return }
        if let source = version.source {
            try run(
                "insert into rule_lexicons (digest, words) values (?, ?) on conflict do nothing",
                [source.lexiconDigest, source.lexicon]
            )
        }
        try run(
            """
            insert into rule_versions (
                version, name, first_used_ms, source, form, lexicon, types
            ) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (version) do update set
                source = excluded.source, form = excluded.form, lexicon = excluded.lexicon,
                types = excluded.types
            where rule_versions.source is null and excluded.source is not null
            """,
            [
                version.version, version.name, nowMilliseconds, version.source?.text,
                version.source?.form.rawValue, version.source?.lexiconDigest,
                try StoredJSON.text(version.types),
            ]
        )
    }

    /// Gives a version a role, or with nil takes the role from the one that has it.
    ///
    /// - Throws: `StoreError.notFound` when the store does not keep the version's text.
    package func point(
        _ role: RuleRole,
        to version: String?,
        by person: String,
        note: String?
    ) throws {
        if let version {
            let isKept = try Bool.fetchOne(
                database.cachedStatement(
                    sql: "select source is not null from rule_versions where version = ?"
                ),
                arguments: [version]
            )
            guard isKept == true else { throw StoreError.notFound(what: "rules \(version)") }
        }
        try run(
            "insert into rule_pointers (role, version, person, note, at_ms) values (?, ?, ?, ?, ?)",
            [role.rawValue, version, person, note, nowMilliseconds]
        )
        try audit(
            AuditNote(
                actor: person,
                action: role == .active ? "rules.activate" : "rules.shadow",
                object: "rules:\(version ?? "none")",
                reason: note
            )
        )
    }
}

extension CallReading {
    static func rulePointer(_ row: Row) -> RulePointer? {
        RuleRole(rawValue: row["role"]).map { role in
            RulePointer(
                role: role,
                version: row["version"],
                person: row["person"],
                note: row["note"],
                atMilliseconds: row["at_ms"]
            )
        }
    }
}
