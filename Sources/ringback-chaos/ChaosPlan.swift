import Foundation
import JobQueue
import TestSupport

/// Which jobs a storm has; it all follows from the seed, so that a producer that was killed makes
/// the same ones again.
struct ChaosPlan: Sendable {
    static let limitKeys = 3

    let seed: UInt64
    let jobs: Int

    /// The jobs of one call, from the number of its first one.
    struct Call: Sendable {
        let id: EnqueueCallID
        let jobs: [NewJob]

        /// Whether it is sent a second time under another name.
        let isDoubled: Bool
        let doubleID: EnqueueCallID
    }

    func call(from first: Int) throws -> Call {
        var random = Seeded(seed: seed ^ UInt64(first) &* 0x9E37_79B9)
        let count = min(jobs - first, Int.random(in: 1...100, using: &random))
        let lane: Lane = [.std, .std, .hi, .low].randomElement(using: &random) ?? .std
        return Call(
            id: try EnqueueCallID("feed-\(first)"),
            jobs: try (first..<first + count).map { try job($0, lane: lane) },
            isDoubled: Int.random(in: 0..<30, using: &random) == 0,
            doubleID: try EnqueueCallID("again-\(first)")
        )
    }

    static func id(_ number: Int) -> String { "job-\(number)" }

    static func kind(_ number: Int) -> ChaosKind {
        switch number % 20 {
        case 3: .flaky
        case 7, 17: .leading
        default: .work
        }
    }

    private func job(_ number: Int, lane: Lane) throws -> NewJob {
        var random = Seeded(seed: seed &+ UInt64(number))
        // Most are quick; some take long enough to be running when their worker dies.
        let milliseconds =
            Int.random(in: 0..<10, using: &random) < 7
            ? Int.random(in: 0...20, using: &random) : Int.random(in: 100...400, using: &random)
        let unique = number % 25 == 4 ? try UniqueKey("unique-\(number)") : nil
        let limit =
            number % 25 == 9 ? try LimitKey("agent:\(number / 25 % Self.limitKeys)") : nil
        return NewJob(
            id: try JobID(Self.id(number)),
            kind: Self.kind(number).rawValue,
            lane: lane,
            payload: Array("\(milliseconds)".utf8),
            unique: unique,
            delay: number % 30 == 1 ? .seconds(2) : .zero,
            limit: limit
        )
    }
}

/// How far a producer has come; survives it.
struct ChaosProgress: Sendable {
    /// One call that was acknowledged.
    struct Acknowledgement: Sendable {
        let first: Int
        let count: Int
        let unixMilliseconds: Int64
    }

    let folder: String

    private var path: String { "\(folder)/acknowledged" }

    /// Adds a call; a line that a kill cut short does not count.
    func add(_ first: Int, _ count: Int, at unixMilliseconds: Int64) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        defer { close(descriptor) }
        let line = Array("\(first) \(count) \(unixMilliseconds)\n".utf8)
        // One write of a short line: there whole or not at all, as far as a kill goes.
        guard write(descriptor, line, line.count) == line.count else { throw POSIXError(.EIO) }
    }

    func acknowledgements() throws -> [Acknowledgement] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").compactMap { Int64($0) }
            guard words.count == 3 else { return nil }
            return Acknowledgement(
                first: Int(words[0]),
                count: Int(words[1]),
                unixMilliseconds: words[2]
            )
        }
    }

    /// The number of the first job that was not acknowledged.
    func next() throws -> Int {
        try acknowledgements().map { $0.first + $0.count }.max() ?? 0
    }
}
