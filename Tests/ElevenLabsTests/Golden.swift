import ElevenLabs

/// Bodies as the upstream's interface describes them.
enum Golden {
    static let listRow = """
        {"agent_id":"agent_0000000000000000000000000001","agent_name":"Reception","branch_id":null,\
        "version_id":null,"conversation_id":"conv_0000000000000000000000000042",\
        "start_time_unix_secs":1794700000,"call_duration_secs":94,"cost":612,"cost_fiat":0.071,\
        "message_count":11,"user_message_count":5,"agent_message_count":6,"status":"done",\
        "termination_reason":"Call ended by remote party","call_successful":"success",\
        "call_success_score":null,"transcript_summary":null,\
        "call_summary_title":"Booking request","main_language":"en",\
        "conversation_initiation_source":"twilio","tool_names":["book_slot"],\
        "direction":"inbound","rating":null,"sentiment_analysis":null,"tag_ids":[]}
        """

    static let detail = #"""
        {"agent_id": "agent_0000000000000000000000000001", "agent_name": "Reception",
        "status": "done", "user_id": null, "branch_id": null, "version_id": null,
        "conversation_id": "conv_0000000000000000000000000042", "environment": "production",
        "has_audio": true, "has_user_audio": true, "has_response_audio": true,
        "has_auxiliary_audio": false, "tag_ids": [],
        "transcript": [
          { "role": "agent", "message": "Good morning, Hill Street Dental.", "tool_calls": [],
            "tool_results": [], "feedback": null, "time_in_call_secs": 0, "interrupted": false,
            "source_medium": null },
          { "role": "user", "message": "I would like to book a cleaning.", "tool_calls": [],
            "tool_results": [], "feedback": null, "time_in_call_secs": 4, "interrupted": false,
            "source_medium": "audio" },
          { "role": "agent", "message": null, "time_in_call_secs": 7, "tool_results": [],
            "tool_calls": [ { "type": "webhook", "request_id": "call_1", "tool_name": "book_slot",
            "params_as_json": "{\"day\":\"2026-11-24\"}", "tool_has_been_called": true,
            "tool_details": null } ] },
          { "role": "agent", "message": null, "time_in_call_secs": 7, "tool_calls": [],
            "tool_results": [ { "type": "webhook", "request_id": "call_1",
            "tool_name": "book_slot", "result_value": "{\"ok\":true}", "is_error": false,
            "tool_has_been_called": true, "tool_latency_secs": 0.31 } ] } ],
        "metadata": {
          "start_time_unix_secs": 1794700000, "accepted_time_unix_secs": 1794700001,
          "call_duration_secs": 94, "cost": 612, "cost_fiat": 0.071,
          "authorization_method": "signed_url",
          "feedback": { "type": null, "overall_score": null, "likes": 0, "dislikes": 0,
            "rating": null, "comment": null },
          "phone_call": { "type": "twilio", "direction": "inbound", "phone_number_id": "phnum_01",
            "agent_number": "+15550100", "external_number": "+15550123",
            "call_result": "answered", "stream_sid": "MZ01", "call_sid": "CA01" },
          "batch_call": null, "termination_reason": "Call ended by remote party", "error": null,
          "warnings": [], "main_language": "en", "text_only": false,
          "conversation_initiation_source": "twilio", "timezone": null },
        "analysis": {
          "call_successful": "success", "transcript_summary": "The caller booked a cleaning.",
          "call_summary_title": "Cleaning booked", "evaluation_criteria_results": {},
          "data_collection_results": { "appointment_booked": {
            "data_collection_id": "appointment_booked", "value": true,
            "json_schema": { "type": "boolean", "description": "Was a slot booked?" },
            "rationale": "Slot confirmed." } } },
        "conversation_initiation_client_data": {
          "conversation_config_override": {}, "custom_llm_extra_body": {}, "user_id": null,
          "source_info": { "source": null, "version": null },
          "dynamic_variables": { "utm_campaign": "autumn",
            "system__conversation_id": "conv_0000000000000000000000000042",
            "system__caller_id": "+15550123", "system__called_number": "+15550100",
            "system__call_duration_secs": 94 } } }
        """#

    static let failure = """
        {"type":"call_initiation_failure","event_timestamp":1794700300,"data":{\
        "agent_id":"agent_0000000000000000000000000001",\
        "conversation_id":"conv_0000000000000000000000000043","failure_reason":"no-answer",\
        "metadata":{"type":"sip","body":{"from_number":"+15550100","to_number":"+15550124",\
        "sip_status_code":480,"error_reason":"INVITE failed: 480","call_sid":"d8e7f6a5",\
        "sip_status":"Temporarily unavailable"}}}}
        """

    static func value(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8))
    }

    /// The list's row with one member set to a JSON text, or removed.
    static func row(_ name: String, _ json: String?) throws -> JSONValue {
        try with(name, json, in: value(listRow))
    }

    static func with(_ name: String, _ json: String?, in value: JSONValue) throws -> JSONValue {
        guard case .object(let object) = value else { return value }
        var members = object.members.filter { $0.name != name }
        if let json {
            members.append(.init(name: name, value: try Self.value(json)))
        }
        return .object(JSONObject(members))
    }
}
