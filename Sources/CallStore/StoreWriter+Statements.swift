import GRDB

extension StoreWriter {
    /// Rows in one statement, from most to least; a batch is cut into these.
    ///
    /// A statement that may fail keeps a copy of each page that it changes, so one for each row
    /// costs several times the row. Each size is compiled once per connection.
    private static let rowsPerStatement = [512, 64, 8, 1]

    /// Cuts rows into parts of few sizes, in order.
    func inStatements<Element>(
        _ elements: [Element],
        _ body: (ArraySlice<Element>) throws -> Void
    ) rethrows {
        var rest = elements[...]
        for size in Self.rowsPerStatement {
            while rest.count >= size {
                try body(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
        }
    }

    /// The same row of a `values` clause, so many times.
    static func rows(_ count: Int, of row: String) -> String {
        Array(repeating: row, count: count).joined(separator: ",")
    }
}
