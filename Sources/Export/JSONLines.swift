/// Lines of JSON objects whose fields stand in the order in which they are added.
package struct JSONLines: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var isAtStart = true

    package init() {}

    package mutating func beginLine() {
        bytes.append(UInt8(ascii: "{"))
        isAtStart = true
    }

    package mutating func endLine() {
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Adds a field whose value is JSON already; null for nil.
    package mutating func add(_ name: StaticString, json: UnsafeRawBufferPointer?) {
        key(name)
        guard let json else { return null() }
        bytes.append(contentsOf: json)
    }

    package mutating func add(_ name: StaticString, json: some Sequence<UInt8>) {
        key(name)
        bytes.append(contentsOf: json)
    }

    /// Adds a field with a text; null for nil.
    package mutating func add(_ name: StaticString, text: UnsafeRawBufferPointer?) {
        key(name)
        guard let text else { return null() }
        append(text)
    }

    package mutating func add(_ name: StaticString, text: String?) {
        key(name)
        guard var text else { return null() }
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Adds the same under a name that is known only now; it holds nothing to be escaped.
    package mutating func add(plainName name: String, text: UnsafeRawBufferPointer?) {
        key(plain: name)
        guard let text else { return null() }
        append(text)
    }

    package mutating func add(plainName name: String, json: UnsafeRawBufferPointer?) {
        key(plain: name)
        guard let json else { return null() }
        bytes.append(contentsOf: json)
    }

    /// Adds a field with a list, each of whose members the body adds as an object.
    package mutating func addList(
        _ name: StaticString,
        _ member: (inout JSONLines) throws -> Bool
    ) rethrows {
        key(name)
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        while true {
            let before = bytes.count
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            beginLine()
            guard try member(&self) else {
                bytes.removeLast(bytes.count - before)
                break
            }
            bytes.append(UInt8(ascii: "}"))
            isFirst = false
        }
        bytes.append(UInt8(ascii: "]"))
        isAtStart = false
    }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func null() { bytes.append(contentsOf: "null".utf8) }

    private mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func key(plain name: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        if !isAtStart { bytes.append(UInt8(ascii: ",")) }
        isAtStart = false
    }

    private mutating func append(_ text: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Self.hex[Int(byte >> 4)])
                bytes.append(Self.hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hex = Array("0123456789abcdef".utf8)
}
