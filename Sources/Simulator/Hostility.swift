/// What the hostile upstream does to the calls themselves; the index alone decides it.
package enum Hostility {
    /// Whether a call's records cannot be understood, because they lack their start time.
    package static func isMalformed(_ index: Int) -> Bool { index % 101 == 13 }

    /// Whether a call appears in the list only after a while, between older ones.
    static func isLate(_ index: Int) -> Bool { index % 53 == 17 }

    /// After how many requests for pages a late call appears.
    static func appearsAfter(_ index: Int) -> Int { index / 53 % 20 * 4 + 2 }

    /// Adds what no schema knows to an item of the list.
    static func dress(_ item: JSON, of index: Int) -> JSON {
        var item = item
        if index % 3 == 0 {
            item["moon_phase"] = "waxing"
            item["routing_trace"] = ["hops": [1, 2, 3], "nested": ["deeper": nil]]
        }
        if index % 11 == 5 { item["conversation_initiation_source"] = "carrier_pigeon" }
        guard isMalformed(index) else { return item }
        switch index / 101 % 3 {
        case 0: item["start_time_unix_secs"] = nil as JSON?
        case 1: item["start_time_unix_secs"] = "yesterday"
        default: item["start_time_unix_secs"] = .null
        }
        return item
    }

    /// Adds what no schema knows to a conversation.
    static func dress(detail: JSON, of index: Int) -> JSON {
        var detail = detail
        guard var metadata = detail["metadata"] else { return detail }
        if index % 3 == 0 {
            detail["moon_phase"] = "waxing"
            metadata["satellite_hops"] = 2
        }
        if index % 11 == 5 {
            metadata["conversation_initiation_source"] = "carrier_pigeon"
            metadata["authorization_method"] = "palm_scan"
        }
        if index % 13 == 4, case .array(var turns)? = detail["transcript"], !turns.isEmpty {
            turns[0]["source_medium"] = "hologram"
            turns[0]["mood_ring"] = ["color": "green"]
            detail["transcript"] = .array(turns)
        }
        if isMalformed(index) {
            if index / 101 % 3 == 0 {
                metadata["start_time_unix_secs"] = nil as JSON?
            } else {
                metadata["start_time_unix_secs"] = index / 101 % 3 == 1 ? "yesterday" : .null
            }
        }
        detail["metadata"] = metadata
        return detail
    }
}
