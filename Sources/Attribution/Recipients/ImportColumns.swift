import Foundation

/// Where the columns of a file stand that are known.
struct ImportColumns: Sendable, Equatable {
    /// The header line as it is.
    let fields: [String]
    private let places: [String: Int]

    /// - Throws: `RecipientsFileError` when a needed column is missing or a known one stands twice.
    init(
        header: [String],
        names: [String],
        needed: [String]
    ) throws(RecipientsFileError) {
        var places: [String: Int] = [:]
        for (place, field) in header.enumerated() {
            let name = field.trimmingCharacters(in: .whitespaces).lowercased()
            guard names.contains(name) else { continue }
            guard places.updateValue(place, forKey: name) == nil else {
                throw .columnTwice(name)
            }
        }
        let missing = needed.filter { places[$0] == nil }
        guard missing.isEmpty else { throw .columnsMissing(missing) }
        self.places = places
        self.fields = header
    }

    func has(_ name: String) -> Bool { places[name] != nil }

    /// A field without the white space around it; empty when the file has no such column.
    func field(_ name: String, of record: CSVRecord) -> String {
        guard let place = places[name], place < record.fields.count else { return "" }
        let text = record.fields[place]
        // Most fields begin and end with a printable character of ASCII, and trimming is slow.
        let printable: ClosedRange<UInt8> = 0x21...0x7E
        if let first = text.utf8.first, let last = text.utf8.last, printable ~= first,
            printable ~= last
        {
            return text
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
