import Foundation
import NIOCore
import Simulator
import Testing

/// What the upstream's newest schema requires, copied by hand from its SDK: the tests must not
/// learn it from the code they test.
private enum Required {
    static let item = [
        "agent_id", "conversation_id", "start_time_unix_secs", "call_duration_secs",
        "message_count", "status", "call_successful",
    ]
    /// Written out as null where there is no value.
    static let itemOptional = [
        "agent_name", "branch_id", "version_id", "cost", "cost_fiat", "user_message_count",
        "agent_message_count", "termination_reason", "call_success_score", "transcript_summary",
        "call_summary_title", "main_language", "conversation_initiation_source", "tool_names",
        "direction", "rating", "sentiment_analysis", "tag_ids",
    ]
    static let detail = [
        "agent_id", "conversation_id", "status", "metadata", "transcript", "has_audio",
        "has_user_audio", "has_response_audio", "has_auxiliary_audio",
    ]
    static let metadata = ["start_time_unix_secs", "call_duration_secs"]
    static let analysis = ["call_successful", "transcript_summary"]
    static let criterion = ["criteria_id", "result", "rationale"]
    static let datum = ["data_collection_id", "rationale"]
    static let turn = ["role", "time_in_call_secs"]
    static let toolCall = ["request_id", "tool_name", "params_as_json", "tool_has_been_called"]
    static let toolResult = [
        "request_id", "tool_name", "result_value", "is_error", "tool_has_been_called",
    ]
    static let phone = ["type", "direction", "phone_number_id", "agent_number", "external_number"]
    static let phoneByType = [
        "twilio": ["call_sid", "stream_sid"], "exotel": ["call_sid", "stream_sid"],
        "sip_trunking": ["call_sid"],
    ]
    static let batch = ["batch_call_id", "batch_call_recipient_id"]
    static let agent = [
        "agent_id", "name", "voice_id", "tags", "created_at_unix_secs", "updated_at_unix_secs",
        "access_info",
    ]
    static let access = ["is_creator", "creator_name", "creator_email", "role"]
    static let summary = ["conversation_id", "agent_id", "status", "message_count", "note"]
}

/// Expects required members to be there and not null.
private func expect(_ names: [String], in object: [String: Any], _ what: String) {
    for name in names {
        let value = object[name]
        #expect(value != nil && !(value is NSNull), "\(what) lacks \(name)")
    }
}

@Suite("records have what the upstream's schema requires")
struct SchemaTests {
    private let fixture = Fixture(seed: 3, calls: 600, agents: 6, unfinished: 12)

    @Test("items of the list")
    func items() throws {
        let items = try fixture.walk()
        #expect(items.count == 600)
        for item in items {
            expect(Required.item, in: item, "item")
            for name in Required.itemOptional {
                #expect(item[name] != nil, "\(name) is not written out")
            }
            #expect(item["transcript_summary"] is NSNull)
            #expect(item["data_collection_results"] == nil)
        }
        let statuses = Set(items.compactMap { $0["status"] as? String })
        #expect(statuses == ["done", "failed", "in-progress"])
    }

    @Test("conversations, in every state and of every channel")
    func details() throws {
        var sources: Set<String> = []
        for item in try fixture.walk() {
            let detail = try fixture.detail(try text(item, "conversation_id"))
            expect(Required.detail, in: detail, "detail")
            let metadata = try object(detail, "metadata")
            expect(Required.metadata, in: metadata, "metadata")
            sources.insert(try text(metadata, "conversation_initiation_source"))
            if let phone = metadata["phone_call"] as? [String: Any] {
                expect(Required.phone, in: phone, "phone call")
                let type = try text(phone, "type")
                expect(try #require(Required.phoneByType[type]), in: phone, type)
            }
            if let batch = metadata["batch_call"] as? [String: Any] {
                expect(Required.batch, in: batch, "batch call")
            }
            try analysis(detail)
            try transcript(detail)
        }
        #expect(
            sources == ["twilio", "sip_trunk", "exotel", "widget", "whatsapp", "twilio_sms"]
        )
    }

    private func analysis(_ detail: [String: Any]) throws {
        guard let analysis = detail["analysis"] as? [String: Any] else {
            #expect(detail["status"] as? String != "done")
            return
        }
        #expect(detail["status"] as? String == "done")
        expect(Required.analysis, in: analysis, "analysis")
        for (id, value) in try object(analysis, "evaluation_criteria_results") {
            let criterion = try #require(value as? [String: Any])
            expect(Required.criterion, in: criterion, "criterion")
            #expect(criterion["criteria_id"] as? String == id)
        }
        for (id, value) in try object(analysis, "data_collection_results") {
            let datum = try #require(value as? [String: Any])
            expect(Required.datum, in: datum, "datum")
            #expect(datum["data_collection_id"] as? String == id)
        }
    }

    private func transcript(_ detail: [String: Any]) throws {
        var called: Set<String> = []
        for turn in try objects(detail, "transcript") {
            expect(Required.turn, in: turn, "turn")
            #expect(["user", "agent"].contains(try text(turn, "role")))
            for call in try objects(turn, "tool_calls") {
                expect(Required.toolCall, in: call, "tool call")
                _ = try jsonObject(Data(try text(call, "params_as_json").utf8))
                called.insert(try text(call, "request_id"))
            }
            for result in try objects(turn, "tool_results") {
                expect(Required.toolResult, in: result, "tool result")
                #expect(called.contains(try text(result, "request_id")))
            }
        }
    }

    @Test("agents come in pages, phone numbers as a bare array")
    func workspace() throws {
        var names: [String] = []
        var cursor = ""
        while true {
            let page = try fixture.object("/v1/convai/agents?page_size=2\(cursor)")
            for agent in try objects(page, "agents") {
                expect(Required.agent, in: agent, "agent")
                expect(Required.access, in: try object(agent, "access_info"), "access")
                names.append(try text(agent, "name"))
            }
            guard page["has_more"] as? Bool == true else { break }
            cursor = "&cursor=" + (try text(page, "next_cursor"))
        }
        // One of the six is gone from the list although calls name it.
        #expect(names.count == 5 && Set(names).count == 5)
        let numbers = try JSONSerialization.jsonObject(
            with: fixture.get("/v1/convai/phone-numbers").bytes
        )
        let lines = try #require(numbers as? [[String: Any]])
        #expect(lines.count == 18)
        for line in lines {
            let extra = line["provider"] as? String == "sip_trunk" ? ["livekit_stack"] : []
            expect(
                ["phone_number", "label", "phone_number_id", "provider"] + extra,
                in: line,
                "line"
            )
        }
    }

    @Test("the summary and what is only there when asked for")
    func onRequest() throws {
        let item = try #require(try fixture.walk().last)
        let path = "/v1/convai/conversations/" + (try text(item, "conversation_id"))
        expect(Required.summary, in: try fixture.object(path + "/summary"), "summary")
        #expect(try fixture.detailOf(path)["otlp_traces"] == nil)
        #expect(try fixture.object(path + "?format=opentelemetry")["otlp_traces"] != nil)
        let page = try fixture.object(
            "/v1/convai/conversations?page_size=100&summary_mode=include"
                + "&data_collection_ids=caller_name&evaluation_criteria_ids=appointment_booked"
        )
        let items = try objects(page, "conversations")
        #expect(items.allSatisfy { $0["data_collection_results"] is [String: Any] })
        #expect(items.contains { $0["transcript_summary"] is String })
    }
}

extension Fixture {
    fileprivate func detailOf(_ path: String) throws -> [String: Any] {
        try object(path)
    }
}

@Suite("refusals look like the upstream's")
struct ErrorTests {
    private let fixture = Fixture(calls: 20)

    @Test("a missing and a wrong key", arguments: [nil, "", "simulator2"] as [String?])
    func key(key: String?) throws {
        let reply = fixture.simulation.reply(
            to: APIRequest("GET", "/v1/convai/conversations", apiKey: key)
        )
        #expect(reply.status == 401)
        let detail = try #require(try reply.detail as? [String: Any])
        #expect(detail["status"] is String && detail["message"] is String)
    }

    @Test(
        "parameters outside their range",
        arguments: [
            "page_size=0", "page_size=101", "page_size=ten", "sort_direction=up",
            "summary_mode=all", "call_successful=maybe", "call_start_after_unix=now",
            "cursor=abc", "exclude_statuses=open", "text_only=2", "rating_min=6",
            "data_collection_params=caller_name:like:x", "dynamic_variable_params=x:gt:ten",
        ]
    )
    func parameters(query: String) throws {
        let reply = fixture.get("/v1/convai/conversations?\(query)")
        #expect(reply.status == 422)
        let detail = try #require(try reply.detail as? [[String: Any]])
        let first = try #require(detail.first)
        let name = try #require(query.split(separator: "=").first)
        #expect(first["loc"] as? [String] == ["query", String(name)])
        #expect(first["msg"] is String && first["type"] is String)
    }

    @Test("unknown parameters are ignored")
    func ignored() {
        #expect(fixture.get("/v1/convai/conversations?colour=red").status == 200)
    }

    @Test(
        "unknown routes",
        arguments: ["/", "/v1", "/v1/convai", "/v1/convai/nothing", "/v2/convai/agents", "/_truth"]
    )
    func routes(path: String) throws {
        let reply = fixture.get(path)
        #expect(reply.status == 404)
        #expect(try reply.detail as? String == "Not Found")
    }

    @Test("wrong methods")
    func methods() {
        #expect(fixture.request("PUT", "/v1/convai/conversations").status == 405)
        #expect(fixture.request("POST", "/v1/convai/agents").status == 405)
        #expect(fixture.request("DELETE", "/_truth/faults").status == 405)
    }

    @Test("conversations that do not exist", arguments: ["", "/audio", "/summary"])
    func missing(suffix: String) throws {
        let reply = fixture.get(
            "/v1/convai/conversations/conv_0000000000000000000000000000\(suffix)"
        )
        #expect(reply.status == 404)
        #expect(try reply.detail is [String: Any])
    }

    @Test("a deleted conversation is gone, also from the list, and cannot be deleted twice")
    func deletion() throws {
        let all = try fixture.walk()
        let identifier = try text(try #require(all.first), "conversation_id")
        let path = "/v1/convai/conversations/\(identifier)"
        let reply = fixture.request("DELETE", path)
        #expect(reply.status == 200 && !reply.bytes.isEmpty)
        #expect(fixture.get(path).status == 404)
        #expect(fixture.request("DELETE", path).status == 404)
        #expect(try fixture.walk().count == all.count - 1)
        let truth = try fixture.rows("/_truth/conversations")
        #expect(truth.count == all.count)
        #expect(truth.count { $0["deleted"] as? Bool == true } == 1)
    }

    @Test("feedback needs no key and shows in list and detail")
    func feedback() throws {
        let identifier = try text(try #require(try fixture.walk().first), "conversation_id")
        let path = "/v1/convai/conversations/\(identifier)/feedback"
        func send(_ body: String) -> Int {
            fixture.simulation.reply(
                to: APIRequest("POST", path, body: .init(string: body))
            ).status
        }
        #expect(send(#"{"rating":4,"comment":"good"}"#) == 200)
        #expect(try fixture.walk().first?["rating"] as? Int == 4)
        let metadata = try object(try fixture.detail(identifier), "metadata")
        #expect(try object(metadata, "feedback")["comment"] as? String == "good")
        #expect(send(#"{"feedback":"dislike"}"#) == 200)
        #expect(send(#"{"feedback":"meh"}"#) == 422)
        #expect(send("nonsense") == 422)
        #expect(send(#"{"rating":9}"#) == 422)
    }

    @Test("a recording is served where there is one")
    func audio() throws {
        var served = 0
        for item in try fixture.walk() {
            let identifier = try text(item, "conversation_id")
            let has = try fixture.detail(identifier)["has_audio"] as? Bool
            let reply = fixture.get("/v1/convai/conversations/\(identifier)/audio")
            #expect(reply.status == (has == true ? 200 : 404))
            if reply.status == 200 {
                #expect(
                    reply.contentType == "audio/mpeg" && reply.bytes.starts(with: [0xFF, 0xFB])
                )
                served += 1
            }
        }
        #expect(served > 0)
    }
}
