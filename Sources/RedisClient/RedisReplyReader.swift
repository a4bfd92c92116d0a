import CHiredis
package import NIOCore

/// Reads replies with hiredis' reader, straight into values.
///
/// Instead of hiredis' own reply objects (one or two allocations each, and in 0.14 an array size
/// taken from the wire without a check, CVE-2021-32765) it hands every element to a builder; what
/// hiredis sees of it is a token that stands for nothing. Confined to one event loop.
package final class RedisReplyReader {
    /// What came back is not the Redis protocol.
    package struct Malformed: Error {
        package let reason: String
    }

    /// Unused buffer that hiredis keeps: a typical batch, so that it does not allocate each time.
    private static let bufferKept = 1024 * 1024

    private let builder = RedisReplyBuilder()
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let reader: UnsafeMutablePointer<redisReader>

    package init() {
        functions = .allocate(capacity: 1)
        functions.initialize(to: Self.callbacks)
        guard let reader = redisReaderCreateWithFunctions(functions) else {
            preconditionFailure("hiredis is out of memory.")
        }
        self.reader = reader
        reader.pointee.maxbuf = Self.bufferKept
        // The builder lives as long as the reader: both belong to this object.
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
        functions.deinitialize(count: 1)
        functions.deallocate()
    }

    /// Takes bytes in and appends the replies that they complete.
    package func read(
        _ buffer: ByteBuffer,
        into replies: inout [RedisValue]
    ) throws(Malformed) {
        let fed = buffer.withUnsafeReadableBytes { bytes in
            redisReaderFeed(
                reader,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                bytes.count
            )
        }
        guard fed == REDIS_OK else { throw Malformed(reason: problem) }
        while true {
            var token: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &token) == REDIS_OK else {
                throw Malformed(reason: problem)
            }
            guard token != nil else { return }
            guard let reply = builder.take() else {
                preconditionFailure("hiredis ended a reply that was not built.")
            }
            replies.append(reply)
        }
    }

    private var problem: String {
        withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static let callbacks = redisReplyObjectFunctions(
        createString: { task, text, length in
            RedisReplyReader.build(task) { builder, type in
                let bytes = UnsafeRawBufferPointer(start: text, count: length)
                switch type {
                case REDIS_REPLY_STATUS:
                    builder.add(.status(String(decoding: bytes, as: UTF8.self)))
                case REDIS_REPLY_ERROR:
                    let message = String(decoding: bytes, as: UTF8.self)
                    builder.add(.error(RedisServerError(reply: message)))
                default:
                    builder.add(.bytes([UInt8](bytes)))
                }
            }
        },
        createArray: { task, count in
            RedisReplyReader.build(task) { builder, _ in builder.open(count: Int(count)) }
        },
        createInteger: { task, integer in
            RedisReplyReader.build(task) { builder, _ in builder.add(.integer(integer)) }
        },
        createNil: { task in
            RedisReplyReader.build(task) { builder, _ in builder.add(.null) }
        },
        // The token owns nothing.
        freeObject: { _ in }
    )

    /// Finds the builder of a task and returns the token that hiredis takes for the object.
    private static func build(
        _ task: UnsafePointer<redisReadTask>?,
        _ body: (RedisReplyBuilder, Int32) -> Void
    ) -> UnsafeMutableRawPointer? {
        guard let task, let builder = task.pointee.privdata else { return nil }
        body(
            Unmanaged<RedisReplyBuilder>.fromOpaque(builder).takeUnretainedValue(),
            task.pointee.type
        )
        return builder
    }
}

/// Puts a reply together from elements that come in reading order.
private final class RedisReplyBuilder {
    /// Elements to make room for at once; a count comes from the wire and may be a lie.
    private static let reservedMax = 1024

    private struct Level {
        var missing: Int
        var elements: [RedisValue]
    }

    private var levels: [Level] = []
    private var root: RedisValue?

    func open(count: Int) {
        guard count > 0 else { return add(.array([])) }
        var elements: [RedisValue] = []
        elements.reserveCapacity(min(count, Self.reservedMax))
        levels.append(Level(missing: count, elements: elements))
    }

    func add(_ value: RedisValue) {
        var value = value
        while let last = levels.indices.last {
            levels[last].elements.append(value)
            levels[last].missing -= 1
            guard levels[last].missing == 0 else { return }
            value = .array(levels.removeLast().elements)
        }
        root = value
    }

    func take() -> RedisValue? {
        defer { root = nil }
        return root
    }
}
