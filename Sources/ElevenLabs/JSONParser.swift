/// Why bytes are no JSON.
package struct JSONError: Error, Sendable, Equatable {
    package enum Reason: String, Sendable, Equatable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "a byte does not belong there"
        case badNumber = "a number is malformed"
        case badEscape = "an escape is malformed"
        case tooDeep = "lists and objects are nested too deeply"
        case trailingBytes = "something follows the value"
    }

    package let reason: Reason

    /// Bytes before the fault.
    package let offset: Int
}

/// Reads JSON, keeping the bytes of what stands in one list of the outermost object.
///
/// Written here because a row that cannot be understood is kept byte by byte, which no decoder
/// of Foundation's can tell apart, and because details are decoded by the thousand. What the
/// grammar forbids is refused, except that broken UTF-8 and lone surrogates become replacement
/// characters.
package struct JSONParser {
    /// Levels of lists and objects; the deepest known record has eleven.
    package static let depthMax = 64

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Reads one value that fills the bytes.
    package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        try parser.finish()
        return value
    }

    /// Reads an object and the elements of one list in it, each with its place in the bytes.
    ///
    /// - Parameters:
    ///   - bytes: The whole text.
    ///   - name: The member with the list; empty when the whole text is the list.
    /// - Returns: The other members, and the elements; nil when there is no such list.
    /// - Throws: `JSONError` when the bytes are no JSON.
    static func parseRows(
        in bytes: [UInt8],
        of name: String
    ) throws(JSONError) -> (rest: JSONObject, rows: [Row]?) {
        var parser = JSONParser(bytes)
        var rest = JSONObject()
        var rows: [Row]?
        parser.skipSpace()
        if name.isEmpty, parser.peek() == UInt8(ascii: "[") {
            rows = try parser.rows()
        } else if parser.peek() == UInt8(ascii: "{") {
            try parser.members(depth: 0) { parser, key throws(JSONError) in
                if key == name, parser.peek() == UInt8(ascii: "[") {
                    rows = try parser.rows()
                } else {
                    rest.append(.init(name: key, value: try parser.value(depth: 1)))
                }
            }
        } else {
            // Valid or not, it is not what was asked for.
            _ = try parser.value(depth: 0)
        }
        try parser.finish()
        return (rest, rows)
    }

    struct Row {
        let value: JSONValue
        let range: Range<Int>
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        guard let byte = peek() else { throw fault(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"):
            var object = JSONObject()
            try members(depth: depth) { parser, key throws(JSONError) in
                object.append(.init(name: key, value: try parser.value(depth: depth + 1)))
            }
            return .object(object)
        case UInt8(ascii: "["):
            var list: [JSONValue] = []
            try elements(depth: depth) { parser throws(JSONError) in
                list.append(try parser.value(depth: depth + 1))
            }
            return .list(list)
        case UInt8(ascii: "\""):
            return .text(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            return try number()
        }
    }

    private mutating func rows() throws(JSONError) -> [Row] {
        var rows: [Row] = []
        try elements(depth: 1) { parser throws(JSONError) in
            parser.skipSpace()
            let start = parser.position
            let value = try parser.value(depth: 2)
            rows.append(Row(value: value, range: start..<parser.position))
        }
        return rows
    }

    private mutating func members(
        depth: Int,
        _ body: (inout JSONParser, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try sequence(depth: depth, end: UInt8(ascii: "}")) { parser throws(JSONError) in
            guard parser.peek() == UInt8(ascii: "\"") else { throw parser.unexpected() }
            let key = try parser.string()
            parser.skipSpace()
            try parser.expect(UInt8(ascii: ":"))
            parser.skipSpace()
            try body(&parser, key)
        }
    }

    private mutating func elements(
        depth: Int,
        _ body: (inout JSONParser) throws(JSONError) -> Void
    ) throws(JSONError) {
        try sequence(depth: depth, end: UInt8(ascii: "]"), body)
    }

    /// Reads items between an opening byte, which is next, and `end`.
    private mutating func sequence(
        depth: Int,
        end: UInt8,
        _ item: (inout JSONParser) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard depth < Self.depthMax else { throw fault(.tooDeep) }
        position += 1
        skipSpace()
        if peek() == end {
            position += 1
            return
        }
        while true {
            skipSpace()
            try item(&self)
            skipSpace()
            if peek() == end {
                position += 1
                return
            }
            try expect(UInt8(ascii: ","))
        }
    }

    // MARK: Texts

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        // Most texts have no escape and are taken as they stand.
        while let byte = peek() {
            if byte == UInt8(ascii: "\"") {
                let text = String(decoding: bytes[start..<position], as: UTF8.self)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw fault(.unexpectedByte) }
            position += 1
        }
        throw fault(.unexpectedEnd)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &text)
            default:
                guard byte >= 0x20 else { throw fault(.unexpectedByte) }
                text.append(byte)
                position += 1
            }
        }
        throw fault(.unexpectedEnd)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek() else { throw fault(.unexpectedEnd) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(try scalar()).utf8)
        default: throw fault(.badEscape)
        }
    }

    /// Reads the rest of `\uXXXX`, and of the pair that it may begin.
    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let first = try hexDigits()
        guard (0xD800..<0xDC00).contains(first) else {
            return Unicode.Scalar(first) ?? "\u{FFFD}"
        }
        let back = position
        guard peek() == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        position += 2
        let second = try hexDigits()
        guard (0xDC00..<0xE000).contains(second) else {
            position = back
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek() else { throw fault(.unexpectedEnd) }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault(.badEscape)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Numbers and words

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if peek() == UInt8(ascii: "-") { position += 1 }
        guard let first = peek() else { throw fault(.unexpectedEnd) }
        guard Self.isDigit(first) else { throw unexpected() }
        if first == UInt8(ascii: "0") { position += 1 } else { skipDigits() }
        var isInteger = true
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try requireDigits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                position += 1
            }
            try requireDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw fault(.badNumber) }
        return .number(number)
    }

    private mutating func requireDigits() throws(JSONError) {
        guard let byte = peek(), Self.isDigit(byte) else { throw fault(.badNumber) }
        skipDigits()
    }

    private mutating func skipDigits() {
        while let byte = peek(), Self.isDigit(byte) { position += 1 }
    }

    private mutating func word(_ word: String) throws(JSONError) {
        for byte in word.utf8 {
            try expect(byte)
        }
    }

    // MARK: Bytes

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else { throw unexpected() }
        position += 1
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func finish() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw fault(.trailingBytes) }
    }

    private func unexpected() -> JSONError {
        fault(position < bytes.count ? .unexpectedByte : .unexpectedEnd)
    }

    private func fault(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason: reason, offset: position)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
