package import Foundation

/// Lines of CSV as RFC 4180 has them: CRLF, and quotes only where a field needs them.
package struct CSVBuffer: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var isAtStart = true

    package init() {}

    /// Adds a field to the present line.
    package mutating func add(_ field: Data?) {
        separate()
        guard let field else { return }
        guard field.contains(where: Self.needsQuotes) else {
            bytes.append(contentsOf: field)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in field {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds a field that is known to need no quotes.
    package mutating func add(plain field: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: field)
    }

    package mutating func add(_ field: String) { add(Data(field.utf8)) }

    package mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
        isAtStart = true
    }

    /// Forgets what was written elsewhere; keeps its memory for what follows.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func separate() {
        if !isAtStart { bytes.append(UInt8(ascii: ",")) }
        isAtStart = false
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",")
            || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }
}
