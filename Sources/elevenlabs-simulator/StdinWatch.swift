import Foundation
import ServiceLifecycle

/// Ends when standard input is closed: the supervisor at its other end is gone.
struct StdinWatch: Service {
    func run() async throws {
        await cancelWhenGracefulShutdown {
            let source = DispatchSource.makeReadSource(
                fileDescriptor: STDIN_FILENO,
                queue: .global()
            )
            defer { source.cancel() }
            for await _ in Self.events(of: source) {}
        }
    }

    /// A sequence that ends with the input.
    private static func events(of source: any DispatchSourceRead) -> AsyncStream<Void> {
        let (events, end) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 512)
            // Nobody is expected to write; what comes is thrown away.
            if read(STDIN_FILENO, &bytes, bytes.count) <= 0 { end.finish() }
        }
        source.activate()
        return events
    }
}
