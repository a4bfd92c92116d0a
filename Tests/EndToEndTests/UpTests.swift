import Ambient
import Foundation
import TestSupport
import Testing

/// The main job as a new user runs it: `ringback up`, and nothing else.
@Suite("ringback up", .serialized)
struct UpTests {
    @Test("brings calls in, credits, judges and exports them, and ends in order")
    func mainJob() async throws {
        let stack = try await RunningStack.start(in: ScratchFolder())
        let hasAll = try await eventually(within: .seconds(120), every: .seconds(1)) {
            try await isComplete(stack)
        }
        #expect(hasAll, "\(stack.process.recentOutput)")

        let status = try await stack.status()
        let truth = try await Truth(address: stack.simulator).rows()
        let lastPoll = try #require(status.calls.lastPoll)
        let instant = try Date(lastPoll, strategy: .iso8601)
        let expected = truth.values.count {
            Double($0.startedUnix) < instant.timeIntervalSince1970
        }
        #expect(status.calls.total == expected)
        #expect(status.calls.attributed > 0)
        #expect(status.calls.unattributed > 0)
        #expect(status.calls.conversions > 0)

        let calls = try StoreProbe(path: "\(stack.data)/ringback.sqlite").calls()
        let sample = truth.values.filter(\.isFinished).shuffled().prefix(50)
        for row in sample {
            let call = try #require(calls[row.id], "\(row.id) is missing")
            guard call.isFinished else { continue }
            #expect(call.campaign == row.campaign, "\(row.id)")
            #expect(call.isConversion == row.converted, "\(row.id)")
        }

        stack.process.signal(SIGINT)
        #expect(await stack.process.ended() == .exited(0))
        #expect(try stack.children().isEmpty)
    }

    @Test("its children end when it is killed, and the next one goes on with the same data")
    func killed() async throws {
        let folder = try ScratchFolder()
        let first = try await RunningStack.start(in: folder, calls: 600)
        let hasSome = try await eventually(within: .seconds(60)) {
            try await first.status().calls.total > 0
        }
        #expect(hasSome, "\(first.process.recentOutput)")
        await first.process.kill()
        let areGone = try await eventually(within: .seconds(5)) { try first.children().isEmpty }
        let left = try first.children()
        #expect(areGone, "\(left)")

        let second = try await RunningStack.start(in: folder, calls: 600)
        let hasAll = try await eventually(within: .seconds(150), every: .seconds(1)) {
            try await isComplete(second)
        }
        #expect(hasAll, "\(second.process.recentOutput)")
        let truth = try await Truth(address: second.simulator).rows()
        let calls = try StoreProbe(path: "\(second.data)/ringback.sqlite").calls()
        #expect(Set(calls.keys) == Set(truth.keys))
        second.process.signal(SIGTERM)
        #expect(await second.process.ended() == .exited(0))
    }

    /// Whether everything has come in and an export stands with its manifest.
    private func isComplete(_ stack: RunningStack) async throws -> Bool {
        let status = try await stack.status()
        guard status.calls.total >= 500, status.calls.lastPoll != nil else { return false }
        guard status.queues.allSatisfy(\.isIdle) else { return false }
        guard status.calls.attributed + status.calls.unattributed == status.calls.total else {
            return false
        }
        let exports = "\(stack.data)/exports"
        guard FileManager.default.fileExists(atPath: exports) else { return false }
        let files = try FileManager.default.contentsOfDirectory(atPath: exports)
        return files.contains { $0.hasSuffix(".csv") } && files.contains { $0.hasSuffix(".json") }
    }
}
