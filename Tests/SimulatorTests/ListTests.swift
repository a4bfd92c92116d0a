import Foundation
import NIOCore
import Simulator
import Testing

@Suite("the list")
struct ListTests {
    private let fixture = Fixture(seed: 5, calls: 217, agents: 3)

    private func identifiers(_ query: String) throws -> [String] {
        try fixture.walk(query).map { try text($0, "conversation_id") }
    }

    @Test("gives every call once in both directions", arguments: [1, 7, 30, 100])
    func pages(size: Int) throws {
        let newest = try fixture.walk("page_size=\(size)")
        let oldest = try fixture.walk("page_size=\(size)&sort_direction=asc")
        #expect(newest.count == 217)
        let starts = try newest.map { try number($0, "start_time_unix_secs") }
        #expect(starts == starts.sorted(by: >))
        let ids = try newest.map { try text($0, "conversation_id") }
        #expect(Set(ids).count == 217)
        #expect(try oldest.map { try text($0, "conversation_id") } == ids.reversed())
    }

    @Test("takes 30 calls a page by default and says when there are no more")
    func defaults() throws {
        let page = try fixture.object("/v1/convai/conversations")
        #expect(try objects(page, "conversations").count == 30)
        #expect(page["has_more"] as? Bool == true)
        let last = try fixture.object(
            "/v1/convai/conversations?page_size=100&call_start_before_unix=1"
        )
        #expect(try objects(last, "conversations").isEmpty)
        #expect(last["has_more"] as? Bool == false && last["next_cursor"] is NSNull)
    }

    @Test("refuses a cursor with other filters or another order")
    func boundCursor() throws {
        let page = try fixture.object(
            "/v1/convai/conversations?page_size=5&call_successful=success"
        )
        let cursor = try text(page, "next_cursor")
        let path = "/v1/convai/conversations?cursor=\(cursor)"
        #expect(fixture.get("\(path)&call_successful=success").status == 200)
        #expect(fixture.get("\(path)&call_successful=success&page_size=50").status == 200)
        #expect(fixture.get(path).status == 422)
        #expect(fixture.get("\(path)&call_successful=failure").status == 422)
        #expect(fixture.get("\(path)&call_successful=success&sort_direction=asc").status == 422)
    }

    @Test("bounds the start: the lower bound is within, the upper one is not")
    func bounds() throws {
        let all = try fixture.walk()
        let starts = try all.map { try number($0, "start_time_unix_secs") }
        let low = starts[150]
        let high = starts[100]
        let expected = starts.filter { $0 >= low && $0 < high }
        let query = "page_size=100&call_start_after_unix=\(low)&call_start_before_unix=\(high)"
        for order in ["desc", "asc"] {
            let found = try fixture.walk(query + "&sort_direction=\(order)")
                .map { try number($0, "start_time_unix_secs") }
            #expect(found.sorted() == expected.sorted())
        }
    }

    /// Each filter with the same condition written against the records.
    @Test(
        "filters",
        arguments: [
            "call_successful=success", "exclude_statuses=failed", "text_only=true",
            "main_languages=de&main_languages=es", "tool_names=book_appointment",
            "tool_names_successful=book_appointment", "tool_names_errored=book_appointment",
            "call_duration_min_secs=60&call_duration_max_secs=90", "rating_min=4",
            "conversation_initiation_source=sip_trunk", "data_collection_params=caller_name:neq:",
            "data_collection_filter=reason_for_call:eq:price",
            "dynamic_variable_params=utm_source:in:google%7Cbing",
            "dynamic_variable_params=last_visit_days:gte:200",
            "evaluation_params=appointment_booked:success", "search=book",
            "termination_reasons=Call+ended+by+remote+party", "has_feedback_comment=true",
        ]
    )
    func filters(query: String) throws {
        let all = try fixture.walk()
        let expected = try all.filter { item in
            try matches(query, item, try fixture.detail(try text(item, "conversation_id")))
        }.map { try text($0, "conversation_id") }
        #expect(try identifiers("page_size=9&\(query)") == expected)
        #expect(!expected.isEmpty && expected.count < all.count)
    }

    private func matches(
        _ query: String,
        _ item: [String: Any],
        _ detail: [String: Any]
    ) throws -> Bool {
        let metadata = try object(detail, "metadata")
        let turns = try objects(detail, "transcript")
        let results = turns.flatMap { $0["tool_results"] as? [[String: Any]] ?? [] }
            .filter { $0["tool_name"] as? String == "book_appointment" }
        let analysis = detail["analysis"] as? [String: Any] ?? [:]
        let data = analysis["data_collection_results"] as? [String: [String: Any]] ?? [:]
        let criteria = analysis["evaluation_criteria_results"] as? [String: [String: Any]] ?? [:]
        let variables = try object(
            try object(detail, "conversation_initiation_client_data"),
            "dynamic_variables"
        )
        let duration = try number(item, "call_duration_secs")
        switch query.prefix(while: { $0 != "=" }) {
        case "call_successful": return item["call_successful"] as? String == "success"
        case "exclude_statuses": return item["status"] as? String != "failed"
        case "text_only": return metadata["text_only"] as? Bool == true
        case "main_languages":
            return ["de", "es"].contains(item["main_language"] as? String)
        case "tool_names": return !results.isEmpty
        case "tool_names_successful": return results.contains { $0["is_error"] as? Bool == false }
        case "tool_names_errored": return results.contains { $0["is_error"] as? Bool == true }
        case "call_duration_min_secs": return (60...90).contains(duration)
        case "rating_min": return (item["rating"] as? Double ?? 0) >= 4
        case "conversation_initiation_source":
            return item["conversation_initiation_source"] as? String == "sip_trunk"
        case "data_collection_params": return data["caller_name"]?["value"] is String
        case "data_collection_filter":
            return data["reason_for_call"]?["value"] as? String == "price"
        case "dynamic_variable_params" where query.contains("utm"):
            return ["google", "bing"].contains(variables["utm_source"] as? String)
        case "dynamic_variable_params": return (variables["last_visit_days"] as? Int ?? 0) >= 200
        case "evaluation_params":
            return criteria["appointment_booked"]?["result"] as? String == "success"
        case "search":
            return turns.contains {
                ($0["original_message"] as? String ?? $0["message"] as? String ?? "")
                    .lowercased().contains("book")
            }
        case "termination_reasons":
            return item["termination_reason"] as? String == "Call ended by remote party"
        case "has_feedback_comment":
            return try object(metadata, "feedback")["comment"] is String
        default: throw Unexpected(description: "no condition for \(query)")
        }
    }

    @Test("filters by agent, number and user")
    func owners() throws {
        let details = try fixture.walk().map { try fixture.detail(try text($0, "conversation_id")) }
        let agent = try text(try #require(details.first), "agent_id")
        let phones = details.compactMap {
            ($0["metadata"] as? [String: Any])?["phone_call"] as? [String: Any]
        }
        let line = try text(try #require(phones.first), "phone_number_id")
        let user = try #require(details.compactMap { $0["user_id"] as? String }.first)
        #expect(
            try identifiers("page_size=100&agent_id=\(agent)").count
                == details.count { $0["agent_id"] as? String == agent }
        )
        #expect(
            try identifiers("page_size=100&phone_number_ids=\(line)").count
                == phones.count { $0["phone_number_id"] as? String == line }
        )
        #expect(
            try identifiers("user_id=\(user)").count
                == details.count { $0["user_id"] as? String == user }
        )
    }
}

@Suite("the same settings give the same data")
struct DeterminismTests {
    /// All bytes that a world serves.
    private func everything(_ fixture: Fixture) throws -> Data {
        var data = fixture.get("/v1/convai/agents").bytes
        data += fixture.get("/v1/convai/phone-numbers").bytes
        data += fixture.get("/_truth/recipients").bytes
        for row in try fixture.rows("/_truth/conversations") {
            data += fixture.get("/v1/convai/conversations/\(try text(row, "id"))").bytes
        }
        data += fixture.get("/v1/convai/conversations?page_size=100&summary_mode=include").bytes
        return data
    }

    @Test("byte for byte, and another seed gives others")
    func seeds() throws {
        let first = try everything(Fixture(seed: 11, calls: 150))
        #expect(try everything(Fixture(seed: 11, calls: 150)) == first)
        #expect(try everything(Fixture(seed: 12, calls: 150)) != first)
    }

    @Test("a restart later serves the same live calls")
    func restart() throws {
        let first = Fixture(seed: 2, calls: 40, liveEvery: 10, unfinished: 5)
        first.wall.set(Fixture.anchor + 1_000)
        let second = Fixture(seed: 2, calls: 40, liveEvery: 10, unfinished: 5)
        second.wall.set(Fixture.anchor + 1_000)
        #expect(try everything(first) == everything(second))
        #expect(try first.rows("/_truth/conversations").count == 140)
    }
}
