import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobQueue
import JobWorker
import Testing

@Suite("A complete archive")
struct ArchiveTests {
    typealias Conversation = ScriptedUpstream.Conversation

    private static let month: SyncArguments = .last(seconds: 30 * 86_400)

    static func event(_ call: Conversation, at unix: Int64) -> String {
        #"{"type":"post_call_transcription","event_timestamp":\#(unix),"data":"#
            + ScriptedUpstream.detailJSON(call) + "}"
    }

    // MARK: Late and repeated webhooks

    @Test("a webhook that comes late changes nothing of what a poll has read since")
    func lateWebhook() async throws {
        let old = Conversation("conv_1", at: SyncBench.start - 600)
        var new = old
        new.verdict = "failure"
        new.rating = 2
        try await SyncBench.run([new]) { bench in
            try await bench.drain(.recent)
            let before = try #require(try await bench.call("conv_1"))
            // The event happened before the poll; its retry comes 40 minutes later.
            bench.clock.unix += 2_400
            try await bench.deliver(Self.event(old, at: SyncBench.start - 500))
            let after = try #require(try await bench.call("conv_1"))
            #expect(after.record.callSuccessful == "failure")
            #expect(after.record.rating == 2)
            #expect(after.revision == before.revision)
            let provenance = try await bench.store.provenance(of: after.id)
            #expect(provenance.arrival == .poll)
            #expect(provenance.webhookMilliseconds == bench.clock.unix * 1000)
            #expect(provenance.changes == [])
        }
    }

    @Test("an analysis that was run anew since the webhook is read, and the old verdict kept")
    func rerunAnalysis() async throws {
        let old = Conversation("conv_1", at: SyncBench.start - 600)
        var new = old
        new.verdict = "failure"
        new.turns = ["Hello.", "Goodbye."]
        try await SyncBench.run([new]) { bench in
            try await bench.deliver(Self.event(old, at: SyncBench.start - 500))
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests == ["conv_1"])
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.record.callSuccessful == "failure")
            #expect(call.transcript.count == 2)
            let provenance = try await bench.store.provenance(of: call.id)
            #expect(provenance.arrival == .webhook)
            #expect(provenance.correctedMilliseconds == SyncBench.start * 1000)
            #expect(
                provenance.changes.map(\.field) == ["call-successful", "transcript"]
                    && provenance.changes.map(\.value) == [.text("success"), .integer(3)]
            )
        }
    }

    @Test("a rating that comes late is taken in, and the one before it kept")
    func lateRating() async throws {
        var call = Conversation("conv_1", at: SyncBench.start - 600)
        call.rating = nil
        try await SyncBench.run([call]) { bench in
            try await bench.drain(.recent)
            for rating in [2, 5] {
                bench.clock.unix += 3_600
                bench.upstream.change("conv_1") { $0.rating = rating }
                try await bench.drain(Self.month)
            }
            let stored = try #require(try await bench.call("conv_1"))
            #expect(stored.record.rating == 5)
            let changes = try await bench.store.provenance(of: stored.id).changes
            #expect(changes.map(\.field) == ["rating", "rating"])
            #expect(changes.map(\.value) == [.null, .integer(2)])
            // Nothing more to learn: the next listing asks for nothing.
            bench.upstream.forgetRequests()
            try await bench.drain(Self.month)
            #expect(bench.upstream.detailRequests.isEmpty)
        }
    }

    @Test("the event of a failed call does not move the start that a poll has read")
    func failureKeepsStart() async throws {
        var call = Conversation("conv_9", at: SyncBench.start - 100)
        call.status = "initiated"
        try await SyncBench.run([call]) { bench in
            try await bench.drain(.recent)
            let body = """
                {"type":"call_initiation_failure","event_timestamp":\(SyncBench.start - 60),
                "data":{"agent_id":"agent_1","conversation_id":"conv_9","failure_reason":"busy",
                "metadata":{"type":"sip","body":{"from_number":"+14155550100",
                "to_number":"+14155550123","sip_status_code":486}}}}
                """
            try await bench.deliver(body)
            let stored = try #require(try await bench.call("conv_9")).record
            #expect(stored.startedUnix == SyncBench.start - 100)
            #expect(stored.status == .failed && stored.callResult == "busy")
        }
    }

    // MARK: What is no more

    @Test("a call that the upstream has deleted keeps its words and gets a tombstone")
    func deletedUpstream() async throws {
        let calls = (1...9).map { Conversation("conv_\($0)", at: SyncBench.start - 9_000 + $0) }
        try await SyncBench.run(calls, pageSize: 4) { bench in
            try await bench.drain(Self.month)
            bench.upstream.change("conv_3") { $0.isGone = true }
            bench.upstream.change("conv_9") { $0.isGone = true }
            bench.upstream.forgetRequests()
            bench.clock.unix += 86_400
            try await bench.drain(Self.month)
            #expect(Set(bench.upstream.detailRequests) == ["conv_3", "conv_9"])
            let buried = try await bench.store.tombstones(among: calls.map(\.id))
            #expect(Set(buried.keys) == ["conv_3", "conv_9"])
            #expect(buried.values.allSatisfy { $0.reason == .deletedUpstream })
            #expect(try await bench.call("conv_3")?.transcript.count == 3)
            #expect(try await bench.store.archiveState().deletedUpstream == 2)
            // They are asked for once, not every night.
            bench.upstream.forgetRequests()
            bench.clock.unix += 86_400
            try await bench.drain(Self.month)
            #expect(bench.upstream.detailRequests.isEmpty)
            // One that was only away comes back to life.
            bench.upstream.change("conv_3") { $0.isGone = false }
            try await bench.drain(
                .conversation(CallIdentity(conversationID: "conv_3"))
            )
            let left = try await bench.store.tombstones(among: calls.map(\.id))
            #expect(Set(left.keys) == ["conv_9"])
        }
    }

    @Test("nothing brings back what was erased here: no poll, no webhook, no hand")
    func erased() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        let other = Conversation("conv_2", at: SyncBench.start - 500)
        var broken = Conversation("conv_3", at: SyncBench.start - 400)
        broken.rowBody = #"{"conversation_id":"conv_3","agent_id":"a","secret":"word"}"#
        try await SyncBench.run([call, other, broken]) { bench async throws in
            try await bench.store.write { writer throws in
                for id in ["conv_1", "conv_3"] {
                    try writer.bury(CallIdentity(conversationID: id), .erased)
                    // What the upstream says of it later does not matter.
                    try writer.bury(CallIdentity(conversationID: id), .deletedUpstream)
                }
            }
            for arguments in [SyncArguments.recent, Self.month, Self.month] {
                try await bench.drain(arguments)
                bench.clock.unix += 86_400
            }
            #expect(bench.upstream.detailRequests == ["conv_2"])
            let fetch = try bench.job(.conversation(CallIdentity(conversationID: "conv_1")))
            #expect(try await bench.attempt(fetch) == .discard("the conversation was erased here"))
            let id = try await bench.receive(Self.event(call, at: SyncBench.start))
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            #expect(try await bench.call("conv_1") == nil)
            #expect(try await bench.store.unreadableBodies(limit: 10) == [])
            #expect(try await bench.store.counts().total == 1)
            #expect(try await bench.store.archiveState().erased == 2)
            await #expect(throws: StoreError.self) {
                try await bench.store.write { writer throws in
                    var record = CallRecord(
                        identity: CallIdentity(conversationID: "conv_1"),
                        source: .list,
                        fetchedAtMilliseconds: 1,
                        agentID: "a",
                        status: .done
                    )
                    record.startedUnix = 1
                    try writer.record(record)
                }
            }
        }
    }

    @Test("a detail that was under way when its call was erased is not written")
    func erasedMeanwhile() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        try await SyncBench.run([call]) { bench in try await eraseMeanwhile(bench) }
    }

    private func eraseMeanwhile(_ bench: SyncBench) async throws {
        let identity = CallIdentity(conversationID: "conv_1")
        let job = try bench.job(.recent)
        let change: StoreChange
        switch try await bench.result(of: job) {
        case .done(let read): change = read
        default: throw StoreError.notFound(what: "a page that was read")
        }
        try await bench.store.write { writer throws in try writer.bury(identity, .erased) }
        let end = try await bench.commit(change, of: job)
        #expect(end == .committed)
        let total = try await bench.store.counts().total
        #expect(total == 0)
        let body = try await bench.store.rawBody(.detail, of: identity)
        #expect(body == nil)
    }

    // MARK: Pages that repeat

    @Test("a page that comes twice ends no walk and loses no call", arguments: [false, true])
    func repeatedPage(leadsToItself: Bool) async throws {
        let calls = (1...20).map { Conversation("conv_\($0)", at: SyncBench.start - 900 + $0 * 10) }
        try await SyncBench.run(calls, pageSize: 4) { bench in
            bench.upstream.change { $0.repeats = leadsToItself ? [3: true] : [3: false] }
            try await bench.drain(.recent)
            #expect(try await bench.store.counts().total == 20)
            #expect(try await bench.store.mark(.lastPoll) == (SyncBench.start - 5) * 1000)
            #expect(Set(bench.upstream.detailRequests).count == bench.upstream.detailRequests.count)
        }
    }
}
