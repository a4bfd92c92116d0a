import CZlib
import Foundation

/// Compression of bodies at rest: zlib's own format, which every language can read.
enum Zlib {
    static func compress(_ data: Data) throws(StoreError) -> Data {
        var size = compressBound(uLong(data.count))
        var output = Data(count: Int(size))
        let status = output.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { source in
                CZlib.compress(
                    target.bindMemory(to: Bytef.self).baseAddress,
                    &size,
                    source.bindMemory(to: Bytef.self).baseAddress,
                    uLong(data.count)
                )
            }
        }
        guard status == Z_OK else {
            throw .unavailable(reason: "zlib could not compress a body (\(status))")
        }
        return output.prefix(Int(size))
    }

    /// The body whose length, `bytes`, stands beside its compressed form.
    static func decompress(_ data: Data, bytes: Int) throws(StoreError) -> Data {
        guard bytes > 0 else { return Data() }
        var size = uLong(bytes)
        var output = Data(count: bytes)
        let status = output.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { source in
                CZlib.uncompress(
                    target.bindMemory(to: Bytef.self).baseAddress,
                    &size,
                    source.bindMemory(to: Bytef.self).baseAddress,
                    uLong(data.count)
                )
            }
        }
        guard status == Z_OK, size == uLong(bytes) else {
            throw .damaged(reason: "a stored body cannot be decompressed (\(status))")
        }
        return output
    }
}
