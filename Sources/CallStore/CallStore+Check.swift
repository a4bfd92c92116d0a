import GRDB

extension CallStore {
    /// What SQLite finds wrong with the file's pages and rows; empty when it is sound.
    ///
    /// Reads the whole file, so it is for an operator's command and not for a health endpoint.
    ///
    /// - Parameter limit: Most findings to return.
    /// - Returns: SQLite's own words, without any value of a row.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func damages(limit: Int = 10) async throws(StoreError) -> [String] {
        try await read { database in
            // A pragma takes no bound values; the limit is a number of ours.
            try String.fetchAll(database, sql: "pragma quick_check(\(limit))").filter { $0 != "ok" }
        }
    }
}
