import CallStore
package import Foundation

/// Writes calls as CSV of the `data` dialect.
///
/// UTF-8 without BOM, CRLF, a header, nothing escaped but what RFC 4180 asks for: for machines,
/// not for spreadsheets. Numbers of callers are raw E.164.
package struct CallExport: Sendable {
    /// The columns, in their order; started_at and its company stand for one field.
    package static let columns: [String] =
        fields.flatMap { field in
            field == .startedUnix
                ? ["started_at", "started_at_local", "time_zone"] : [field.rawValue]
        }

    /// Everything the store tells in cells.
    static let fields = CallField.allCases

    private let zone: TimeZone

    package init(zone: TimeZone) {
        self.zone = zone
    }

    /// Writes header and rows into a file.
    ///
    /// - Returns: How many rows.
    func write(_ rows: CallRows, to file: AtomicFile) throws -> Int64 {
        var buffer = CSVBuffer()
        for column in Self.columns { buffer.add(column) }
        buffer.endLine()
        var times = TimeText(zone: zone)
        let zoneName = Array(zone.identifier.utf8)
        var count: Int64 = 0
        while let row = try rows.next() {
            for field in Self.fields {
                if field == .startedUnix {
                    let start = row.integer(.startedUnix) ?? 0
                    buffer.add(plain: TimeText.utc(start))
                    buffer.add(plain: times.local(start))
                    buffer.add(plain: zoneName)
                } else {
                    try row.withText(field) { buffer.add($0) }
                }
            }
            buffer.endLine()
            count += 1
            if buffer.bytes.count >= AtomicFile.bufferBytes {
                try file.write(buffer.bytes)
                buffer.removeAll()
            }
        }
        try file.write(buffer.bytes)
        return count
    }
}
