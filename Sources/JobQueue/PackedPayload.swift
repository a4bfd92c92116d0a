import CZlib

/// How the bytes of a payload stand in an envelope.
package enum PayloadEncoding: String, Sendable, CaseIterable {
    /// As the producer gave them.
    case raw

    /// Compressed: zlib's own format, which every language can read.
    case deflate
}

/// Why the arguments of a job cannot be had.
package enum PayloadError: Error, Equatable, Sendable {
    /// They would have more bytes than a payload may.
    case tooLarge(limit: Int)

    /// The compressed bytes are none.
    case damaged
}

/// A payload as it goes into an envelope: compressed where that saves something.
package struct PackedPayload: Sendable, Equatable {
    package let encoding: PayloadEncoding
    package let bytes: [UInt8]

    /// Compresses from `QueueLimits.compressFrom` bytes on, if it becomes smaller.
    package init(_ payload: [UInt8]) {
        if payload.count >= QueueLimits.compressFrom, let packed = Self.deflated(payload),
            packed.count < payload.count
        {
            (encoding, bytes) = (.deflate, packed)
        } else {
            (encoding, bytes) = (.raw, payload)
        }
    }

    /// Nil when zlib has no memory left; the payload goes as it is then.
    private static func deflated(_ payload: [UInt8]) -> [UInt8]? {
        var size = compressBound(uLong(payload.count))
        var output = [UInt8](repeating: 0, count: Int(size))
        let status = output.withUnsafeMutableBufferPointer { target in
            payload.withUnsafeBufferPointer { source in
                CZlib.compress(
                    target.baseAddress,
                    &size,
                    source.baseAddress,
                    uLong(payload.count)
                )
            }
        }
        guard status == Z_OK else { return nil }
        output.removeLast(output.count - Int(size))
        return output
    }

    /// What compressed bytes stand for, if that is no more than a limit.
    ///
    /// The output grows in steps up to the limit, so a few bytes that stand for gigabytes cost no
    /// more memory than it.
    static func inflated(_ bytes: [UInt8], limit: Int) throws(PayloadError) -> [UInt8] {
        var capacity = min(limit, max(4 * bytes.count, 4096))
        while true {
            var size = uLong(capacity)
            var output = [UInt8](repeating: 0, count: capacity)
            let status = output.withUnsafeMutableBufferPointer { target in
                bytes.withUnsafeBufferPointer { source in
                    CZlib.uncompress(
                        target.baseAddress,
                        &size,
                        source.baseAddress,
                        uLong(bytes.count)
                    )
                }
            }
            switch status {
            case Z_OK:
                output.removeLast(capacity - Int(size))
                return output
            case Z_BUF_ERROR where capacity < limit:
                capacity = min(limit, capacity * 4)
            case Z_BUF_ERROR:
                throw .tooLarge(limit: limit)
            default:
                throw .damaged
            }
        }
    }
}

extension Job {
    /// The arguments as the producer gave them; unpacked when they are asked for.
    ///
    /// - Parameter limit: Most bytes that they may have.
    /// - Returns: The bytes, JSON by convention.
    /// - Throws: `PayloadError` when they are damaged or stand for more than the limit.
    package func arguments(
        limit: Int = QueueLimits.payloadBytesMax
    ) throws(PayloadError) -> [UInt8] {
        switch encoding {
        case .raw: payload
        case .deflate: try PackedPayload.inflated(payload, limit: limit)
        }
    }
}
