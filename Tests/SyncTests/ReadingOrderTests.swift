import CallJobs
import CallStore
import ElevenLabs
import Foundation
import HTTPClient
import JobQueue
import Testing

/// What the list, details and webhooks tell, in the orders in which they may come.
@Suite("Readings in any order")
struct ReadingOrderTests {
    typealias Conversation = ScriptedUpstream.Conversation

    private static let month: SyncArguments = .last(seconds: 30 * 86_400)
    private static let missing = ElevenLabsError.notFound(UpstreamAnswer(status: 404))

    @Test("a call whose detail was missing is asked for again when a later listing shows it")
    func doubtedDeletion() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 9_000)
        try await SyncBench.run([call]) { bench in
            bench.upstream.change { $0.detailFaults["conv_1"] = [Self.missing] }
            try await bench.drain(Self.month)
            let first = try #require(try await bench.call("conv_1"))
            #expect(!first.hasDetail)
            #expect(try await bench.store.tombstones(among: ["conv_1"]).count == 1)
            // It counts for nothing that is awaited.
            let end = bench.clock.unix + 10 * 86_400
            #expect(try await bench.store.unread(deletedBefore: end) == 0)
            // Not at once, nor by a poll.
            bench.upstream.forgetRequests()
            try await bench.drain(Self.month)
            bench.clock.unix += 3_600
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests.isEmpty)
            // Missing again: noted anew, so that one listing asks once.
            bench.upstream.change { $0.detailFaults["conv_1"] = [Self.missing] }
            try await bench.drain(Self.month)
            try await bench.drain(Self.month)
            #expect(bench.upstream.detailRequests == ["conv_1"])
            bench.clock.unix += 3_600
            try await bench.drain(Self.month)
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.hasDetail && call.transcript.count == 3)
            #expect(try await bench.store.tombstones(among: ["conv_1"]).isEmpty)
            #expect(try await bench.store.provenance(of: call.id).goneMilliseconds == nil)
        }
    }

    @Test("a webhook that was sent after the upstream denied the call brings it back")
    func webhookAfterDenial() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        try await SyncBench.run([call]) { bench in
            bench.upstream.change { $0.detailFaults["conv_1"] = [Self.missing] }
            try await bench.drain(.recent)
            bench.clock.unix += 60
            try await bench.deliver(ArchiveTests.event(call, at: bench.clock.unix))
            #expect(try await bench.call("conv_1")?.hasDetail == true)
            #expect(try await bench.store.tombstones(among: ["conv_1"]).isEmpty)
        }
    }

    @Test("what the upstream has emptied is filled from an older webhook, in either order")
    func emptied() async throws {
        var full = Conversation("conv_1", at: SyncBench.start - 600)
        full.booked = "success"
        var empty = full
        empty.turns = []
        empty.booked = nil
        var ends: [Call] = []
        for webhookComesFirst in [true, false] {
            try await SyncBench.run([empty]) { bench in
                let event = ArchiveTests.event(full, at: SyncBench.start - 500)
                if webhookComesFirst { try await bench.deliver(event) }
                try await bench.drain(.conversation(CallIdentity(conversationID: "conv_1")))
                if !webhookComesFirst { try await bench.deliver(event) }
                ends.append(try #require(try await bench.call("conv_1")))
            }
        }
        for call in ends {
            #expect(call.transcript.count == 3)
            #expect(call.record.criteria?.map(\.result) == ["success"])
        }
    }

    @Test("an analysis that was run anew to the same verdict is read for its criteria")
    func sameVerdict() async throws {
        var old = Conversation("conv_1", at: SyncBench.start - 600)
        old.booked = "failure"
        var new = old
        new.booked = "success"
        new.summary = "They booked."
        try await SyncBench.run([new]) { bench in
            try await bench.deliver(ArchiveTests.event(old, at: SyncBench.start - 500))
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests == ["conv_1"])
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.record.criteria?.map(\.result) == ["success"])
            #expect(call.record.summary == "They booked.")
        }
    }

    @Test("the first webhook of the end replaces what was read before it, whenever the list was")
    func lateEnd() async throws {
        var going = Conversation("conv_1", at: SyncBench.start - 600)
        going.status = "in-progress"
        going.turns = ["Hello."]
        var over = going
        over.status = "done"
        over.turns = ["Hello.", "I would like to book.", "Tomorrow."]
        over.booked = "success"
        try await SyncBench.run([going]) { bench in
            try await bench.drain(.recent)
            bench.clock.unix += 900
            bench.upstream.change("conv_1") { $0 = over }
            bench.upstream.change {
                $0.detailFaults["conv_1"] = [.unavailable(status: 500, retryAfter: nil)]
            }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(try await bench.call("conv_1")?.hasDetail == false)
            let event = ArchiveTests.event(over, at: bench.clock.unix - 300)
            try await bench.deliver(event)
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.hasDetail)
            #expect(call.transcript.count == 3)
            #expect(call.record.criteria?.map(\.result) == ["success"])
            #expect(try await bench.store.provenance(of: call.id).changes.isEmpty)
        }
    }

    @Test("a row is of when the list was asked for, however long its page took")
    func oldRow() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        try await SyncBench.run([call]) { bench in
            let clock = bench.clock
            bench.upstream.change { state in
                state.detailFaults["conv_1"] = [.rateLimited(retryAfter: .seconds(1))]
                // The page is on its way for a while.
                state.beforePage = { _, _ in clock.unix += 90 }
            }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            let stored = try #require(try await bench.call("conv_1"))
            #expect(stored.record.fetchedAtMilliseconds == SyncBench.start * 1000)
        }
    }

    @Test(
        "a webhook without turns is kept for what it tells when there is no detail",
        arguments: [
            Self.missing, .tooLarge(limit: 1), .validation(UpstreamAnswer(status: 422)),
        ]
    )
    func withoutDetail(fault: ElevenLabsError) async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        let body = ArchiveTests.event(call, at: SyncBench.start - 500)
        let data = try #require(
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        )
        var event = data
        var detail = try #require(data["data"] as? [String: Any])
        detail["transcript"] = nil
        event["data"] = detail
        let bare = ScriptedUpstream.json(event)
        try await SyncBench.run([call]) { bench in
            bench.upstream.change { $0.detailFaults["conv_1"] = [fault] }
            let id = try await bench.receive(bare)
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            #expect(try await bench.store.inboxItem(id)?.state == .done)
            let stored = try #require(try await bench.call("conv_1"))
            #expect(!stored.hasDetail)
            #expect(stored.record.durationSeconds == 60)
            let provenance = try await bench.store.provenance(of: stored.id)
            #expect(provenance.arrival == .webhook)
            #expect((provenance.goneMilliseconds != nil) == (fault == Self.missing))
        }
    }

    @Test("a detail that is refused for good costs one job until its row changes")
    func refusedDetail() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        try await SyncBench.run([call]) { bench in
            let fault = ElevenLabsError.tooLarge(limit: 1)
            bench.upstream.change { $0.detailFaults["conv_1"] = [fault, fault] }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            let again = try await bench.waiting()
            #expect(again.count == 1)
            let end = try await bench.attempt(try #require(again.first))
            #expect(end == .dead("the answer has more than 1 bytes"))
            bench.upstream.forgetRequests()
            bench.clock.unix += 900
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(bench.upstream.detailRequests.isEmpty)
            #expect(try await bench.waiting().count == 1)
        }
    }

    @Test("calls that can never end are not awaited")
    func endless() async throws {
        var call = Conversation("conv_1", at: SyncBench.start - 600)
        call.status = "in-progress"
        try await SyncBench.run([call]) { bench in
            try await bench.drain(.recent)
            #expect(try await bench.store.counts().unfinished == 1)
            bench.upstream.change("conv_1") { $0.isGone = true }
            try await bench.drain(.conversation(CallIdentity(conversationID: "conv_1")))
            #expect(try await bench.store.counts().unfinished == 0)
            #expect(try await bench.store.unfinished(startedBefore: bench.clock.unix) == 0)
        }
    }

    @Test("a clock that steps back refuses no reading")
    func clockStepsBack() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 600)
        try await SyncBench.run([call]) { bench in
            bench.upstream.change { $0.detailFaults["conv_1"] = [Self.missing] }
            try await bench.drain(.recent)
            bench.clock.unix -= 60
            try await bench.deliver(ArchiveTests.event(call, at: bench.clock.unix - 1))
            #expect(try await bench.call("conv_1")?.hasDetail == true)
            #expect(try await bench.store.unreadableBodies(limit: 10).isEmpty)
        }
    }

    @Test("a page that is listed anew from a time on counts its calls once")
    func countsOnce() async throws {
        // Two in each minute, three seconds apart: the overlap shows both again.
        let calls = [0, 60, 63, 120, 123, 180, 183, 240, 243].map { (seconds: Int64) in
            Conversation("conv_\(seconds)", at: SyncBench.start - 9_000 + seconds)
        }
        try await SyncBench.run(calls, pageSize: 4) { bench in
            bench.upstream.change { $0.refusesCursors = true }
            try await bench.drain(Self.month)
            let range = (SyncBench.start - 40 * 86_400)..<SyncBench.start
            let covered = try await bench.store.coverage(over: range)
            #expect(covered.map(\.calls).reduce(0, +) == 9)
        }
    }
}
