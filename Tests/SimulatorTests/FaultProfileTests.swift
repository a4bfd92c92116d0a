import Foundation
import NIOCore
import Simulator
import Testing

@Suite("faults that can be composed")
struct FaultProfileTests {
    @Test(
        "are read from the command line",
        arguments: [
            ("drop-webhooks=0.3", FaultName.dropWebhooks, 0.3), ("fail", .fail, 0.1),
            ("rate-limit=20/s", .rateLimit, 20), ("parallel-limit=3", .parallelLimit, 3),
            ("big-transcripts=64MB", .bigTranscripts, 67_108_864),
            ("big-transcripts=10KB", .bigTranscripts, 10_240), ("insert-calls", .insertCalls, 1),
            ("insert-calls=on", .insertCalls, 1), ("cut-short=off", .cutShort, 0),
        ]
    )
    func reading(text: String, name: FaultName, value: Double) throws {
        #expect(try FaultSetting(text) == FaultSetting(name, value))
    }

    @Test(
        "say what was expected instead",
        arguments: [
            "drop-webhooks=1.1", "drop-webhooks=", "rate-limit=fast", "big-transcripts=2GB",
            "insert-calls=0.5", "parallel-limit=1.5", "no-such", "=1",
        ]
    )
    func refusing(text: String) {
        #expect(throws: FaultProblem.self) { try FaultSetting(text) }
    }

    @Test("every fault has a name, a meaning and a usual value that it takes itself")
    func names() throws {
        for name in FaultName.allCases {
            #expect(!name.meaning.isEmpty && name.usual > 0)
            #expect(try FaultSetting(name.rawValue) == FaultSetting(name))
            #expect(FaultProfile(.none, [FaultSetting(name)]).has(name))
        }
    }

    @Test("stand beside a named set, and take its place where both say something")
    func composing() throws {
        let profile = FaultProfile(
            .hostile,
            [FaultSetting(.dropWebhooks, 0.3), FaultSetting(.expireCursors, 0)]
        )
        #expect(profile[.dropWebhooks] == 0.3)
        #expect(!profile.has(.expireCursors))
        #expect(profile[.refuse] == FaultProfile(.hostile)[.refuse])
        let fixture = Fixture(calls: 10)
        let body = #"{"mode":"flaky","faults":["rate-limit=2/s","drop-webhooks=off"]}"#
        #expect(fixture.request("POST", "/_truth/faults", body).status == 200)
        let now = fixture.simulation.faults.profile
        #expect(now.base == .flaky && now[.rateLimit] == 2 && !now.has(.dropWebhooks))
        let report = try object(try fixture.object("/_truth/faults"), "faults")
        #expect(report["rate-limit"] as? Double == 2)
        let odd = fixture.request("POST", "/_truth/faults", #"{"faults":["odd=1"]}"#)
        #expect(odd.status == 422)
        #expect(String(decoding: odd.bytes, as: UTF8.self).contains("there is no fault"))
    }

    @Test("a rate lets so many requests through in a second and hints at the next one")
    func rate() throws {
        let box = FaultBox(
            seed: 1,
            profile: FaultProfile(.none, [FaultSetting(.rateLimit, 3)])
        )
        var refused: [Int] = []
        for second in 0..<4 {
            refused.append(
                (0..<5).count { number in
                    defer { box.end() }
                    let fault = box.begin("/\(number)", at: .milliseconds(second * 1_000 + number))
                    return fault
                        == .rateLimited(
                            concurrent: false,
                            oldStyle: false,
                            retryAfterSeconds: 1
                        )
                }
            )
        }
        #expect(refused == [2, 2, 2, 2])
    }

    @Test("cursors that expire are refused however often they are used, and others are not")
    func expiringCursors() throws {
        let fixture = Fixture(seed: 4, calls: 300, with: [FaultSetting(.expireCursors, 0.3)])
        var expired = 0
        var used = 0
        for after in stride(from: 0, to: 40, by: 1) {
            let query = "sort_direction=asc&page_size=10&call_start_after_unix=\(after)"
            let first = try fixture.object("/v1/convai/conversations?\(query)")
            let cursor = try text(first, "next_cursor")
            let replies = (0..<3).map { _ in
                fixture.get("/v1/convai/conversations?\(query)&cursor=\(cursor)").status
            }
            #expect(Set(replies).count == 1)
            if replies[0] == 422 { expired += 1 }
            used += 1
        }
        #expect(expired > 4 && expired < used - 10)
    }

    @Test("a page that repeats shows the calls before it and leads to itself")
    func repeatedPages() throws {
        let fixture = Fixture(seed: 4, calls: 300, with: [FaultSetting(.repeatPages, 1)])
        let query = "sort_direction=asc&page_size=10"
        let first = try fixture.object("/v1/convai/conversations?\(query)")
        let cursor = try text(first, "next_cursor")
        let again = try fixture.object("/v1/convai/conversations?\(query)&cursor=\(cursor)")
        #expect(try text(again, "next_cursor") == cursor)
        func ids(_ page: [String: Any]) throws -> [String] {
            try objects(page, "conversations").map { try text($0, "conversation_id") }
        }
        #expect(try ids(first) == ids(again))
    }

    @Test("an answer that is no UTF-8, and one that drips")
    func bodies() throws {
        let garbled = Fixture(calls: 10, with: [FaultSetting(.invalidUTF8, 1)])
        let reply = garbled.get("/v1/convai/conversations")
        #expect(reply.status == 200 && !reply.isUsable)
        let dripping = Fixture(calls: 10, with: [FaultSetting(.slowDrip, 1)])
        let drops = dripping.get("/v1/convai/conversations")
        #expect(drops.isUsable && drops.drip >= .seconds(2) && drops.drip <= .seconds(10))
    }

    @Test("fields of another type hold the same value, in list and detail")
    func wrongTypes() throws {
        let calm = Fixture(calls: 60)
        let odd = Fixture(calls: 60, with: [FaultSetting(.wrongTypes, 1)])
        for (right, wrong) in zip(try calm.walk(), try odd.walk()) {
            let seconds = try number(right, "call_duration_secs")
            #expect(wrong["call_duration_secs"] as? String == "\(seconds)")
            let detail = try odd.detail(try text(wrong, "conversation_id"))
            let metadata = try object(detail, "metadata")
            #expect(metadata["call_duration_secs"] as? String == "\(seconds)")
            #expect(wrong["tag_ids"] as? String == "none")
        }
    }

    @Test("a big transcript has the size that was asked for, and the truth says so")
    func bigTranscripts() throws {
        let fixture = Fixture(
            calls: 600,
            with: [FaultSetting(.bigTranscripts, 4 * 1_048_576)]
        )
        let truth = try fixture.rows("/_truth/conversations")
        let sizes = try truth.map { row in
            fixture.get("/v1/convai/conversations/\(try text(row, "id"))").bytes.count
        }
        #expect(sizes.count { $0 > 4 * 1_048_576 } == 1)
    }

    @Test("ratings come and change late, and analyses are run anew, as the truth tells")
    func laterChanges() throws {
        let fixture = Fixture(
            seed: 6,
            calls: 500,
            days: 1,
            with: [FaultSetting(.lateRatings, 1), FaultSetting(.rerunAnalysis, 0.3)]
        )
        func state() throws -> [String: (rating: Int?, verdict: String)] {
            try fixture.rows("/_truth/conversations").reduce(into: [:]) { states, row in
                states[try text(row, "id")] = (row["rating"] as? Int, try text(row, "verdict"))
            }
        }
        let before = try state()
        fixture.wall.set(Fixture.anchor + 4 * 86_400)
        let after = try state()
        var came = 0
        var changed = 0
        var rerun = 0
        for (id, first) in before {
            let last = try #require(after[id])
            if first.rating == nil, last.rating != nil { came += 1 }
            if let rating = first.rating, last.rating != rating { changed += 1 }
            if first.verdict != last.verdict { rerun += 1 }
            let metadata = try object(try fixture.detail(id), "metadata")
            #expect(try object(metadata, "feedback")["rating"] as? Int == last.rating)
        }
        #expect(came > 5 && changed > 5 && rerun > 40)
        // Every second new analysis is told of, at its own moment and with its own verdict.
        let settings = WebhookSettings(url: "http://127.0.0.1:1/", secret: "wsec_example")
        let events = fixture.simulation.events(
            after: Fixture.anchor,
            through: Fixture.anchor + 4 * 86_400,
            settings
        )
        #expect(events.count > 20)
        for event in events {
            let body = fixture.simulation.body(of: event, settings)
            let data = try object(try jsonObject(Data(body.readableBytesView)), "data")
            let verdict = try text(try object(data, "analysis"), "call_successful")
            #expect(verdict == after[try text(data, "conversation_id")]?.verdict)
        }
    }

    @Test("events are dropped, doubled and held back in their shares, the same ones each time")
    func deliveries() {
        let faults = [
            FaultSetting(.dropWebhooks, 0.3), FaultSetting(.duplicateWebhooks, 0.2),
            FaultSetting(.lateWebhooks, 0.1),
        ]
        let fixture = Fixture(calls: 2_000, with: faults)
        let settings = WebhookSettings(url: "http://127.0.0.1:1/", secret: "wsec_example")
        let events = fixture.simulation.events(
            after: Fixture.anchor - 31 * 86_400,
            through: Fixture.anchor,
            settings
        )
        let fates = events.map { fixture.simulation.delays(of: $0) }
        #expect(fates == events.map { fixture.simulation.delays(of: $0) })
        func share(_ matches: ([Duration]) -> Bool) -> Double {
            Double(fates.count { matches($0) }) / Double(fates.count)
        }
        #expect(abs(share { $0.isEmpty } - 0.3) < 0.04)
        #expect(abs(share { $0.count == 2 } - 0.14) < 0.03)
        #expect(share { $0.contains { $0 >= .seconds(600) } } > 0.05)
    }

    @Test("the list of webhooks says that ours is disabled")
    func disabledWebhook() throws {
        let fixture = Fixture(calls: 5, with: [FaultSetting(.disableWebhooks)])
        #expect(try objects(try fixture.object("/v1/workspace/webhooks"), "webhooks").isEmpty)
        #expect(fixture.request("POST", "/v1/workspace/webhooks").status == 405)
    }
}
