import GRDB

/// The migrations, in the order in which they run; a released one is never edited.
enum Schema {
    private static let migrations: [(version: Int, source: [UInt8])] = [
        (1, PackageResources.v001_create_calls_sql),
        (2, PackageResources.v002_create_campaigns_sql),
        (3, PackageResources.v003_create_jobs_sql),
        (4, PackageResources.v004_create_view_sql),
        (5, PackageResources.v005_note_gone_sql),
        (6, PackageResources.v006_create_job_index_sql),
        (7, PackageResources.v007_create_backfills_sql),
        (8, PackageResources.v008_prove_archive_sql),
        (9, PackageResources.v009_extend_attribution_sql),
        (10, PackageResources.v010_keep_rules_sql),
        (11, PackageResources.v011_create_figures_sql),
        (12, PackageResources.v012_add_privacy_sql),
        (13, PackageResources.v013_track_conversations_sql),
        (14, PackageResources.v014_sum_satisfaction_sql),
        (15, PackageResources.v015_reach_outside_sql),
        (16, PackageResources.v016_count_in_batches_sql),
        (17, PackageResources.v017_limit_qualified_sql),
        (18, PackageResources.v018_serve_pages_sql),
        (19, PackageResources.v019_index_texts_sql),
        (20, PackageResources.v020_set_alerts_sql),
        (23, PackageResources.v023_watch_text_index_sql),
        (26, PackageResources.v026_measure_agents_sql),
        (27, PackageResources.v027_set_retention_sql),
        (28, PackageResources.v028_tag_calls_sql),
        (29, PackageResources.v029_index_recipient_touches_sql),
    ]

    /// What this program's store looks like.
    static let versionKnown = migrations.map(\.version).max() ?? 0

    /// Says in the file's header whose it is: "RNGB".
    static let applicationID = 0x524E_4742

    /// Brings the store up to date, inside the caller's transaction.
    ///
    /// - Throws: `StoreError.newerSchema`, `StoreError.damaged` for a file of somebody else, or
    ///   the database's error; nothing was changed then.
    static func migrate(_ database: Database) throws {
        let found = try admittedVersion(of: database)
        let application = try Int.fetchOne(database, sql: "pragma application_id") ?? 0
        if found == 0 {
            let tables = try Int.fetchOne(
                database,
                sql: "select count(*) from sqlite_schema where name not like 'sqlite_%'"
            )
            guard tables == 0, application == 0 else {
                throw StoreError.damaged(reason: "the file is a database of another program")
            }
            try database.execute(sql: "pragma application_id = \(applicationID)")
        } else if application != applicationID {
            throw StoreError.damaged(reason: "the file is a database of another program")
        }
        for migration in migrations where migration.version > found {
            try database.execute(sql: String(decoding: migration.source, as: UTF8.self))
            try database.execute(sql: "pragma user_version = \(migration.version)")
        }
    }

    /// The version of a store that this program knows.
    ///
    /// Asked in every transaction that changes something: a newer program may bring the store up
    /// to date while an older one has it open. What the older one wrote then would lack what the
    /// new columns want, and where a job has filled them already, nobody would come back to it.
    ///
    /// - Throws: `StoreError.newerSchema`, or the database's error; nothing was changed then.
    @discardableResult
    static func admittedVersion(of database: Database) throws -> Int {
        let found = try version(of: database)
        guard found <= versionKnown else {
            throw StoreError.newerSchema(found: found, known: versionKnown)
        }
        return found
    }

    static func version(of database: Database) throws -> Int {
        // Compiled once: this runs in every commit.
        try Int.fetchOne(database.cachedStatement(sql: "pragma user_version")) ?? 0
    }
}
