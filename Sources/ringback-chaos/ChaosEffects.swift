import Foundation
import GRDB

/// Counts what really happened in the store, from outside.
struct ChaosEffects: Sendable {
    private let database: DatabaseQueue

    /// Opens a store that exists.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(60)
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Begins to count.
    ///
    /// The trigger runs before the statement looks at any constraint, so a second effect is seen
    /// also where the table that it goes to would hide it.
    func watch() throws {
        try database.write { database in
            try database.execute(
                sql: """
                    create table chaos_effects (name text not null, crashes integer not null);
                    create trigger chaos_watch before insert on sync_marks begin
                        insert into chaos_effects values (new.workspace, new.at_ms);
                    end;
                    """
            )
        }
    }

    /// How often each effect happened, by its name.
    func counts() throws -> [String: Int] {
        try database.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "select name, count(*) as times from chaos_effects group by name"
            )
            var counts: [String: Int] = [:]
            while let row = try rows.next() { counts[row["name"]] = row["times"] }
            return counts
        }
    }

    func total() throws -> Int { try number("select count(*) from chaos_effects") }

    /// Effects of jobs that had been charged with a crash.
    func charged() throws -> Int {
        try number("select count(*) from chaos_effects where crashes > 0")
    }

    func ledgerRows() throws -> Int { try number("select count(*) from ledger") }

    func outboxRows() throws -> Int { try number("select count(*) from outbox") }

    func close() throws { try database.close() }

    private func number(_ sql: String) throws -> Int {
        try database.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }
}
