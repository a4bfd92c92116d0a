import NIOCore

/// Finds where each command or reply of Redis' protocol ends, in bytes that come in pieces.
struct RESPFramer {
    private static let lineEnd = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Elements until the message under way ends.
    private var missing = 1

    /// Bytes of a bulk string that are still to come, its line end included.
    private var skipping = 0
    private var header: [UInt8] = []

    /// Takes bytes up to the end of the message that is under way.
    ///
    /// - Returns: How many belong to it, and whether it ends with them; else all do and it goes on.
    mutating func take(_ bytes: ByteBufferView) -> (count: Int, isEnd: Bool) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var isEnd = false
            if skipping > 0 {
                let step = min(skipping, bytes.endIndex - index)
                skipping -= step
                index += step
                if skipping == 0 { isEnd = elementEnds() }
            } else {
                let byte = bytes[index]
                index += 1
                if byte == Self.lineEnd { isEnd = headerEnds() } else { header.append(byte) }
            }
            if isEnd { return (index - bytes.startIndex, true) }
        }
        return (bytes.count, false)
    }

    private mutating func headerEnds() -> Bool {
        defer { header.removeAll(keepingCapacity: true) }
        let digits = header.dropFirst().prefix { $0 != Self.carriageReturn }
        let number = Int(String(decoding: digits, as: UTF8.self)) ?? 0
        switch header.first {
        case UInt8(ascii: "*"):
            missing += max(number, 0)
        case UInt8(ascii: "$") where number >= 0:
            skipping = number + 2
            return false
        default:
            break
        }
        return elementEnds()
    }

    private mutating func elementEnds() -> Bool {
        missing -= 1
        guard missing == 0 else { return false }
        missing = 1
        return true
    }
}
