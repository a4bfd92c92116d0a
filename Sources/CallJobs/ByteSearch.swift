extension [UInt8] {
    /// Where the first occurrence of some bytes ends; nil when there is none.
    func end(of bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            withUnsafeBufferPointer { text in
                var start = 0
                while start + bytes.count <= text.count {
                    var matched = 0
                    while matched < bytes.count, text[start + matched] == bytes[matched] {
                        matched += 1
                    }
                    if matched == bytes.count { return start + matched }
                    start += 1
                }
                return nil
            }
        }
    }
}
