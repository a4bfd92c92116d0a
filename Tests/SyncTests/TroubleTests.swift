import CallJobs
import CallStore
import ElevenLabs
import Foundation
import HTTPClient
import JobQueue
import PhoneNumbers
import Testing

@Suite("Trouble with the upstream")
struct TroubleTests {
    typealias Conversation = ScriptedUpstream.Conversation

    static let refused = UpstreamAnswer(status: 401, code: "invalid_api_key")

    @Test("keeps what it cannot understand, with the reason, and goes on")
    func keepsGarbage() async throws {
        try await SyncBench.run(WalkTests.calls(4), pageSize: 2) { bench in
            bench.upstream.change("conv_1") { $0.rowBody = #"{"agent_id":"agent_1"}"# }
            bench.upstream.change("conv_2") {
                $0.rowBody = #"{"conversation_id":"conv_2","agent_id":"agent_1"}"#
            }
            bench.upstream.change("conv_3") { $0.detailBody = #"{"agent_id":"agent_1"}"# }
            let ends = try await bench.drain(.recent)
            #expect(ends.allSatisfy { $0 == .committed })
            let unreadable = try await bench.store.unreadableBodies(limit: 10)
            #expect(
                unreadable.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [
                    .detail, .list, .list,
                ]
            )
            #expect(unreadable.allSatisfy { $0.unreadableReason?.isEmpty == false })
            // Its id could be read, so its detail was.
            #expect(try await bench.call("conv_2")?.hasDetail == true)
            // The row of the third could be read, so the call is there.
            #expect(try await bench.call("conv_3")?.hasDetail == false)
            #expect(try await bench.store.counts().total == 3)
            bench.upstream.forgetRequests()
            bench.clock.unix += 900
            try await bench.drain(.recent)
            // Not asked for again until its row changes.
            #expect(!bench.upstream.detailRequests.contains("conv_3"))
        }
    }

    @Test("gives a call whose detail fails a job of its own, and the page goes on")
    func isolatesFailures() async throws {
        try await SyncBench.run(WalkTests.calls(3)) { bench in
            bench.upstream.change {
                $0.detailFaults["conv_2"] = [
                    .unavailable(status: 500, retryAfter: nil),
                    .unavailable(status: 503, retryAfter: nil),
                ]
            }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(try await bench.store.counts().total == 3)
            #expect(try await bench.call("conv_2")?.hasDetail == false)
            let again = try #require(try await bench.waiting().first)
            #expect(try await bench.attempt(again) == .retry("the upstream answered 503"))
            #expect(try await bench.attempt(again) == .committed)
            #expect(try await bench.call("conv_2")?.hasDetail == true)
        }
    }

    @Test("comes back to a page whose details the upstream limits, and reads none twice")
    func comesBackAfterLimits() async throws {
        try await SyncBench.run(WalkTests.calls(20)) { bench in
            bench.upstream.change {
                $0.detailFaults["conv_5"] = [.rateLimited(retryAfter: .seconds(30))]
            }
            let ends = try await bench.drain(.recent)
            #expect(ends.count >= 2)
            #expect(ends.allSatisfy { $0 == .committed })
            #expect(try await bench.store.counts().total == 20)
            for number in 1...20 {
                #expect(try await bench.call("conv_\(number)")?.hasDetail == true)
            }
            #expect(bench.upstream.detailRequests.count == 21)
        }
    }

    @Test("waits without a counted attempt when the list is limited")
    func snoozes() async throws {
        try await SyncBench.run { bench in
            bench.upstream.change {
                $0.listFaults = [
                    .rateLimited(retryAfter: .seconds(7)), .busy(retryAfter: .seconds(2)),
                    .concurrencyLimited(retryAfter: nil),
                ]
            }
            let job = try bench.job(.recent)
            #expect(try await bench.attempt(job) == .snooze(.seconds(7)))
            #expect(try await bench.attempt(job) == .snooze(.seconds(2)))
            #expect(try await bench.attempt(job) == .snooze(.seconds(15)))
            #expect(try await bench.attempt(job) == .committed)
        }
    }

    @Test("counts an attempt when the upstream fails or is not to be reached")
    func retries() async throws {
        try await SyncBench.run { bench in
            bench.upstream.change {
                $0.listFaults = [
                    .unavailable(status: 502, retryAfter: .seconds(3)),
                    .malformed(reason: "unexpectedEnd"),
                ]
            }
            let job = try bench.job(.recent)
            #expect(try await bench.attempt(job) == .retry("the upstream answered 502"))
            let second = try await bench.attempt(job)
            #expect(second == .retry("the answer is no JSON: unexpectedEnd"))
        }
    }

    static let haltFaults: [ElevenLabsError] = [
        .invalidKey(refused), .missingPermission(refused), .quota(UpstreamAnswer(status: 402)),
        .blocked(UpstreamAnswer(status: 403)),
    ]

    @Test("rests behind one loud line when only a person can help", arguments: haltFaults)
    func halts(fault: ElevenLabsError) async throws {
        try await SyncBench.run(WalkTests.calls(2)) { bench in
            bench.upstream.change { $0.listFaults = [fault, fault] }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(try await bench.waiting().isEmpty)
            let halt = try #require(try await bench.store.upstreamHalt())
            #expect(halt.reason.contains("HTTP"))
            #expect(bench.log.critical.count == 1)
            bench.clock.unix += 900
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(bench.log.critical.count == 1)
            // The third poll is answered: the note is gone, and nothing is lost.
            bench.clock.unix += 900
            try await bench.drain(.recent)
            #expect(try await bench.store.upstreamHalt() == nil)
            #expect(try await bench.store.counts().total == 2)
        }
    }

    @Test("puts other work aside while it rests, without asking for each")
    func restsOtherWork() async throws {
        try await SyncBench.run(WalkTests.calls(1)) { bench in
            bench.upstream.change { $0.listFaults = [.invalidKey(Self.refused)] }
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            let one = SyncArguments.conversation(CallIdentity(conversationID: "conv_1"))
            #expect(try await bench.attempt(try bench.job(one)) == .committed)
            #expect(bench.upstream.detailRequests.isEmpty)
            let again = try #require(try await bench.waiting().first)
            bench.clock.unix += 900
            #expect(try await bench.attempt(again) == .committed)
            #expect(try await bench.call("conv_1")?.hasDetail == true)
            #expect(try await bench.store.upstreamHalt() == nil)
        }
    }

    @Test("goes on with a range where it was when the refusal is over")
    func resumesRanges() async throws {
        try await SyncBench.run(WalkTests.calls(6), pageSize: 2) { bench in
            let range = SyncRange(
                fromUnix: SyncBench.start - 3600,
                toUnix: SyncBench.start - 61
            )
            #expect(try await bench.attempt(try bench.job(.range(range))) == .committed)
            bench.upstream.change { $0.listFaults = [.invalidKey(Self.refused)] }
            let second = try #require(try await bench.waiting().first)
            #expect(try await bench.attempt(second) == .committed)
            bench.clock.unix += 900
            while let next = try await bench.waiting().first {
                #expect(try await bench.attempt(next) == .committed)
            }
            #expect(try await bench.store.counts().total == 6)
        }
    }

    @Test("marks what is gone and erases nothing")
    func marksGone() async throws {
        try await SyncBench.run(WalkTests.calls(1)) { bench in
            try await bench.drain(.recent)
            let before = try #require(try await bench.call("conv_1"))
            bench.upstream.change("conv_1") { $0.isGone = true }
            let identity = CallIdentity(conversationID: "conv_1")
            #expect(try await bench.attempt(try bench.job(.conversation(identity))) == .committed)
            #expect(try await bench.call("conv_1") == before)
            let unknown = CallIdentity(conversationID: "never")
            #expect(try await bench.attempt(try bench.job(.conversation(unknown))) == .committed)
            #expect(try await bench.call("never") == nil)
        }
    }

    @Test("keeps the turns and the caller when the upstream has deleted them")
    func keepsDeletedTranscripts() async throws {
        try await SyncBench.run(WalkTests.calls(1)) { bench in
            try await bench.drain(.recent)
            bench.upstream.change("conv_1") {
                $0.turns = []
                $0.caller = nil
                $0.transcriptDeletedUnix = SyncBench.start
                $0.title = "Deleted"
            }
            bench.clock.unix += 900
            try await bench.drain(.recent)
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.transcript.count == 3)
            #expect(call.record.caller?.e164?.text == "+14155550123")
            #expect(call.record.transcriptDeletedUnix == SyncBench.start)
        }
    }

    @Test("refuses arguments that nobody understands")
    func refusesArguments() async throws {
        try await SyncBench.run { bench in
            var job = try bench.job(.recent)
            job.payload = Array(#"{"windw":"recent"}"#.utf8)
            guard case .dead = try await bench.attempt(job) else {
                Issue.record("the job was not refused")
                return
            }
        }
    }
}

@Suite("Calls that have not ended")
struct WatchTests {
    typealias Conversation = ScriptedUpstream.Conversation

    @Test("asks again for young calls outside of the window, and no more after a day")
    func watches() async throws {
        let ages: [(String, Int64)] = [("young", 3 * 3600), ("old", 25 * 3600), ("new", 600)]
        let calls = ages.map { id, age in
            var call = Conversation(id, at: SyncBench.start - age)
            call.status = "in-progress"
            return call
        }
        try await SyncBench.run(calls) { bench in
            try await bench.drain(.last(seconds: 30 * 86_400))
            bench.upstream.forgetRequests()
            bench.clock.unix += 900
            for id in ["young", "old", "new"] {
                bench.upstream.change(id) { $0.status = "done" }
            }
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests.sorted() == ["new", "young"])
            #expect(try await bench.call("young")?.record.status == .done)
            #expect(try await bench.call("old")?.record.status == .inProgress)
        }
    }

    @Test("judges a call when it ends, not before")
    func judgesAtTheEnd() async throws {
        var call = Conversation("live", at: SyncBench.start - 60)
        call.status = "processing"
        try await SyncBench.run([call]) { bench in
            try await bench.drain(.recent)
            #expect(try await bench.payloads(.conversion).isEmpty)
            bench.upstream.change("live") { $0.status = "done" }
            bench.clock.unix += 60
            try await bench.drain(.recent)
            #expect(try await bench.payloads(.conversion) == [#"{"call":1}"#])
            #expect(try await bench.call("live")?.record.status == .done)
        }
    }
}
