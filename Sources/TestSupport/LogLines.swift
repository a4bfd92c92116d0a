package import Logging
import Synchronization

/// What a program logged from `notice` on, one text for each line: its message and metadata.
package final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    package var all: [String] { lines.withLock { $0 } }

    package init() {}

    package func handler() -> any LogHandler { Handler(log: self) }

    private func add(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .notice

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.add("\(event.message) \(event.metadata ?? [:])")
        }
    }
}
