import Foundation

/// The parts of `ringback status --json` that the tests look at.
struct StatusReport: Decodable, Sendable {
    struct Calls: Decodable, Sendable {
        let total: Int
        let done: Int
        let unfinished: Int
        let attributed: Int
        let unattributed: Int
        let conversions: Int
        let lastPoll: String?
    }

    struct Queue: Decodable, Sendable {
        let name: String
        let ready: [String: Int]
        let running: Int
        let later: Int
        let dead: Int
        let workers: Int

        var isIdle: Bool { running == 0 && ready.values.allSatisfy { $0 == 0 } }
    }

    let queues: [Queue]
    let calls: Calls

    init(_ text: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    }
}
