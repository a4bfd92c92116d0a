import Foundation

/// Ports that nobody listens on just now.
package enum FreePort {
    /// The first of several that follow one another.
    ///
    /// Below 32768, where Linux begins to take ports for connections and for who asks for any: with
    /// several to be bound one after another, one of them would be gone now and then.
    package static func first(of count: Int) throws -> Int {
        for _ in 0..<100 {
            let first = 10_000 + (try next()) % 20_000
            let isFree = (first..<first + count).allSatisfy { port in
                do {
                    return try bound(port) == port
                } catch {
                    return false
                }
            }
            if isFree { return first }
        }
        throw POSIXError(.EADDRINUSE)
    }

    package static func next() throws -> Int { try bound(0) }

    /// The port that the system gives for this one; 0 lets it choose.
    private static func bound(_ port: Int) throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard let number = UInt16(exactly: port) else { throw POSIXError(.EADDRINUSE) }
        address.sin_port = number.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | getsockname(descriptor, address, &length)
            }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
