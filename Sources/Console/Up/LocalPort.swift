import Foundation
import Hosting

/// Ports of this machine.
enum LocalPort {
    /// Whether something takes connections on a port of the loopback interface.
    static func answers(_ port: Int) async -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        var address = loopback(port: port)
        // The loopback answers at once, with a connection or a refusal.
        return withAddress(&address) { connect(file, $0, $1) } == 0
    }

    /// A port that is free now.
    static func free() throws(StartFailure) -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { throw noPort() }
        defer { close(file) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withAddress(&address, { bind(file, $0, $1) }) == 0 else { throw noPort() }
        let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(file, $0, &length) == 0
            }
        }
        guard isNamed else { throw noPort() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether this program could listen on a port of the loopback interface.
    static func isFree(_ port: Int) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        // As servers do, so that connections that linger do not count.
        var yes: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port: port)
        return withAddress(&address) { bind(file, $0, $1) } == 0 && listen(file, 1) == 0
    }

    private static func noPort() -> StartFailure {
        StartFailure(.failed, "no port can be had (\(String(cString: strerror(errno))))")
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func withAddress(
        _ address: inout sockaddr_in,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
