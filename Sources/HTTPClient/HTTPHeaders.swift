/// One header; its value as the bytes that stood or will stand on the wire.
package struct HTTPHeader: Sendable, Equatable {
    package var name: String
    package var bytes: [UInt8]

    package init(_ name: String, _ value: String) {
        self.name = name
        bytes = Array(value.utf8)
    }

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// The value as text; what is no UTF-8 is shown as replacement characters.
    package var value: String { String(decoding: bytes, as: UTF8.self) }
}

/// Headers in the order of the wire; names are compared without regard to case.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByArrayLiteral {
    package private(set) var entries: [HTTPHeader]

    package init(_ entries: [HTTPHeader] = []) {
        self.entries = entries
    }

    package init(arrayLiteral elements: HTTPHeader...) {
        entries = elements
    }

    /// The first value of a header; nil when there is none.
    package subscript(name: String) -> String? {
        entries.first { Self.equal($0.name, name) }?.value
    }

    /// All values of a header, in order.
    package func values(_ name: String) -> [String] {
        entries.filter { Self.equal($0.name, name) }.map(\.value)
    }

    package mutating func append(_ header: HTTPHeader) {
        entries.append(header)
    }

    /// Joins a folded line to the header before it.
    mutating func continueLast(with bytes: [UInt8]) {
        guard !entries.isEmpty else { return }
        entries[entries.count - 1].bytes += [UInt8(ascii: " ")] + bytes
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
    }

    private static func equal(_ first: String, _ second: String) -> Bool {
        first.utf8.count == second.utf8.count
            && zip(first.utf8, second.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension HTTPHeaders: RandomAccessCollection {
    package var startIndex: Int { entries.startIndex }
    package var endIndex: Int { entries.endIndex }

    package subscript(position: Int) -> HTTPHeader { entries[position] }
}
