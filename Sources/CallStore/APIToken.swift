package import Ambient
import Crypto
package import Foundation
import GRDB

/// What a program shows instead of signing in; the token itself is nowhere.
package struct APIToken: Hashable, Sendable {
    package enum Scope: String, Hashable, Sendable, CaseIterable, Codable {
        case read
        case write
        case admin
    }

    package var name: String
    package var scope: Scope
    package var createdBy: String
    package var createdMilliseconds: Int64

    /// A new token: two ids of chance, which have 244 random bits.
    package static func make(_ ambient: Ambient) -> String {
        let words = [ambient.newID(), ambient.newID()]
        return "rbk_" + words.map { $0.uuidString.filter { $0 != "-" }.lowercased() }.joined()
    }

    /// What is kept of a token.
    package static func hash(of token: String) -> Data {
        Data(SHA256.hash(data: Data(token.utf8)))
    }

    /// Bytes of a name.
    package static let nameBytes = 1...100

    fileprivate init(row: Row) {
        name = row["name"]
        scope = Scope(rawValue: row["scope"]) ?? .read
        createdBy = row["created_by"]
        createdMilliseconds = row["created_ms"]
    }
}

extension CallStore {
    /// All tokens, by name.
    package func apiTokens() async throws(StoreError) -> [APIToken] {
        try await read { database in
            try Row.fetchAll(database, sql: "select * from api_tokens order by name")
                .map(APIToken.init(row:))
        }
    }

    /// The token with this SHA-256; nil when there is none, or it was revoked.
    package func apiToken(hash: Data) async throws(StoreError) -> APIToken? {
        try await read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "select * from api_tokens where hash = ?"),
                arguments: [hash]
            )
            .map(APIToken.init(row:))
        }
    }
}

extension StoreWriter {
    /// Lets whoever shows the token with this SHA-256 in, and tells the audit log.
    ///
    /// - Throws: `StoreError.rejected` when the name is taken.
    package func addToken(
        named name: String,
        _ scope: APIToken.Scope,
        hash: Data,
        by person: String
    ) throws {
        let added = try run(
            """
            insert into api_tokens (name, scope, hash, created_by, created_ms)
            values (?, ?, ?, ?, ?) on conflict (name) do nothing
            """,
            [name, scope.rawValue, hash, person, nowMilliseconds]
        )
        guard added == 1 else {
            throw StoreError.rejected(reason: "there is a token \"\(name)\" already")
        }
        try audit(
            AuditNote(
                actor: person,
                action: "token.add",
                object: "token:\(name)",
                after: ["scope": .text(scope.rawValue)]
            )
        )
    }

    /// Lets nobody in with a token any more, and tells the audit log.
    ///
    /// - Throws: `StoreError.notFound`.
    package func revokeToken(named name: String, by person: String) throws {
        guard try run("delete from api_tokens where name = ?", [name]) == 1 else {
            throw StoreError.notFound(what: "token \"\(name)\"")
        }
        try audit(AuditNote(actor: person, action: "token.revoke", object: "token:\(name)"))
    }
}
