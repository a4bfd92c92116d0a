import Glibc
import NIOCore
import NIOPosix

/// A second handle of a connection's socket, to write from any thread while the event loop has
/// nothing to write itself.
///
/// The handle is a duplicate, so that it never names another file after the channel is closed.
final class RedisWire: Sendable {
    private let descriptor: CInt

    /// Nil for a channel without a socket, or when the process has no handle left.
    ///
    /// - Parameter channel: Must be on its event loop.
    init?(_ channel: any Channel) {
        let duplicate: CInt?
        do {
            duplicate = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        } catch {
            // Closed already, as its loop will tell.
            return nil
        }
        guard let duplicate, duplicate >= 0 else { return nil }
        descriptor = duplicate
    }

    deinit { _ = close(descriptor) }

    /// Ends the connection, for the server and for whoever is about to write.
    func end() { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// Writes what the socket takes now.
    ///
    /// - Returns: How many bytes that was; none when the connection is broken, as its loop will tell.
    func write(_ bytes: ByteBuffer) -> Int {
        bytes.withUnsafeReadableBytes { bytes in
            max(0, send(descriptor, bytes.baseAddress, bytes.count, Self.flags))
        }
    }

    private static let flags = CInt(MSG_DONTWAIT | MSG_NOSIGNAL)
}
