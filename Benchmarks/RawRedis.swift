import CHiredis
import Glibc

/// Plain blocking hiredis: the limit that the queue is held against.
///
/// Used by one task at a time, for the length of one measurement.
final class RawRedis {
    struct Failure: Error {
        let reason: String
    }

    private let context: UnsafeMutablePointer<redisContext>

    init(socket: String) throws {
        guard let context = redisConnectUnix(socket) else {
            throw Failure(reason: "no memory for a connection")
        }
        guard context.pointee.err == 0 else {
            redisFree(context)
            throw Failure(reason: "cannot connect to \(socket)")
        }
        self.context = context
    }

    deinit {
        redisFree(context)
    }

    /// Sends a prepared command and returns how many elements its reply has.
    @discardableResult
    func run(_ command: RawCommand) throws -> Int {
        try send(command)
        return try receive()
    }

    /// Sends a prepared command whose reply is received later.
    func send(_ command: RawCommand) throws {
        let appended = redisAppendCommandArgv(
            context,
            Int32(command.count),
            command.pointers,
            command.lengths
        )
        var isWritten: CInt = 0
        while appended == REDIS_OK, isWritten == 0 {
            guard redisBufferWrite(context, &isWritten) == REDIS_OK else { break }
        }
        guard isWritten == 1 else { throw Failure(reason: "the connection ended") }
    }

    /// Waits for the next reply and returns how many elements it has.
    @discardableResult
    func receive() throws -> Int {
        var reply: UnsafeMutableRawPointer?
        guard redisGetReply(context, &reply) == REDIS_OK, let reply else {
            throw Failure(reason: "the connection ended")
        }
        defer { freeReplyObject(reply) }
        let value = reply.assumingMemoryBound(to: redisReply.self).pointee
        guard value.type != REDIS_REPLY_ERROR else { throw Failure(reason: "an error reply") }
        return value.elements
    }
}

/// A command whose arguments lie in memory that does not move, so that only hiredis is measured.
final class RawCommand {
    let count: Int
    let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    let lengths: UnsafeMutablePointer<Int>

    init(_ arguments: [[UInt8]]) {
        count = arguments.count
        pointers = .allocate(capacity: count)
        lengths = .allocate(capacity: count)
        for (index, argument) in arguments.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, argument.count))
            argument.withUnsafeBytes { bytes in
                UnsafeMutableRawPointer(copy).copyMemory(
                    from: bytes.baseAddress ?? UnsafeRawPointer(copy),
                    byteCount: argument.count
                )
            }
            pointers[index] = UnsafePointer(copy)
            lengths[index] = argument.count
        }
    }

    deinit {
        for index in 0..<count { pointers[index]?.deallocate() }
        pointers.deallocate()
        lengths.deallocate()
    }
}
