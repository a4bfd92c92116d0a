import Foundation
import GRDB
import GRDBSQLite

/// Rows of one look at the store, one after the other; valid only while it lasts.
///
/// Reads SQLite's own memory: an export of a million rows copies no cell twice.
package final class ExportRows {
    private let statement: Statement
    private let columns: Int32

    fileprivate init(_ statement: Statement, _ arguments: StatementArguments) throws {
        self.statement = statement
        columns = Int32(statement.columnCount)
        try statement.setArguments(arguments)
    }

    deinit {
        sqlite3_reset(statement.sqliteStatement)
    }

    /// Goes to the next row; false after the last.
    ///
    /// - Throws: `StoreError`, `cancelled` when the task was.
    package func next() throws(StoreError) -> Bool {
        switch sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw StoreError(
                DatabaseError(
                    resultCode: ResultCode(rawValue: code),
                    message: String(
                        cString: sqlite3_errmsg(sqlite3_db_handle(statement.sqliteStatement))
                    )
                )
            )
        }
    }

    /// A whole number; 0 when there is none.
    package func integer(_ column: Int) -> Int64 {
        sqlite3_column_int64(statement.sqliteStatement, Int32(column))
    }

    /// Lends a number as text that reads back as the same number; nil when there is none.
    ///
    /// SQLite itself writes a fraction with 15 digits, and two fractions alike.
    package func withNumber<Value>(
        _ column: Int,
        _ body: (UnsafeRawBufferPointer?) throws -> Value
    ) rethrows -> Value {
        guard sqlite3_column_type(statement.sqliteStatement, Int32(column)) == SQLITE_FLOAT else {
            return try withText(column, body)
        }
        var text = "\(sqlite3_column_double(statement.sqliteStatement, Int32(column)))"
        return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }

    /// Lends a cell as UTF-8, numbers as SQLite writes them; nil when there is none.
    package func withText<Value>(
        _ column: Int,
        _ body: (UnsafeRawBufferPointer?) throws -> Value
    ) rethrows -> Value {
        precondition(column < columns, "A cell is of a column that was asked for.")
        guard let text = sqlite3_column_text(statement.sqliteStatement, Int32(column)) else {
            return try body(nil)
        }
        let count = Int(sqlite3_column_bytes(statement.sqliteStatement, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: text, count: count))
    }
}

/// One consistent look at the store, for an export.
package struct ExportLook {
    let database: Database

    /// The place of the newest change in the sequence of all changes.
    package func mark() throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(sql: "select last from change_sequence")
        ) ?? 0
    }

    /// The ids of calls, oldest call first; one column.
    package func ids(_ filter: CallFilter) throws -> ExportRows {
        let clause = try FilterClause(filter, in: database)
        let joins = clause.isOfCallsAlone ? "" : CallSummary.joins
        return try rows(
            """
            select calls.id from calls \(joins) \(clause.sql)
            order by calls.started_unix, calls.id
            """,
            clause.arguments
        )
    }

    /// Calls, oldest first: the fields, then the call's id and the place of its newest change.
    package func calls(_ filter: CallFilter, fields: [CallField]) throws -> ExportRows {
        let clause = try FilterClause(filter, in: database)
        return try rows(
            """
            select \(Self.columns(fields)), calls.id, 0 from calls
            \(CallField.joins)
            \(clause.sql)
            order by calls.started_unix, calls.id
            """,
            clause.arguments
        )
    }

    /// The same of single calls, in the order of the ids; those that are gone are passed over.
    package func calls(_ ids: [Int64], fields: [CallField]) throws -> ExportRows {
        let list = "[" + ids.map(String.init).joined(separator: ",") + "]"
        return try rows(
            """
            select \(Self.columns(fields)), calls.id, call_facts.sequence
            from json_each(?) as wanted cross join calls on calls.id = wanted.value
            left join call_facts on call_facts.call_id = calls.id
            \(CallField.joins)
            order by wanted.key
            """,
            [list]
        )
    }

    /// What was said in a call: position, speaker, seconds, words, whether interrupted, and tool
    /// calls and results as JSON.
    package func turns(of call: Int64) throws -> ExportRows {
        try ExportRows(
            database.cachedStatement(
                sql: """
                    select position, speaker, seconds_in, message, was_interrupted, tool_calls,
                        tool_results
                    from turns where call_id = ? order by position
                    """
            ),
            [call]
        )
    }

    private func rows(_ sql: String, _ arguments: StatementArguments) throws -> ExportRows {
        try ExportRows(database.makeStatement(sql: sql), arguments)
    }

    private static func columns(_ fields: [CallField]) -> String {
        fields.map(\.expression).joined(separator: ", ")
    }
}

extension CallStore {
    /// Looks at the store as it is now; writers go on meanwhile and are not seen.
    ///
    /// - Parameter body: Runs on a thread that may block; a cancelled task ends its rows.
    /// - Returns: What the body returns.
    /// - Throws: `StoreError`, or what the body throws.
    package func look<Value: Sendable>(
        _ body: @escaping @Sendable (ExportLook) throws -> Value
    ) async throws -> Value {
        do {
            let value = try await pool.read { try body(ExportLook(database: $0)) }
            // A long look has kept the log from beginning anew; now it can.
            _ = try await checkpoint()
            return value
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }
}
