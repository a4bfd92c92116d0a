import GRDB

extension StoreWriter {
    /// The same row of a `values` clause, so many times.
    static func rows(_ count: Int, of row: String) -> String {
        Array(repeating: row, count: count).joined(separator: ",")
    }

    /// A statement, compiled once per connection, whose many values a body binds in order.
    ///
    /// As an array of arguments they would be copied three times on their way, which costs more
    /// than writing the rows.
    func bound(
        _ sql: String,
        _ bind: (inout StatementValues) throws -> Void
    ) throws -> Statement {
        try database.bound(sql, bind)
    }
}

extension Database {
    /// A statement, as `StoreWriter.bound` says, for those who only read, too.
    func bound(
        _ sql: String,
        _ bind: (inout StatementValues) throws -> Void
    ) throws -> Statement {
        let statement = try cachedStatement(sql: sql)
        // Resets it, and lets it be executed with what is bound from here on.
        statement.setUncheckedArguments([])
        var values = StatementValues(statement: statement)
        try bind(&values)
        return statement
    }
}

/// A statement for any number of rows.
struct RowsStatement: Sendable {
    /// Rows in one statement, from most to least; a batch is cut into these.
    ///
    /// A statement that may fail keeps a copy of each page that it changes, so one for each row
    /// costs several times the row. Each size is compiled once per connection.
    private static let sizes = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1]

    private let text: @Sendable (Int) -> String

    /// The texts of the sizes into which batches are cut; made once.
    private let usual: [Int: String]

    init(_ text: @escaping @Sendable (Int) -> String) {
        self.text = text
        usual = Dictionary(
            uniqueKeysWithValues: Self.sizes.map { ($0, text($0)) }
        )
    }

    func text(rows: Int) -> String { usual[rows] ?? text(rows) }

    /// Cuts rows into parts of few sizes, in order.
    static func cut<Element>(
        _ elements: [Element],
        _ body: (ArraySlice<Element>) throws -> Void
    ) rethrows {
        var rest = elements[...]
        for size in sizes {
            while rest.count >= size {
                try body(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
        }
    }
}

/// Binds the values of one statement, from the first to the last.
struct StatementValues {
    fileprivate let statement: Statement
    private var count: CInt = 0

    fileprivate init(statement: Statement) {
        self.statement = statement
    }

    /// - Throws: `DatabaseError` when the statement has no place left for it.
    mutating func bind<Value: StatementBinding>(_ value: Value?) throws {
        count += 1
        let code =
            value?.bind(to: statement.sqliteStatement, at: count)
            ?? DatabaseValue.null.bind(to: statement.sqliteStatement, at: count)
        guard code == ResultCode.SQLITE_OK.rawValue else {
            throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: statement.sql)
        }
    }
}
