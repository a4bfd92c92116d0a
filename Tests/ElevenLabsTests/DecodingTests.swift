import ElevenLabs
import TestSupport
import Testing

@Suite struct DecodingTests {
    @Test("reads the list's golden row")
    func goldenRow() throws {
        let row = try ConversationSummary(json: Golden.value(Golden.listRow))
        #expect(row.id == "conv_0000000000000000000000000042")
        #expect(row.agentID == "agent_0000000000000000000000000001")
        #expect(row.agentName == "Reception")
        #expect(row.startedUnix == 1_794_700_000)
        #expect(row.durationSeconds == 94)
        #expect(row.messageCount == 11)
        #expect(row.userMessageCount == 5)
        #expect(row.status == .done)
        #expect(row.callSuccessful == .success)
        #expect(row.cost == 612)
        #expect(row.costFiat == 0.071)
        #expect(row.title == "Booking request")
        #expect(row.source == .twilio)
        #expect(row.toolNames == ["book_slot"])
        #expect(row.direction == .inbound)
        #expect(row.rating == nil)
        #expect(row.sentiment == nil)
        #expect(row.oddFields.isEmpty)
    }

    static let measurements: [(String, Int?)] = [
        (#"{"metrics":{"convai_llm_service_ttfb":{"elapsed_time":0.3704}}}"#, 370),
        (#"{"convai_llm_service_ttfb":{"elapsed_time":0.3704}}"#, 370),
        (
            """
            {"metrics":{"convai_llm_service_ttfb":{"elapsed_time":0.3},
            "convai_llm_service_ttf_sentence":{"elapsed_time":0.5},
            "convai_tts_service_ttfb":{"elapsed_time":0.25}}}
            """, 750
        ),
        (
            """
            {"metrics":{"convai_llm_service_ttfb":{"elapsed_time":0.3},
            "convai_ttf_audio_since_silence":{"elapsed_time":1.2}}}
            """, 1_200
        ),
        (#"{"metrics":{"convai_tts_service_ttfb":{"elapsed_time":0.25}}}"#, nil),
        (#"{"metrics":{"convai_llm_service_ttfb":{"elapsed_time":-1}}}"#, nil),
        (#"{"metrics":{"convai_llm_service_ttfb":{"elapsed_time":1e9}}}"#, nil),
        (#"{"metrics":{"convai_llm_service_ttfb":0.3}}"#, nil), ("{}", nil), ("null", nil),
    ]

    @Test(
        "reads how long an answer took, however the measurements are wrapped",
        arguments: DecodingTests.measurements
    )
    func responses(metrics: String, milliseconds: Int?) throws {
        let body = """
            {"conversation_id":"conv_1","agent_id":"agent_1","status":"done",
            "metadata":{"start_time_unix_secs":1794700000,"call_duration_secs":9},
            "transcript":[{"role":"user","time_in_call_secs":1,"message":"Hello"},
            {"role":"agent","time_in_call_secs":2,"message":"Hi",
            "conversation_turn_metrics":\(metrics)}]}
            """
        let detail = try ConversationDetail(json: JSONParser.parse(Array(body.utf8)))
        #expect(detail.transcript.map(\.responseMilliseconds) == [nil, milliseconds])
        #expect(detail.responseMilliseconds == milliseconds.map { [$0] })
    }

    @Test("reads the golden detail")
    func goldenDetail() throws {
        let detail = try ConversationDetail(json: Golden.value(Golden.detail))
        #expect(detail.id == "conv_0000000000000000000000000042")
        #expect(detail.status == .done)
        #expect(detail.oddFields.isEmpty)
        #expect(detail.isTranscriptIncluded)
        #expect(detail.transcript.map(\.role) == [.agent, .user, .agent, .agent])
        #expect(detail.transcript.map(\.secondsIntoCall) == [0, 4, 7, 7])
        #expect(detail.transcript[2].message == nil)
        let call = try #require(detail.transcript[2].toolCalls.first)
        let result = try #require(detail.transcript[3].toolResults.first)
        #expect(call.name == "book_slot")
        #expect(call.parameters == "{\"day\":\"2026-11-24\"}")
        #expect(call.wasCalled)
        #expect(result.requestID == call.requestID)
        #expect(result.value == "{\"ok\":true}")
        #expect(!result.isError)
        #expect(result.latencySeconds == 0.31)
        let metadata = detail.metadata
        #expect(metadata.startedUnix == 1_794_700_000)
        #expect(metadata.acceptedUnix == 1_794_700_001)
        #expect(metadata.durationSeconds == 94)
        #expect(metadata.phoneCall?.kind == .twilio)
        #expect(metadata.phoneCall?.result == .answered)
        #expect(metadata.phoneCall?.callingNumber == "+15550123")
        #expect(metadata.phoneCall?.calledNumber == "+15550100")
        #expect(metadata.terminationReason == "Call ended by remote party")
        #expect(metadata.feedback?.likes == 0)
        #expect(metadata.batchCall == nil)
        #expect(detail.analysis?.callSuccessful == .success)
        #expect(detail.analysis?.criteria.isEmpty == true)
        let datum = try #require(detail.analysis?.data.first)
        #expect(datum.id == "appointment_booked")
        #expect(datum.value == .bool(true))
        #expect(datum.type == "boolean")
        #expect(detail.dynamicVariables["utm_campaign"] == .text("autumn"))
        #expect(detail.dynamicVariables["system__call_duration_secs"] == .integer(94))
        #expect(detail.externalNumber == "+15550123")
        #expect(detail.agentNumber == "+15550100")
        #expect(!detail.isVoicemail)
    }

    @Test(
        "takes numbers in the shapes that are seen, and reads others as absent",
        arguments: [
            ("12", 12, false), ("12.0", 12, false), ("12.9", 12, false), ("\"12\"", 12, false),
            ("\"12.0\"", 12, false), ("null", nil, false), (nil, nil, false), ("\"\"", nil, false),
            ("0", 0, false), ("\"twelve\"", nil, true), ("true", nil, true), ("[]", nil, true),
            ("{}", nil, true), ("1e300", nil, true), ("\"nan\"", nil, true), ("-1", -1, false),
        ] as [(String?, Int?, Bool)]
    )
    func tolerance(json: String?, value: Int?, isOdd: Bool) throws {
        for name in ["call_duration_secs", "message_count", "cost"] {
            let row = try ConversationSummary(json: Golden.row(name, json))
            let found = [
                "call_duration_secs": row.durationSeconds, "message_count": row.messageCount,
                "cost": row.cost,
            ]
            #expect(found[name] == .some(value))
            #expect(row.oddFields == (isOdd ? [name] : []))
        }
    }

    @Test(
        "needs ids and start time and nothing else",
        arguments: [
            ("conversation_id", nil, RecordError.Fault.missing),
            ("conversation_id", "null", .missing), ("conversation_id", "\"\"", .missing),
            ("conversation_id", "{}", .missing), ("agent_id", nil, .missing),
            ("start_time_unix_secs", nil, .missing), ("start_time_unix_secs", "null", .missing),
            ("start_time_unix_secs", "\"soon\"", .malformed),
            ("start_time_unix_secs", "0", .outOfRange),
            ("start_time_unix_secs", "-5", .outOfRange),
            // Milliseconds: taken for seconds they would lie in the year 58841.
            ("start_time_unix_secs", "1794700000000", .outOfRange),
        ] as [(String, String?, RecordError.Fault)]
    )
    func needed(name: String, json: String?, fault: RecordError.Fault) throws {
        let row = try Golden.row(name, json)
        #expect(throws: RecordError(field: name, fault: fault)) {
            try ConversationSummary(json: row)
        }
        let least = """
            {"conversation_id":"c","agent_id":"a","start_time_unix_secs":"1794700000"}
            """
        let summary = try ConversationSummary(json: Golden.value(least))
        #expect(summary.startedUnix == 1_794_700_000)
        #expect(summary.status == .unknown)
        #expect(!summary.status.isFinished)
    }

    @Test("every other member of a row may be anything", arguments: Seeds.first(200))
    func oddMembers(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let odd = ["null", "7", "\"x\"", "true", "[]", "[1,{}]", "{}", "{\"a\":[]}", "1.5"]
        var row = try Golden.value(Golden.listRow)
        guard case .object(let object) = row else { return }
        let kept: Set = ["conversation_id", "agent_id", "start_time_unix_secs"]
        for member in object.members where !kept.contains(member.name) {
            let json = odd[Int.random(in: 0..<odd.count, using: &random)]
            row = try Golden.with(member.name, json, in: row)
        }
        row = try Golden.with("brand_new_field", "{\"deep\":[1,2]}", in: row)
        let summary = try ConversationSummary(json: row)
        #expect(summary.startedUnix == 1_794_700_000)
        #expect(!summary.fingerprint.isEmpty)
    }

    @Test("keeps values that it does not know as text")
    func unknownValues() throws {
        let row = try ConversationSummary(json: Golden.row("status", "\"teleported\""))
        #expect(row.status.rawValue == "teleported")
        #expect(!row.status.isFinished)
        let successful = try ConversationSummary(json: Golden.row("call_successful", "\"maybe\""))
        #expect(successful.callSuccessful?.rawValue == "maybe")
    }

    @Test("damaged details are refused or read, never fatal", arguments: Seeds.first(400))
    func mutations(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var bytes = Array(Golden.detail.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            default: bytes.removeLast(min(bytes.count - 1, place / 8))
            }
        }
        do {
            let value = try JSONParser.parse(bytes)
            let detail = try ConversationDetail(json: value)
            #expect(!detail.id.isEmpty && detail.metadata.startedUnix > 0)
        } catch {
            #expect(error is JSONError || error is RecordError, "seed \(seed)")
        }
    }

    @Test("swapped members of details are refused or read", arguments: Seeds.first(300))
    func swaps(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let value = try Golden.value(Golden.detail)
        let swapped = swap(value, value, &random)
        do throws(RecordError) {
            let detail = try ConversationDetail(json: swapped)
            #expect(!detail.id.isEmpty && detail.metadata.startedUnix > 0)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    /// The value with some of its parts replaced by other parts of the whole.
    private func swap(
        _ value: JSONValue,
        _ whole: JSONValue,
        _ random: inout Seeded
    ) -> JSONValue {
        if Int.random(in: 0..<30, using: &random) == 0 { return part(of: whole, &random) }
        switch value {
        case .list(let list): return .list(list.map { swap($0, whole, &random) })
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.map {
                        JSONObject.Member(name: $0.name, value: swap($0.value, whole, &random))
                    }
                )
            )
        default: return value
        }
    }

    private func part(of value: JSONValue, _ random: inout Seeded) -> JSONValue {
        let parts: [JSONValue] =
            switch value {
            case .list(let list): list
            case .object(let object): object.members.map(\.value)
            default: []
            }
        guard !parts.isEmpty, Int.random(in: 0..<3, using: &random) > 0 else { return value }
        return part(of: parts[Int.random(in: 0..<parts.count, using: &random)], &random)
    }

    @Test("tells the numbers of calls that went out, came in, or were no calls")
    func numbers() throws {
        let detail = try Golden.value(Golden.detail)
        func reading(_ phoneCall: String, channel: String = "") throws -> ConversationDetail {
            let metadata =
                "{\"start_time_unix_secs\":1794700000,\"phone_call\":\(phoneCall)\(channel)}"
            return try ConversationDetail(json: Golden.with("metadata", metadata, in: detail))
        }
        let outbound = try reading(
            """
            {"type":"sip_trunking","direction":"outbound","agent_number":"+1","external_number":\
            "anonymous","call_sid":"x","call_id":"y","sip_header_dynamic_variables":{"X-A":"b"}}
            """
        )
        #expect(outbound.metadata.phoneCall?.kind == .sipTrunking)
        #expect(outbound.metadata.phoneCall?.callingNumber == "+1")
        #expect(outbound.metadata.phoneCall?.calledNumber == "anonymous")
        #expect(outbound.metadata.phoneCall?.sipHeaders == ["X-A": "b"])
        let exotel = try reading("{\"type\":\"exotel\",\"call_result\":\"voicemail\"}")
        #expect(exotel.isVoicemail)
        #expect(exotel.metadata.phoneCall?.callingNumber == nil)
        #expect(exotel.externalNumber == "+15550123")
        let message = try reading(
            "null",
            channel: ",\"sms\":{\"sms_user_phone_number\":\"+15559999\"}"
        )
        #expect(message.externalNumber == "+15559999")
        #expect(try reading("null").externalNumber == "+15550123")
        #expect(
            try reading("{\"direction\":\"outbound\"}").externalNumber == nil
        )
    }

    @Test("an analysis may come as objects by id, as lists, or both")
    func analysisShapes() throws {
        let analysis = """
            {"call_successful":"unknown","evaluation_criteria_results":{"b":{"criteria_id":"b",\
            "result":"success","rationale":"r"},"n":null,"odd":7},\
            "evaluation_criteria_results_list":[{"criteria_id":"a","result":"failure"},\
            {"criteria_id":"b","result":"unknown"},{"result":"success"}],\
            "data_collection_results_list":[{"data_collection_id":"d","value":[1],\
            "json_schema":null}]}
            """
        let detail = try ConversationDetail(
            json: Golden.with("analysis", analysis, in: Golden.value(Golden.detail))
        )
        let criteria = try #require(detail.analysis?.criteria)
        #expect(criteria.map(\.id) == ["a", "b"])
        #expect(criteria.map(\.result) == [.failure, .success])
        #expect(detail.analysis?.data.first?.value?.json == "[1]")
        #expect(detail.oddFields.contains { $0.contains("odd") })
    }

    @Test("a record without its transcript says so")
    func excludedTranscript() throws {
        let value = try Golden.value(Golden.detail)
        for json in [nil, "null"] {
            let detail = try ConversationDetail(
                json: Golden.with("transcript", json, in: value)
            )
            #expect(!detail.isTranscriptIncluded)
            #expect(detail.transcript.isEmpty)
        }
        let deleted = try ConversationDetail(json: Golden.with("transcript", "[]", in: value))
        #expect(deleted.isTranscriptIncluded)
    }

    @Test(
        "the fingerprint changes with what can change in a row",
        arguments: [
            ("status", "\"processing\""), ("call_duration_secs", "95"), ("message_count", "12"),
            ("user_message_count", "null"), ("call_successful", "\"failure\""),
            ("call_success_score", "0.5"), ("rating", "4"), ("transcript_summary", "\"s\""),
            ("call_summary_title", "\"other\""), ("termination_reason", "\"\""), ("cost", "613"),
            ("cost_fiat", "0.072"), ("tag_ids", "[\"t\"]"), ("tool_names", "[]"),
            ("sentiment_analysis", "{\"overall_label\":\"positive\"}"),
        ]
    )
    func fingerprint(name: String, json: String) throws {
        let before = try ConversationSummary(json: Golden.value(Golden.listRow)).fingerprint
        #expect(try ConversationSummary(json: Golden.row(name, json)).fingerprint != before)
    }

    @Test("the fingerprint stays when only order, form or unknown members change")
    func sameFingerprint() throws {
        let before = try ConversationSummary(json: Golden.value(Golden.listRow))
        for (name, json) in [
            ("cost", "612.0"), ("rating", nil), ("new_field", "1"), ("agent_name", "\"Renamed\""),
        ] as [(String, String?)] {
            let row = try ConversationSummary(json: Golden.row(name, json))
            #expect(row.fingerprint == before.fingerprint, "\(name)")
        }
        var first = before
        first.tagIDs = ["a", "b"]
        var second = before
        second.tagIDs = ["b", "a"]
        #expect(first.fingerprint == second.fingerprint)
        // Neighbours that swap a part of their text are different.
        first.title = "ab"
        first.mainLanguage = "c"
        second.title = "a"
        second.mainLanguage = "bc"
        #expect(first.fingerprint != second.fingerprint)
    }
}
