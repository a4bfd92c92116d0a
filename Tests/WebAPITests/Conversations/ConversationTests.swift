import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Conversations as front ends ask for them")
struct ConversationTests {
    private static let path = "/analytics/elevenlabs"
    private static let list = "/analytics/elevenlabs/conversations"
    private static let test = """
        {"conversation_id": "test", "agent_id": "agent1", "start_time": "2025-06-08T12:00:00", \
        "status": "active", "messages_count": 0}
        """

    @Test("an empty store has figures of the shape, and no satisfaction")
    func empty() async throws {
        try await WebFixture.serve { _, client in
            let answer = try await client.ask(.get, Self.path)
            #expect(answer.status == 200)
            #expect(try SchemaCheck("analytics").problems(in: answer.body) == [])
            #expect(try answer.object()["user_satisfaction"] is NSNull)
            #expect(try await client.ask(.get, Self.list).body == "[]\n")
        }
    }

    @Test("a report without zone is taken as UTC and shown in the shape, as abandoned after 2 h")
    func reported() async throws {
        try await WebFixture.serve { _, client in
            let posted = try await client.ask(.post, Self.list, Self.test)
            #expect(posted.status == 201)
            #expect(try SchemaCheck("conversation").problems(in: posted.body) == [])
            #expect(try posted.object()["start_time"] as? String == "2025-06-08T12:00:00Z")
            let listed = try await client.ask(.get, Self.list + "?limit=5")
            #expect(try SchemaCheck("conversation").problems(inListOf: listed.body) == [])
            #expect(try listed.list().first?["status"] as? String == "abandoned")
            let one = try await client.ask(.get, Self.list + "/test")
            #expect(one.status == 200)
            #expect(try SchemaCheck("conversation").problems(in: one.body) == [])
            let messages = try await client.ask(.get, Self.list + "/test/messages")
            #expect(messages.status == 200)
            #expect(messages.body == "[]\n")
            let figures = try await client.ask(.get, Self.path).object()
            #expect(figures["total_conversations"] as? Int == 1)
            let states = try #require(figures["conversations_by_status"] as? [String: Int])
            #expect(states == ["active": 0, "completed": 0, "abandoned": 1])
        }
    }

    @Test("an active report is active for 2 h, to the second")
    func abandoned() async throws {
        try await WebFixture.serve { fixture, client in
            for (id, age) in [("young", 7_199), ("old", 7_200)] {
                let start = ISO8601DateFormatter().string(
                    from: Date(timeIntervalSince1970: Double(WebFixture.nowUnix - Int64(age)))
                )
                _ = try await client.ask(
                    .post,
                    Self.list,
                    "{\"conversation_id\":\"\(id)\",\"agent_id\":\"a\",\"start_time\":\"\(start)\"}"
                )
            }
            let young = try await client.ask(.get, Self.list + "/young").object()
            let old = try await client.ask(.get, Self.list + "/old").object()
            #expect(young["status"] as? String == "active")
            #expect(old["status"] as? String == "abandoned")
            let figures = try await client.ask(.get, Self.path).object()
            let states = try #require(figures["conversations_by_status"] as? [String: Int])
            #expect(states == ["active": 1, "completed": 0, "abandoned": 1])
            // What only a page reported is no call.
            #expect(try await fixture.store.counts().total == 0)
            #expect(try await fixture.store.figureReport(FigureScope()).total.conversations == 0)
        }
    }

    @Test("a second report changes the first, and an end makes it complete")
    func upsert() async throws {
        try await WebFixture.serve { _, client in
            _ = try await client.ask(.post, Self.list, Self.test)
            let again = try await client.ask(
                .post,
                Self.list,
                """
                {"conversation_id":"test","agent_id":"agent1","start_time":"2025-06-08T12:00:00",\
                "end_time":"2025-06-08T14:01:30+02:00","messages_count":4,"metadata":{"a":[1,"x"]}}
                """,
                headers: ["content-type": "text/plain;charset=UTF-8"]
            )
            #expect(again.status == 200)
            #expect(try SchemaCheck("conversation").problems(in: again.body) == [])
            let object = try again.object()
            #expect(object["status"] as? String == "completed")
            #expect(object["duration_seconds"] as? Int == 90)
            #expect(object["messages_count"] as? Int == 4)
            let put = try await client.ask(
                .put,
                Self.list + "/test",
                "{\"status\":\"abandoned\",\"duration_seconds\":61.4}"
            )
            #expect(put.status == 200)
            #expect(try put.object()["duration_seconds"] as? Int == 61)
            #expect(try await client.ask(.get, Self.list).list().count == 1)
            let unknown = try await client.ask(
                .put,
                Self.list + "/nobody",
                "{\"status\":\"active\"}"
            )
            #expect(unknown.status == 404)
            let figures = try await client.ask(.get, Self.path).object()
            #expect(figures["total_duration_minutes"] as? Double == 1)
            #expect(figures["average_conversation_duration"] as? Double == 61)
        }
    }

    @Test("the upstream's record of the same id wins, and what only the page knew stays")
    func merged() async throws {
        try await WebFixture.serve { fixture, client in
            for id in ["conv_1", "client_2"] {
                _ = try await client.ask(
                    .post,
                    Self.list,
                    """
                    {"conversation_id":"\(id)","agent_id":"page","start_time":"2026-11-14T10:00:00Z",\
                    "user_id":"u1","metadata":{"page":"/x"}}
                    """
                )
            }
            try await fixture.record(.heard("conv_1"))
            try await fixture.record(
                .heard("conv_2") {
                    $0.dynamicVariables = ["ringback_conversation": .text("client_2")]
                    $0.status = .failed
                }
            )
            let listed = try await client.ask(.get, Self.list).list()
            #expect(
                Set(listed.compactMap { $0["conversation_id"] as? String }) == ["conv_1", "conv_2"]
            )
            let one = try await client.ask(.get, Self.list + "/conv_1").object()
            #expect(one["agent_id"] as? String == "agent_1")
            #expect(one["user_id"] as? String == "u1")
            #expect(one["status"] as? String == "completed")
            #expect((one["metadata"] as? [String: String]) == ["page": "/x"])
            let other = try await client.ask(.get, Self.list + "/client_2").object()
            #expect(other["conversation_id"] as? String == "conv_2")
            #expect(other["status"] as? String == "abandoned")
            let figures = try await client.ask(.get, Self.path).object()
            #expect(figures["total_conversations"] as? Int == 2)
            // A late report of either id touches neither call, and makes no record.
            for id in ["conv_1", "client_2"] {
                let late = try await client.ask(
                    .put,
                    Self.list + "/" + id,
                    "{\"agent_id\":\"x\",\"start_time\":\"2026-11-14T10:00:00Z\",\"user_id\":\"evil\"}"
                )
                #expect(late.status == 200)
                #expect(try late.object()["user_id"] as? String == "u1")
            }
            #expect(
                try await client.ask(.get, Self.path).object()["total_conversations"] as? Int == 2
            )
        }
    }

    @Test("a page's own id that comes after its call is not counted again")
    func lateOwnID() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.record(
                .heard("conv_2") {
                    $0.dynamicVariables = ["ringback_conversation": .text("client_2")]
                }
            )
            _ = try await client.ask(
                .post,
                Self.list,
                "{\"conversation_id\":\"client_2\",\"agent_id\":\"a\",\"start_time\":\"2026-11-14T10:00:00\"}"
            )
            let listed = try await client.ask(.get, Self.list).list()
            #expect(listed.compactMap { $0["conversation_id"] as? String } == ["conv_2"])
        }
    }

    @Test("messages are what was said, in order, without turns of tools alone")
    func messages() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.record(.heard("conv_1"))
            let answer = try await client.ask(.get, Self.list + "/conv_1/messages")
            #expect(try SchemaCheck("messages").problems(in: answer.body) == [])
            let list = try answer.list()
            #expect(list.compactMap { $0["role"] as? String } == ["assistant", "user", "user"])
            #expect(list[1]["content"] as? String == "I would like to book a cleaning.")
            #expect(list[1]["timestamp"] as? String == "2026-11-14T22:46:44Z")
            #expect(try await client.ask(.get, Self.list + "/no/messages").status == 404)
            #expect(try await client.ask(.get, Self.list + "/no").status == 404)
        }
    }

    @Test("pages go through all conversations once, whoever told of them")
    func pages() async throws {
        try await WebFixture.serve { fixture, client in
            for number in 0..<7 {
                let start = WebFixture.nowUnix - Int64(number / 2) * 100
                try await fixture.record(.heard("conv_\(number)", startedUnix: start))
                var report = ConversationReport(id: "page_\(number)")
                report.agentID = "a"
                report.startedUnix = start
                let reported = report
                try await fixture.store.write { _ = try $0.track(reported, endsOnly: false) }
            }
            var seen: [String] = []
            var next: String? = Self.list + "?limit=3"
            while let address = next {
                let answer = try await client.ask(.get, address)
                #expect(answer.status == 200)
                let page = try answer.list().compactMap { $0["conversation_id"] as? String }
                #expect(page.count <= 3 && !page.isEmpty)
                seen += page
                next = answer.next
                try #require(seen.count <= 14)
            }
            #expect(seen.count == 14)
            #expect(Set(seen).count == 14)
            let whole = try await client.ask(.get, Self.list + "?limit=200").list()
            #expect(whole.compactMap { $0["conversation_id"] as? String } == seen)
        }
    }

    @Test("figures count every conversation, and each rating")
    func figures() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.record(.heard("a") { $0.rating = 5 })
            try await fixture.record(.heard("b", agent: "agent_2") { $0.rating = 4 })
            try await fixture.record(
                .heard("c") {
                    $0.channel = .text
                    $0.durationSeconds = 30
                    $0.transcript = []
                }
            )
            try await fixture.record(
                .heard("d") {
                    $0.status = .inProgress
                    $0.durationSeconds = nil
                }
            )
            let answer = try await client.ask(.get, Self.path)
            #expect(try SchemaCheck("analytics").problems(in: answer.body) == [])
            let figures = try answer.object()
            #expect(figures["total_conversations"] as? Int == 4)
            #expect(figures["total_duration_minutes"] as? Double == 2.5)
            #expect(figures["average_conversation_duration"] as? Double == 50)
            let states = try #require(figures["conversations_by_status"] as? [String: Int])
            #expect(states == ["active": 1, "completed": 3, "abandoned": 0])
            let agents = try #require(figures["top_agents"] as? [[String: Any]])
            #expect(agents.first?["agent_id"] as? String == "agent_1")
            #expect(agents.first?["conversation_count"] as? Int == 3)
            let satisfaction = try #require(figures["user_satisfaction"] as? [String: Any])
            #expect(satisfaction["average_rating"] as? Double == 4.5)
            #expect(satisfaction["total_ratings"] as? Int == 2)
        }
    }

    @Test(
        "what cannot be understood is refused with a reason, and nothing is kept",
        arguments: [
            "", "[]", "{", "{\"conversation_id\":7}", "{\"agent_id\":\"a\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\"}",
            "{\"conversation_id\":\"a b\",\"agent_id\":\"a\",\"start_time\":\"2025-06-08T12:00:00\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"yesterday\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"1985-06-08T12:00:00\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"2025-06-08T12:00:00\",\"status\":\"done\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"2025-06-08T12:00:00\",\"messages_count\":-1}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\\u0000\",\"start_time\":\"2025-06-08T12:00:00\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"2025-06-08T12:00:00\",\"end_time\":\"2025-06-08T11:00:00\"}",
            "{\"conversation_id\":\"x\",\"agent_id\":\"a\",\"start_time\":\"2025-06-08T12:00:00\",\"metadata\":[]}",
        ]
    )
    func refused(body: String) async throws {
        try await WebFixture.serve { _, client in
            let answer = try await client.ask(.post, Self.list, body)
            #expect(answer.status == 400)
            #expect(answer.type == "application/problem+json")
            #expect(try await client.ask(.get, Self.list).body == "[]\n")
        }
    }

    @Test(
        "limit and cursor outside of what they may be are refused",
        arguments: [
            "limit=0", "limit=201", "limit=x", "cursor=1", "cursor=1.x.2", "cursor=1.u.x",
        ]
    )
    func badQuery(query: String) async throws {
        try await WebFixture.serve { _, client in
            let answer = try await client.ask(.get, Self.list + "?" + query)
            #expect(answer.status == 400)
        }
    }

    @Test("a conversation that was erased is not kept again, and its notes go with the call")
    func erased() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                try writer.bury(CallIdentity(conversationID: "test"), .erased)
            }
            let answer = try await client.ask(.post, Self.list, Self.test)
            #expect(answer.status == 204)
            #expect(try await client.ask(.get, Self.list).body == "[]\n")
        }
    }
}
