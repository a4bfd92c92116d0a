/// Reads CSV strictly as RFC 4180 has it; written for the tests, and from the standard alone.
enum CSVReader {
    enum Mistake: Error, Equatable {
        case lineEnd(at: Int)
        case quoteInside(at: Int)
        case endInsideQuotes
        case noLastLineEnd
    }

    static func records(_ bytes: [UInt8]) throws(Mistake) -> [[String]] {
        var records: [[String]] = []
        var record: [String] = []
        var field: [UInt8] = []
        var index = 0
        func end() {
            record.append(String(decoding: field, as: UTF8.self))
            field = []
        }
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") {
                index += 1
                try quoted(bytes, &index, into: &field)
            } else {
                while index < bytes.count, ![0x2C, 0x0D].contains(bytes[index]) {
                    if bytes[index] == 0x0A { throw .lineEnd(at: index) }
                    if bytes[index] == 0x22 { throw .quoteInside(at: index) }
                    field.append(bytes[index])
                    index += 1
                }
            }
            end()
            guard index < bytes.count else { throw .noLastLineEnd }
            if bytes[index] == 0x2C {
                index += 1
                continue
            }
            guard bytes[index] == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A else {
                throw .lineEnd(at: index)
            }
            index += 2
            records.append(record)
            record = []
        }
        guard record.isEmpty else { throw .noLastLineEnd }
        return records
    }

    private static func quoted(
        _ bytes: [UInt8],
        _ index: inout Int,
        into field: inout [UInt8]
    ) throws(Mistake) {
        while true {
            guard index < bytes.count else { throw .endInsideQuotes }
            if bytes[index] != 0x22 {
                field.append(bytes[index])
                index += 1
            } else if index + 1 < bytes.count, bytes[index + 1] == 0x22 {
                field.append(0x22)
                index += 2
            } else {
                index += 1
                return
            }
        }
    }
}
