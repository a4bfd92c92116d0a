/// What the misbehaving upstream does to the calls themselves, and to walks through them.
package enum Hostility {
    /// Whether a call's records cannot be understood, because they lack their start time.
    package static func isMalformed(_ index: Int) -> Bool { index % 101 == 13 }

    /// Whether a call appears in the list only after a while, between older ones.
    static func isLate(_ index: Int) -> Bool { index % 53 == 17 }

    /// After how many requests for pages a late call appears.
    static func appearsAfter(_ index: Int) -> Int { index / 53 % 10 * 4 + 2 }

    /// Whether a call that is done has a second event, of an unknown type.
    static func hasUnknownEvent(_ index: Int, _ profile: FaultProfile) -> Bool {
        profile.has(.unknownEvents)
            && Double(index % 20) < (profile[.unknownEvents] * 20).rounded()
    }

    // MARK: Walks

    /// Whether the cursor behind a call is refused by this walk, however often it is used.
    static func isExpired(
        _ index: Int,
        _ profile: FaultProfile,
        _ query: ListQuery,
        seed: UInt64
    ) -> Bool {
        guard profile.has(.expireCursors) else { return false }
        let key = seed ^ query.fingerprint
        var draw = Draw(seed: key, stream: .oddity, index: -1 - index)
        return draw.chance(profile[.expireCursors])
    }

    /// Whether a request for a page gets the one before once more.
    static func repeatsPage(_ request: Int, _ profile: FaultProfile, seed: UInt64) -> Bool {
        guard profile.has(.repeatPages) else { return false }
        var draw = Draw(seed: seed &+ 1, stream: .oddity, index: request)
        return draw.chance(profile[.repeatPages])
    }

    // MARK: Records

    /// Whether fields of a call's records have other types than the schema's.
    static func hasWrongTypes(_ index: Int, _ profile: FaultProfile, seed: UInt64) -> Bool {
        guard profile.has(.wrongTypes) else { return false }
        var draw = Draw(seed: seed, stream: .oddity, index: index)
        return draw.chance(profile[.wrongTypes])
    }

    /// Adds what no schema knows to an item of the list.
    static func dress(
        _ item: JSON,
        of index: Int,
        _ profile: FaultProfile,
        seed: UInt64
    ) -> JSON {
        var item = item
        if profile.has(.unknownFields) {
            if index % 3 == 0 {
                item["moon_phase"] = "waxing"
                item["routing_trace"] = ["hops": [1, 2, 3], "nested": ["deeper": nil]]
            }
            if index % 11 == 5 { item["conversation_initiation_source"] = "carrier_pigeon" }
        }
        if hasWrongTypes(index, profile, seed: seed) {
            item["call_duration_secs"] = asText(item["call_duration_secs"])
            item["rating"] = asText(item["rating"])
            item["tag_ids"] = "none"
            item["agent_name"] = 7
        }
        guard profile.has(.malformedRecords), isMalformed(index) else { return item }
        item["start_time_unix_secs"] = malformedStart(index)
        return item
    }

    /// Adds what no schema knows to a conversation.
    static func dress(
        detail: JSON,
        of index: Int,
        _ profile: FaultProfile,
        seed: UInt64
    ) -> JSON {
        var detail = detail
        guard var metadata = detail["metadata"] else { return detail }
        if profile.has(.unknownFields) { addUnknown(to: &detail, &metadata, of: index) }
        if hasWrongTypes(index, profile, seed: seed) {
            metadata["call_duration_secs"] = asText(metadata["call_duration_secs"])
            metadata["warnings"] = "none"
            metadata["text_only"] = metadata["text_only"] == .bool(true) ? "true" : "false"
            detail["tag_ids"] = "none"
            detail["agent_name"] = 7
            change(
                &detail,
                turn: { turn in
                    turn["time_in_call_secs"] = asText(turn["time_in_call_secs"])
                    turn["feedback"] = "none"
                }
            )
        }
        if profile.has(.malformedRecords), isMalformed(index) {
            metadata["start_time_unix_secs"] = malformedStart(index)
        }
        detail["metadata"] = metadata
        return detail
    }

    private static func addUnknown(
        to detail: inout JSON,
        _ metadata: inout JSON,
        of index: Int
    ) {
        if index % 3 == 0 {
            detail["moon_phase"] = "waxing"
            metadata["satellite_hops"] = 2
        }
        if index % 11 == 5 {
            metadata["conversation_initiation_source"] = "carrier_pigeon"
            metadata["authorization_method"] = "palm_scan"
        }
        if index % 13 == 4 {
            change(
                &detail,
                turn: { turn in
                    turn["source_medium"] = "hologram"
                    turn["mood_ring"] = ["color": "green"]
                }
            )
        }
    }

    /// Changes the first turn, where there is one.
    private static func change(_ detail: inout JSON, turn body: (inout JSON) -> Void) {
        guard case .array(var turns)? = detail["transcript"], !turns.isEmpty else { return }
        body(&turns[0])
        detail["transcript"] = .array(turns)
    }

    /// A number as the text of it.
    private static func asText(_ value: JSON?) -> JSON? {
        switch value {
        case .int(let number): .string(String(number))
        case .double(let number): .string(String(number))
        default: value
        }
    }

    private static func malformedStart(_ index: Int) -> JSON? {
        switch index / 101 % 3 {
        case 0: nil
        case 1: "yesterday"
        default: .some(.null)
        }
    }
}
