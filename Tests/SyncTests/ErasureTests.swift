import CallJobs
import CallStore
import ElevenLabs
import JobQueue
import PhoneNumbers
import Sync
import Testing

@Suite("erased callers and the upstream")
struct ErasureTests {
    private static let conversations = [
        ScriptedUpstream.Conversation("conv_1", at: SyncBench.start - 600)
    ]

    private func erase(on bench: SyncBench) async throws -> ErasureID {
        try await bench.drain(
            .range(.init(fromUnix: SyncBench.start - 3600, toUnix: SyncBench.start))
        )
        let number = try #require(E164(stored: "+14155550123"))
        let id = try await bench.store.write {
            try $0.beginErasure(of: .number(number), by: "ada").id
        }
        let erasure = try #require(try await bench.store.erasure(id))
        try await bench.store.write { writer in
            _ = try writer.clearContent(of: erasure, limit: 10)
            _ = try writer.clearCopies(of: erasure, limit: 10)
        }
        #expect(erasure.upstreamWaiting == 1)
        return id
    }

    @Test("a conversation is deleted once, and once more is as good")
    func deletes() async throws {
        try await SyncBench.run(Self.conversations) { bench in
            let id = try await erase(on: bench)
            let job = try bench.job(.erase(CallIdentity(conversationID: "conv_1")))
            #expect(try await bench.attempt(job) == .committed)
            #expect(try await bench.store.erasure(id)?.upstreamWaiting == 0)
            let again = try bench.job(.erase(CallIdentity(conversationID: "conv_1")))
            #expect(try await bench.attempt(again) == .committed)
            #expect(bench.upstream.deletions == ["conv_1", "conv_1"])
        }
    }

    @Test("an upstream that fails is asked again, and what it refuses is over")
    func retries() async throws {
        try await SyncBench.run(Self.conversations) { bench in
            let id = try await erase(on: bench)
            bench.upstream.change {
                $0.deletionFaults = [
                    .unavailable(status: 503, retryAfter: nil),
                    .validation(UpstreamAnswer(status: 422)),
                ]
            }
            let job = try bench.job(.erase(CallIdentity(conversationID: "conv_1")))
            let first = try await bench.attempt(job)
            #expect(first != .committed)
            #expect(try await bench.store.erasure(id)?.upstreamWaiting == 1)
            #expect(try await bench.attempt(job) == .committed)
            #expect(try await bench.store.erasure(id)?.upstreamWaiting == 0)
        }
    }

    @Test("nothing is deleted that was not erased here")
    func refusesOthers() async throws {
        try await SyncBench.run(Self.conversations) { bench in
            let job = try bench.job(.erase(CallIdentity(conversationID: "conv_1")))
            guard case .dead = try await bench.attempt(job) else {
                Issue.record("it was not refused")
                return
            }
            #expect(bench.upstream.deletions == [])
        }
    }

    @Test("polls bring nothing of it back, and read it no more for its row's sake")
    func polls() async throws {
        try await SyncBench.run(Self.conversations) { bench in
            _ = try await erase(on: bench)
            bench.upstream.change("conv_1") { $0.title = "Another title" }
            for _ in 0..<3 {
                try await bench.drain(
                    .range(.init(fromUnix: SyncBench.start - 3600, toUnix: SyncBench.start))
                )
            }
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.record.caller == nil)
            #expect(call.record.title == nil)
            #expect(call.transcript.isEmpty)
            #expect(bench.upstream.detailRequests == ["conv_1"])
        }
    }
}
