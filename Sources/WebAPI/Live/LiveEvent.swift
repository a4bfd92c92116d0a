import CallStore
import Foundation

/// One thing that listeners are told.
enum LiveEvent: Sendable {
    /// How far the store is when somebody begins to listen.
    case hello(sequence: Int64)

    /// Calls are new or other than before.
    case calls(StoreChanges)
    case queues(LivePulse.Depths)

    /// Nothing, so that the connection is known to be alive.
    case beat

    /// The event as the browser's `EventSource` reads it.
    var text: String {
        switch self {
        case .hello(let sequence):
            Self.block("hello", Hello(sequence: sequence))
        case .calls(let changes):
            Self.block(
                "calls",
                Calls(
                    sequence: changes.sequence,
                    calls: changes.calls.map(\.number),
                    isComplete: changes.isComplete
                )
            )
        case .queues(let depths):
            Self.block(
                "queues",
                Queues(queues: depths.queues, redisDown: depths.downSinceUnix != nil)
            )
        case .beat: ": alive\n\n"
        }
    }

    private struct Hello: Encodable {
        var sequence: Int64
    }

    private struct Calls: Encodable {
        var sequence: Int64
        var calls: [Int64]

        /// Whether those are all that changed.
        var isComplete: Bool
    }

    private struct Queues: Encodable {
        var queues: [LivePulse.Depth]
        var redisDown: Bool
    }

    private static func block(_ name: String, _ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let data = String(decoding: try encoder.encode(value), as: UTF8.self)
            return "event: \(name)\ndata: \(data)\n\n"
        } catch {
            preconditionFailure("Our own events hold nothing that JSON cannot hold.")
        }
    }
}
