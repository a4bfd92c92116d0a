import Foundation

extension [UInt8] {
    /// Where the first occurrence of some bytes, one at least, ends; nil when there is none.
    func end(of bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
            withUnsafeBytes { text in
                guard let first = bytes.first, let wanted = bytes.baseAddress,
                    let base = text.baseAddress
                else { return nil }
                // Searched by its first byte, which stands a few times in a flat object of JSON.
                var start = 0
                while start + bytes.count <= text.count {
                    let room = text.count - bytes.count - start + 1
                    guard let found = memchr(base + start, Int32(first), room) else { return nil }
                    start = base.distance(to: UnsafeRawPointer(found))
                    if memcmp(found, wanted, bytes.count) == 0 { return start + bytes.count }
                    start += 1
                }
                return nil
            }
        }
    }
}
