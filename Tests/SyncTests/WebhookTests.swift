import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobQueue
import PhoneNumbers
import Testing

@Suite("Webhooks of the inbox")
struct WebhookTests {
    typealias Conversation = ScriptedUpstream.Conversation

    static func envelope(_ type: String, _ data: String) -> String {
        #"{"type":"\#(type)","event_timestamp":\#(SyncBench.start),"data":\#(data)}"#
    }

    static func transcription(_ id: String) -> String {
        let call = Conversation(id, at: SyncBench.start - 60)
        return envelope("post_call_transcription", ScriptedUpstream.detailJSON(call))
    }

    @Test("records a transcription without asking the upstream")
    func recordsTranscription() async throws {
        try await SyncBench.run { bench in
            let id = try await bench.receive(Self.transcription("conv_1"))
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.hasDetail)
            #expect(call.record.source == .webhook)
            #expect(call.transcript.count == 3)
            #expect(bench.upstream.detailRequests.isEmpty)
            #expect(try await bench.store.inboxItem(id)?.state == .done)
            #expect(try await bench.payloads(.attribution) == [#"{"call":1}"#])
            #expect(try await bench.payloads(.conversion) == [#"{"call":1}"#])
        }
    }

    @Test("knows how much was said, although only the list tells the sum")
    func countsMessages() async throws {
        try await SyncBench.run { bench in
            let body = Self.transcription("conv_1").replacing(
                #""agent_id":"agent_1""#,
                with: #""agent_id":"agent_1","agent_message_count":1,"user_message_count":2"#
            )
            let id = try await bench.receive(body)
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            #expect(try await bench.call("conv_1")?.record.messageCount == 3)
        }
    }

    @Test("does not ask for the detail of a call that a webhook has brought whole")
    func sparesRequests() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 60)
        try await SyncBench.run([call]) { bench in
            let id = try await bench.receive(Self.transcription("conv_1"))
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests.isEmpty)
            // What only the list tells has come.
            #expect(try await bench.call("conv_1")?.record.rating == 4)
            bench.upstream.change("conv_1") { $0.title = "Changed" }
            bench.clock.unix += 900
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests == ["conv_1"])
        }
    }

    @Test("fetches the detail when the transcript was left out")
    func fetchesExcluded() async throws {
        let call = Conversation("conv_1", at: SyncBench.start - 60)
        try await SyncBench.run([call]) { bench in
            let data = """
                {"conversation_id":"conv_1","agent_id":"agent_1","status":"done",
                "metadata":{"start_time_unix_secs":\(SyncBench.start - 60)}}
                """
            let id = try await bench.receive(Self.envelope("post_call_transcription", data))
            bench.upstream.change {
                $0.detailFaults["conv_1"] = [.unavailable(status: 500, retryAfter: nil)]
            }
            let job = try bench.job(.inbox(id))
            #expect(try await bench.attempt(job) == .retry("the upstream answered 500"))
            #expect(try await bench.store.inboxItem(id)?.state == .waiting)
            #expect(try await bench.attempt(job) == .committed)
            #expect(try await bench.call("conv_1")?.transcript.count == 3)
            #expect(try await bench.store.inboxItem(id)?.state == .done)
        }
    }

    @Test("records a failed outbound call as one that did not connect")
    func recordsFailures() async throws {
        try await SyncBench.run { bench in
            let data = """
                {"agent_id":"agent_1","conversation_id":"conv_9","failure_reason":"no-answer",
                "metadata":{"type":"sip","body":{"from_number":"+14155550100",
                "to_number":"+442079460958","sip_status_code":480,
                "error_reason":"INVITE failed: 480","call_sid":"d8e7"}}}
                """
            let id = try await bench.receive(Self.envelope("call_initiation_failure", data))
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            let record = try #require(try await bench.call("conv_9")).record
            #expect(record.status == .failed)
            #expect(record.direction == .outbound)
            #expect(record.callResult == "no_answer")
            #expect(record.caller?.e164?.text == "+442079460958")
            #expect(record.agentNumber?.e164?.text == "+14155550100")
            #expect(record.startedUnix == SyncBench.start)
        }
    }

    static let others: [(String, InboxItem.State)] = [
        (envelope("post_call_audio", #"{"conversation_id":"c","full_audio":"AAAA"}"#), .done),
        (envelope("something_new", #"{"conversation_id":"c"}"#), .done),
        (envelope("post_call_transcription", #"{"agent_id":"a"}"#), .dead),
        (envelope("call_initiation_failure", "{}"), .dead),
        ("no json", .dead),
        ("[]", .dead),
    ]

    @Test("keeps and marks what brings no call", arguments: others)
    func marksOthers(body: String, state: InboxItem.State) async throws {
        try await SyncBench.run { bench in
            let id = try await bench.receive(body)
            #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            let item = try #require(try await bench.store.inboxItem(id))
            #expect(item.state == state)
            #expect(item.reason?.isEmpty == false)
            #expect(try await bench.store.counts().total == 0)
            #expect(
                try await bench.attempt(try bench.job(.inbox(id)))
                    == .discard("it was read before")
            )
        }
    }

    @Test("asks for one poll when webhooks bring calls that no poll has listed")
    func catchesUp() async throws {
        try await SyncBench.run { bench in
            try await bench.drain(.last(seconds: 30 * 86_400))
            bench.clock.unix += 300
            for number in 1...3 {
                let call = Conversation("live_\(number)", at: SyncBench.start + 100)
                bench.upstream.change { $0.conversations.append(call) }
                let body = Self.envelope(
                    "post_call_transcription",
                    ScriptedUpstream.detailJSON(call)
                )
                let id = try await bench.receive(body)
                #expect(try await bench.attempt(try bench.job(.inbox(id))) == .committed)
            }
            #expect(try await bench.payloads(.sync) == [#"{"window":"recent"}"#])
            while let next = try await bench.waiting().first {
                #expect(try await bench.attempt(next) == .committed)
            }
            let counts = try await bench.store.counts()
            #expect(counts.total == 3)
            #expect(counts.lastPollMilliseconds == (bench.clock.unix - 5) * 1000)
        }
    }
}
