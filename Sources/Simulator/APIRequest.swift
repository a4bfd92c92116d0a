package import NIOCore

/// A request as the simulated API sees it, whatever carried it here.
package struct APIRequest: Sendable {
    package var method: String
    /// The path's parts, percent-decoded.
    package var path: [String]
    package var query: Query
    package var apiKey: String?
    package var body: ByteBuffer

    package init(
        _ method: String,
        _ target: String,
        apiKey: String? = nil,
        body: ByteBuffer = ByteBuffer()
    ) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts[0].split(separator: "/").map { Query.decoded($0, plusIsSpace: false) }
        query = Query(parts.count > 1 ? parts[1] : "")
        self.apiKey = apiKey
        self.body = body
    }
}

/// The parameters of a query, in order; names may repeat.
package struct Query: Sendable, Equatable {
    package let items: [Item]

    package struct Item: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// Parameters beyond this many are not read.
    private static let itemsMax = 500

    init(_ text: Substring) {
        items = text.split(separator: "&").prefix(Self.itemsMax).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Item(
                name: Self.decoded(parts[0], plusIsSpace: true),
                value: parts.count > 1 ? Self.decoded(parts[1], plusIsSpace: true) : ""
            )
        }
    }

    /// The last value of a parameter, as the upstream's framework takes it.
    package func value(_ name: String) -> String? {
        items.last { $0.name == name }?.value
    }

    package func values(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    static func decoded(_ text: Substring, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x25:
                guard rest.count >= 2, let value = hexadecimal(rest.prefix(2)) else {
                    bytes.append(byte)
                    continue
                }
                rest.removeFirst(2)
                bytes.append(value)
            case 0x2B where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ digits: Substring.UTF8View) -> UInt8? {
        var value: UInt8 = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            value = value << 4 | digit
        }
        return value
    }
}

/// What the simulated API answers.
package struct APIReply: Sendable {
    package enum Body: Sendable {
        case whole(ByteBuffer)
        /// Made piece by piece while it is sent, so that no whole of it is ever in memory.
        case pieces(count: Int, @Sendable (Int) -> ByteBuffer)
    }

    package var status: Int
    package var contentType: String
    package var headers: [(name: String, value: String)] = []
    package var body: Body
    /// Waited before the first byte.
    package var delay: Duration = .zero
    /// After this share of the body the connection is cut; nil means never.
    package var cutAfter: Double?
    /// How long the body takes, piece by piece.
    package var drip: Duration = .zero

    package init(_ status: Int, _ json: JSON) {
        self.status = status
        contentType = "application/json"
        body = .whole(json.buffer)
    }

    package init(_ status: Int, contentType: String, body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Puts a byte that UTF-8 does not know at this share of the body.
    mutating func garble(at share: Double) {
        guard case .whole(var buffer) = body, buffer.readableBytes > 0 else { return }
        let offset = min(buffer.readableBytes - 1, Int(share * Double(buffer.readableBytes)))
        buffer.setInteger(UInt8(0xFF), at: buffer.readerIndex + offset)
        body = .whole(buffer)
    }
}
