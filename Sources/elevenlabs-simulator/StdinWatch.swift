import Foundation
import ServiceLifecycle

/// Ends when standard input is closed: the supervisor at its other end is gone.
struct StdinWatch: Service {
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in Self.input() {}
        }
    }

    /// A sequence that ends with the input.
    ///
    /// A thread waits in `read`, because what epoll does for pipes it refuses for files.
    private static func input() -> AsyncStream<Void> {
        let (input, end) = AsyncStream.makeStream(of: Void.self)
        let thread = Thread {
            var bytes = [UInt8](repeating: 0, count: 512)
            while true {
                // Nobody is expected to write; what comes is thrown away.
                let count = read(STDIN_FILENO, &bytes, bytes.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
            }
            end.finish()
        }
        thread.name = "stdin"
        thread.start()
        return input
    }
}
