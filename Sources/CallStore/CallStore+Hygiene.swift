import GRDB

extension CallStore {
    /// Waits until every reader sees the present state, and moves the whole log into the file.
    ///
    /// - Returns: Whether it is done; false while a reader of an older state or a writer is in the
    ///   way, in this process or another.
    /// - Throws: Errors of the database; nothing is lost then.
    package func emptyLog() async throws(StoreError) -> Bool {
        do {
            return try await pool.writeWithoutTransaction { database in
                do {
                    _ = try database.checkpoint(.truncate)
                    return true
                } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                    return false
                }
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Writes the database anew, without what deleted rows left in its pages.
    ///
    /// Full-text indexes are merged first, for they keep the words of deleted rows until then, and
    /// gathered statistics are dropped, for they may quote values. Takes the store's lock for as
    /// long as it lasts, and needs room for a second copy beside the first.
    ///
    /// - Throws: `StoreError.unavailable` when there is no room or no lock to be had.
    package func compact() async throws(StoreError) {
        do {
            try await pool.writeWithoutTransaction { database in
                let indexes = try String.fetchAll(
                    database,
                    sql: """
                        select name from sqlite_schema
                        where type = 'table' and lower(sql) like 'create virtual table%using fts%'
                        """
                )
                for index in indexes {
                    let name = index.replacing("\"", with: "\"\"")
                    try database.execute(
                        sql: "insert into \"\(name)\"(\"\(name)\") values ('optimize')"
                    )
                }
                try database.execute(sql: "update call_texts_state set owes_merge = 0")
                let hasSamples = try Bool.fetchOne(
                    database,
                    sql: "select exists (select 1 from sqlite_schema where name = 'sqlite_stat4')"
                )
                if hasSamples == true { try database.execute(sql: "delete from sqlite_stat4") }
                // In memory it would be as large as the whole store.
                try database.execute(sql: "pragma temp_store = file")
                defer {
                    do {
                        try database.execute(sql: "pragma temp_store = memory")
                    } catch {
                        // The connection goes on with files, which is only slower.
                    }
                }
                try database.execute(sql: "vacuum")
            }
        } catch {
            throw StoreError(error)
        }
    }
}
