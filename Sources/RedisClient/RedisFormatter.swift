import CHiredis
import NIOCore

/// Writes commands as Redis reads them, with hiredis' formatter.
///
/// Arguments are gathered one behind the other, because hiredis wants a pointer to each of them
/// at the same time.
struct RedisFormatter {
    /// Most bytes of one command: the server's own limit (`proto-max-bulk-len`).
    static let bytesMax = 512 * 1024 * 1024

    private var bytes: [UInt8] = []
    private var lengths: [Int] = []

    init(argumentCount: Int, byteCount: Int) {
        bytes.reserveCapacity(byteCount)
        lengths.reserveCapacity(argumentCount)
    }

    mutating func append(_ argument: [UInt8]) {
        bytes.append(contentsOf: argument)
        lengths.append(argument.count)
    }

    mutating func append(_ argument: String) {
        let count = bytes.count
        bytes.append(contentsOf: argument.utf8)
        lengths.append(bytes.count - count)
    }

    /// The command on the wire.
    func formatted() -> ByteBuffer {
        precondition(bytes.count <= Self.bytesMax, "A command is larger than Redis takes.")
        var target: sds?
        let length = bytes.withUnsafeBytes { storage in
            // Never read when there are no bytes, but hiredis wants addresses.
            let base = storage.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            var position = base?.assumingMemoryBound(to: CChar.self)
            var pointers: [UnsafePointer<CChar>?] = []
            pointers.reserveCapacity(lengths.count)
            for length in lengths {
                pointers.append(position)
                position = position?.advanced(by: length)
            }
            return redisFormatSdsCommandArgv(&target, Int32(lengths.count), &pointers, lengths)
        }
        guard let target, length > 0 else { preconditionFailure("hiredis is out of memory.") }
        defer { redisFreeSdsCommand(target) }
        var buffer = ByteBufferAllocator().buffer(capacity: Int(length))
        buffer.writeBytes(UnsafeRawBufferPointer(start: target, count: Int(length)))
        return buffer
    }

    static func formatted(_ command: RedisCommand) -> ByteBuffer {
        var formatter = RedisFormatter(
            argumentCount: command.arguments.count,
            byteCount: command.arguments.reduce(0) { $0 + $1.count }
        )
        for argument in command.arguments { formatter.append(argument) }
        return formatter.formatted()
    }

    /// `EVALSHA digest` or `EVAL source` with keys and arguments.
    static func formatted(
        evaluating script: RedisScript,
        byDigest: Bool,
        keys: [String],
        arguments: [[UInt8]]
    ) -> ByteBuffer {
        let body = byDigest ? script.digest : script.source
        var formatter = RedisFormatter(
            argumentCount: 3 + keys.count + arguments.count,
            byteCount: 32 + body.utf8.count + keys.reduce(0) { $0 + $1.utf8.count }
                + arguments.reduce(0) { $0 + $1.count }
        )
        formatter.append(byDigest ? "EVALSHA" : "EVAL")
        formatter.append(body)
        formatter.append(String(keys.count))
        for key in keys { formatter.append(key) }
        for argument in arguments { formatter.append(argument) }
        return formatter.formatted()
    }
}
