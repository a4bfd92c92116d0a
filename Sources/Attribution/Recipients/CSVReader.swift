/// One record of a CSV file.
package struct CSVRecord: Sendable, Equatable {
    /// The line that it begins on, from 1.
    package let line: Int
    package let fields: [String]
}

/// Why a CSV file cannot be read on.
package enum CSVError: Error, Equatable, Sendable {
    /// A quoted field that begins on this line never ends, or is longer than any field may be.
    case endlessField(line: Int)
}

/// Reads RFC 4180 piece by piece; a file is never held whole.
///
/// Line ends are LF or CRLF; a byte-order mark is skipped. A quote inside a field that is not
/// quoted stands for itself, as spreadsheets write it.
package struct CSVReader: ~Copyable {
    /// Bytes of one record: enough for any recipient, too few for a whole file read as one field.
    package static let recordBytesMax = 64 * 1024

    private enum Place {
        case fieldStart
        case plain
        case quoted
        case quoteInQuoted
    }

    private var place = Place.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var bytes = 0
    private var line = 1
    private var recordLine = 1
    private var isStart = true
    private var mark: [UInt8] = []

    package init() {}

    /// Takes the next bytes and returns the records that they complete.
    package mutating func read(_ chunk: some Sequence<UInt8>) throws(CSVError) -> [CSVRecord] {
        var records: [CSVRecord] = []
        for byte in chunk {
            if isStart, skipsMark(byte) { continue }
            try take(byte, into: &records)
        }
        return records
    }

    /// The last record, when the file does not end with a line end.
    package mutating func finish() throws(CSVError) -> CSVRecord? {
        if place == .quoted { throw .endlessField(line: recordLine) }
        guard !fields.isEmpty || !field.isEmpty || place != .fieldStart else { return nil }
        return endRecord()
    }

    /// The three bytes of U+FEFF, which only the start of the file may hold.
    private mutating func skipsMark(_ byte: UInt8) -> Bool {
        let whole: [UInt8] = [0xEF, 0xBB, 0xBF]
        if mark.count < whole.count, byte == whole[mark.count] {
            mark.append(byte)
            if mark.count == whole.count { isStart = false }
            return true
        }
        isStart = false
        field = mark
        return false
    }

    private mutating func take(_ byte: UInt8, into records: inout [CSVRecord]) throws(CSVError) {
        bytes += 1
        guard bytes <= Self.recordBytesMax else { throw .endlessField(line: recordLine) }
        let quote = UInt8(ascii: "\"")
        switch place {
        case .quoted:
            if byte == quote {
                place = .quoteInQuoted
            } else {
                if byte == UInt8(ascii: "\n") { line += 1 }
                field.append(byte)
            }
        case .quoteInQuoted where byte == quote:
            field.append(quote)
            place = .quoted
        case .fieldStart where byte == quote:
            place = .quoted
        case .fieldStart, .plain, .quoteInQuoted:
            switch byte {
            case UInt8(ascii: ","):
                endField()
            case UInt8(ascii: "\n"):
                line += 1
                // Only half of the line end: a return inside of quotes belongs to the field.
                if place == .plain, field.last == UInt8(ascii: "\r") { field.removeLast() }
                records.append(endRecord())
            case UInt8(ascii: "\r") where place == .quoteInQuoted:
                // The first half of a line end behind a quoted field.
                break
            default:
                field.append(byte)
                place = .plain
            }
        }
    }

    private mutating func endField() {
        fields.append(String(decoding: field, as: UTF8.self))
        field = []
        place = .fieldStart
    }

    private mutating func endRecord() -> CSVRecord {
        endField()
        defer {
            fields = []
            bytes = 0
            recordLine = line
        }
        return CSVRecord(line: recordLine, fields: fields)
    }
}

/// Writes RFC 4180.
package enum CSVWriter {
    /// One record with its line end.
    package static func line(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.unicodeScalars.contains {
            $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r"
        }
        return needsQuotes
            ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
