package import Foundation

/// Lines of CSV as RFC 4180 has them: CRLF, and quotes only where a field needs them.
package struct CSVBuffer: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var isAtStart = true

    package init() {}

    /// Adds a field to the present line.
    package mutating func add(_ field: Data?) {
        separate()
        field?.withUnsafeBytes { append($0) }
    }

    /// Adds a field, with a byte before it that is part of its text.
    package mutating func add(_ field: UnsafeRawBufferPointer?, prefix: UInt8? = nil) {
        separate()
        guard let field else { return }
        append(field, prefix: prefix)
    }

    /// Adds a field that is known to need no quotes.
    package mutating func add(plain field: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: field)
    }

    package mutating func add(_ field: String) {
        separate()
        var field = field
        field.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
        isAtStart = true
    }

    /// Puts bytes before everything that follows.
    package mutating func begin(with mark: [UInt8]) {
        precondition(isAtStart, "A mark stands before a line.")
        bytes.append(contentsOf: mark)
    }

    /// Forgets what was written elsewhere; keeps its memory for what follows.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func separate() {
        if !isAtStart { bytes.append(UInt8(ascii: ",")) }
        isAtStart = false
    }

    private mutating func append(_ field: UnsafeRawBufferPointer, prefix: UInt8? = nil) {
        guard Self.needsQuotes(field) else {
            if let prefix { bytes.append(prefix) }
            bytes.append(contentsOf: field)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        if let prefix { bytes.append(prefix) }
        for byte in field {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsQuotes(_ field: UnsafeRawBufferPointer) -> Bool {
        for byte in field where byte <= UInt8(ascii: ",") {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",")
                || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
            {
                return true
            }
        }
        return false
    }
}
