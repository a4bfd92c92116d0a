import GRDB

/// A page with its filters that somebody gave a name.
package struct SavedView: Hashable, Sendable {
    /// Names it in the link that is passed on.
    package var token: String
    package var name: String

    /// Of the page, such as `/calls`.
    package var path: String

    /// The page's state as it stands in its address, without the question mark; the cards of the
    /// overview and their order are part of it.
    package var query: String
    package var person: String
    package var createdMilliseconds: Int64

    package init(
        token: String,
        name: String,
        path: String,
        query: String,
        person: String,
        createdMilliseconds: Int64 = 0
    ) {
        self.token = token
        self.name = name
        self.path = path
        self.query = query
        self.person = person
        self.createdMilliseconds = createdMilliseconds
    }
}

extension StoreWriter {
    /// Views that may be kept at the same time.
    package static var savedViewsMax: Int { 200 }

    /// Keeps a view.
    ///
    /// - Throws: `StoreError.rejected` when there are enough.
    package func save(_ view: SavedView) throws {
        let count = try Int.fetchOne(database, sql: "select count(*) from saved_views") ?? 0
        guard count < Self.savedViewsMax else {
            throw StoreError.rejected(reason: "there are \(Self.savedViewsMax) views already")
        }
        try run(
            """
            insert into saved_views (token, name, path, query, person, created_ms)
            values (?, ?, ?, ?, ?, ?)
            """,
            [view.token, view.name, view.path, view.query, view.person, nowMilliseconds]
        )
        try audit(AuditNote(actor: view.person, action: "view.save", object: "view:\(view.name)"))
    }

    /// Removes a view; false when there is none.
    package func removeView(_ token: String, by person: String) throws -> Bool {
        let name = try String.fetchOne(
            database,
            sql: "select name from saved_views where token = ?",
            arguments: [token]
        )
        guard let name else { return false }
        try run("delete from saved_views where token = ?", [token])
        try audit(AuditNote(actor: person, action: "view.remove", object: "view:\(name)"))
        return true
    }
}

extension CallStore {
    /// The kept views, by name.
    package func savedViews() async throws(StoreError) -> [SavedView] {
        try await read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: "select * from saved_views order by name, token limit ?"
                ),
                arguments: [StoreWriter.savedViewsMax]
            )
            .map(SavedView.init(row:))
        }
    }

    /// One view; nil when there is none.
    package func savedView(_ token: String) async throws(StoreError) -> SavedView? {
        try await read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "select * from saved_views where token = ?"),
                arguments: [token]
            )
            .map(SavedView.init(row:))
        }
    }
}

extension SavedView {
    fileprivate init(row: Row) {
        self.init(
            token: row["token"],
            name: row["name"],
            path: row["path"],
            query: row["query"],
            person: row["person"],
            createdMilliseconds: row["created_ms"]
        )
    }
}
