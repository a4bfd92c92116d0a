import Foundation
import TestSupport
import Testing

/// `ringback bench soak` against a Redis that somebody else runs.
@Suite("a soak", .serialized)
struct SoakProcessTests {
    @Test("keeps every job, also of a worker that is killed, and leaves no queue behind")
    func soak() async throws {
        let redis = try await PrivateRedis.start()
        let folder = try ScratchFolder()
        var command = ChildProcess.Command([
            Executables.path("ringback"), "bench", "soak", "--minutes", "0.2", "--rate", "300",
            "--workers", "2", "--slots", "4", "--json",
        ])
        command.environment = [
            "REDIS_URL": redis.url, "RINGBACK_DB": "\(folder.path)/unused.sqlite",
        ]
        let soak = try await ChildProcess.launch(command)
        let worker = try await firstWorker(of: soak.processID)
        kill(worker, SIGKILL)
        let ending = await soak.ended()
        let output = soak.recentOutput
        #expect(ending == .exited(0), "\(output)")
        let report = try #require(
            JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        )
        #expect(report["entered"] as? Int == 3600)
        #expect(report["recorded"] as? Int == 3600)
        #expect(report["lost"] as? Int == 0)
        #expect(report["doubled"] as? Int == 0)
        #expect(report["left"] as? Int == 0)
        #expect(report["deaths"] as? Int == 1)
        let waits = try #require(report["waitMilliseconds"] as? [String: Double])
        #expect((waits["p50"] ?? 0) > 0)
        #expect((waits["max"] ?? 0) >= (waits["p999"] ?? 0))
        let memory = try #require(report["memory"] as? [[String: Any]])
        #expect(
            memory.map { $0["process"] as? String } == [
                "producer", "worker-1", "worker-2", "redis",
            ]
        )
        // The worker that was killed may have been gone before anybody looked.
        let most = memory.map { $0["mostBytes"] as? Int }
        #expect(most.count(where: { $0 == nil }) <= 1, "\(memory)")
        #expect(most.allSatisfy { $0.map { $0 > 500_000 } ?? true }, "\(memory)")
        // What is left is remembered for a while of calls and workers, and goes by itself.
        let keys = try await ChildProcess.run(
            ChildProcess.Command(["redis-cli", "-s", redis.socketPath, "--scan"])
        )
        #expect(
            keys.lines.allSatisfy { $0.contains(":call:") || $0.contains(":worker:") },
            "\(keys.lines)"
        )
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/unused.sqlite"))
        await redis.kill()
    }

    /// A child process that is a worker, once it is there.
    private func firstWorker(of parent: Int32) async throws -> Int32 {
        while true {
            let found = try await ChildProcess.run(
                ChildProcess.Command(["pgrep", "-P", "\(parent)", "-f", "soak-worker"])
            )
            if let line = found.lines.first, let worker = Int32(line) { return worker }
        }
    }
}
