import Ambient
import Foundation
import NIOPosix
import RedisClient
import TestSupport

/// Reads the keys of a queue from outside.
struct QueueProbe: Sendable {
    let redis: PrivateRedis

    /// What a queue still holds, by key; empty when it is empty at the end.
    func leftovers(ofQueue queue: String) async throws -> [String] {
        let tag = "ringback:{\(queue)}:"
        var left: [String] = []
        for key in try await keys(matching: "\(tag)*") {
            let name = key.dropFirst(tag.count)
            let isKept = ["ctl", "stat", "workers", "bell", "cancel"].contains { $0 == name }
            if isKept || name.hasPrefix("worker:") || name.hasPrefix("tick:")
                || name.hasPrefix("ticks:")
            {
                continue
            }
            if name.hasPrefix("call:") { continue }
            left.append(key)
        }
        return left
    }

    /// The keys of a pattern, by SCAN.
    func keys(matching pattern: String) async throws -> [String] {
        let result = try await cli("--scan", "--pattern", pattern)
        return result.lines.sorted()
    }

    /// Runs redis-cli, the tool of those who look from outside.
    func cli(_ arguments: String...) async throws -> CommandResult {
        try await ChildProcess.run(
            ChildProcess.Command(["redis-cli", "-s", redis.socketPath] + arguments)
        )
    }
}
