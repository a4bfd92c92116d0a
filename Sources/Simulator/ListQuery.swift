/// The parameters of the conversations' list, parsed and checked.
///
/// The upstream does not document whether its time bounds are inclusive; here a call that starts
/// at `call_start_after_unix` is within and one that starts at `call_start_before_unix` is not.
/// Unknown parameters are ignored, as the upstream does.
struct ListQuery: Sendable {
    var pageSize = 30
    var ascending = false
    var after: Int?
    var before: Int?
    var options = CallRecord.SummaryOptions()
    var filters: [Filter] = []
    /// A number that stands for the filters and the order; the cursor is bound to it.
    private(set) var fingerprint: UInt64 = 0

    static let pageSizes = 1...100

    init(_ query: Query) throws {
        pageSize = try Self.int(query, "page_size", Self.pageSizes) ?? pageSize
        let direction = query.value("sort_direction") ?? "desc"
        ascending = try Self.choice("sort_direction", direction, ["asc", "desc"]) == "asc"
        after = try Self.int(query, "call_start_after_unix", nil)
        before = try Self.int(query, "call_start_before_unix", nil)
        let mode = query.value("summary_mode") ?? "exclude"
        options.withSummary =
            try Self.choice("summary_mode", mode, ["exclude", "include"]) == "include"
        options.collected = query.values("data_collection_ids")
        options.criteria = query.values("evaluation_criteria_ids")
        filters = try Self.filters(query)
        fingerprint = Self.fingerprint(query)
    }

    static func int(_ query: Query, _ name: String, _ range: ClosedRange<Int>?) throws -> Int? {
        guard let text = query.value(name) else { return nil }
        guard let number = Int(text) else {
            throw InvalidParameter(
                name: name,
                input: text,
                type: "int_parsing",
                message: "Input should be a valid integer, unable to parse string as an integer"
            )
        }
        guard let range, !range.contains(number) else { return number }
        let low = number < range.lowerBound
        throw InvalidParameter(
            name: name,
            input: text,
            type: low ? "greater_than_equal" : "less_than_equal",
            message: low
                ? "Input should be greater than or equal to \(range.lowerBound)"
                : "Input should be less than or equal to \(range.upperBound)"
        )
    }

    static func choice(_ name: String, _ value: String, _ choices: [String]) throws -> String {
        guard choices.contains(value) else {
            let list = choices.map { "'\($0)'" }.joined(separator: " or ")
            throw InvalidParameter(
                name: name,
                input: value,
                type: "enum",
                message: "Input should be \(list)"
            )
        }
        return value
    }

    /// What decides which conversations stand in the list and how.
    private static let unbound: Set<String> = ["cursor", "page_size"]

    private static func fingerprint(_ query: Query) -> UInt64 {
        let items = query.items.filter { !unbound.contains($0.name) }
            .map { "\($0.name)=\($0.value)" }.sorted()
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in items.joined(separator: "&").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}

/// The place in a walk through the list: after which call it goes on.
///
/// Opaque to clients, and bound to the filters and the order it was made with.
struct Cursor: Equatable {
    let index: Int

    /// The cursor as text.
    func text(for query: ListQuery, seed: UInt64) -> String {
        let place = Draw.mixed(seed ^ query.fingerprint) ^ UInt64(index)
        return String(place, radix: 36) + "." + Self.check(place, query, seed)
    }

    init(index: Int) {
        self.index = index
    }

    /// - Throws: `InvalidParameter` for a text that this query's walk did not give out.
    init(_ text: String, for query: ListQuery, seed: UInt64) throws {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let place = UInt64(parts[0], radix: 36),
            parts[1] == Self.check(place, query, seed)
        else {
            throw InvalidParameter(
                name: "cursor",
                input: text,
                type: "value_error",
                message: "Value error, the cursor does not belong to these filters"
            )
        }
        index = Int(truncatingIfNeeded: place ^ Draw.mixed(seed ^ query.fingerprint))
    }

    private static func check(_ place: UInt64, _ query: ListQuery, _ seed: UInt64) -> String {
        String(Draw.mixed(place ^ Draw.mixed(query.fingerprint &+ seed)), radix: 36)
    }
}
