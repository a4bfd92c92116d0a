/// One condition that an item of the list must meet.
enum Filter: Sendable {
    /// Needs only the plan: cheap.
    case plan(@Sendable (CallPlan, World) -> Bool)
    /// Needs the rendered call.
    case record(@Sendable (CallRecord) -> Bool)
}

extension ListQuery {
    /// Values that a list-valued parameter takes at most.
    private static let valuesMax = 50

    static func filters(_ query: Query) throws -> [Filter] {
        try planFilters(query) + recordFilters(query) + clauseFilters(query)
    }

    private static func planFilters(_ query: Query) throws -> [Filter] {
        var filters: [Filter] = []
        if let agent = query.value("agent_id") {
            filters.append(.plan { $1.agents.all[$0.agent].identifier == agent })
        }
        if let lines = try list(query, "phone_number_ids") {
            filters.append(
                .plan { plan, world in
                    plan.line.map { lines.contains(world.agents.lines[$0].identifier) } ?? false
                }
            )
        }
        if let languages = try list(query, "main_languages") {
            filters.append(.plan { plan, _ in languages.contains(plan.language.rawValue) })
        }
        if let user = query.value("user_id") {
            filters.append(.plan { plan, _ in plan.party == .visitor(user) })
        }
        if let text = query.value("text_only") {
            let wanted = try bool("text_only", text)
            filters.append(.plan { plan, _ in plan.channel.isTextOnly == wanted })
        }
        if let version = query.value("version_id") {
            filters.append(
                .plan { plan, world in
                    AgentVersion.identifier(plan, seed: world.settings.seed) == version
                }
            )
        }
        // Nothing here has a branch, a tag or a topic.
        for name in ["branch_id", "tag_ids", "topic_ids", "parent_conversation_id"]
        where query.value(name) != nil {
            filters.append(.plan { _, _ in false })
        }
        return filters
    }

    private static func recordFilters(_ query: Query) throws -> [Filter] {
        var filters: [Filter] = []
        func add(_ filter: @escaping @Sendable (CallRecord) -> Bool) {
            filters.append(.record(filter))
        }
        if let statuses = try list(query, "exclude_statuses") {
            let known = CallStatus.allCases.map(\.rawValue)
            for status in statuses { _ = try choice("exclude_statuses", status, known) }
            add { !statuses.contains($0.status.rawValue) }
        }
        if let success = query.value("call_successful") {
            let results = ["success", "failure", "unknown", "error"]
            let wanted = try choice("call_successful", success, results)
            add { $0.successful.rawValue == wanted }
        }
        if let least = try int(query, "call_duration_min_secs", nil) {
            add { $0.durationSeconds >= least }
        }
        if let most = try int(query, "call_duration_max_secs", nil) {
            add { $0.durationSeconds <= most }
        }
        if let least = try int(query, "rating_min", 1...5) {
            add { ($0.feedback?.rating ?? 0) >= least }
        }
        if let most = try int(query, "rating_max", 1...5) {
            add { ($0.feedback?.rating).map { $0 <= most } ?? false }
        }
        if let text = query.value("has_feedback_comment") {
            let wanted = try bool("has_feedback_comment", text)
            add { ($0.feedback?.comment != nil) == wanted }
        }
        if let source = query.value("conversation_initiation_source") {
            add { $0.initiationSource == source }
        }
        if let reasons = try list(query, "termination_reasons") {
            add { reasons.contains($0.terminationReason) }
        }
        return filters + (try toolFilters(query)) + searchFilters(query)
    }

    private static func toolFilters(_ query: Query) throws -> [Filter] {
        var filters: [Filter] = []
        for (name, outcome) in [
            ("tool_names", nil), ("tool_names_successful", false), ("tool_names_errored", true),
        ] as [(String, Bool?)] {
            guard let tools = try list(query, name) else { continue }
            filters.append(
                .record { record in
                    record.hasTranscript
                        && record.script.toolResults.contains { use in
                            tools.contains(use.tool.name) && (outcome ?? use.fails) == use.fails
                        }
                }
            )
        }
        return filters
    }

    private static func searchFilters(_ query: Query) -> [Filter] {
        guard let text = query.value("search")?.lowercased(), !text.isEmpty else { return [] }
        return [
            .record { record in
                record.hasTranscript
                    && record.script.turns.contains { turn in
                        record.words(of: turn)?.lowercased().contains(text) ?? false
                    }
            }
        ]
    }

    private static func clauseFilters(_ query: Query) throws -> [Filter] {
        var filters: [Filter] = []
        for name in ["data_collection_params", "data_collection_filter"] {
            for text in query.values(name) {
                let clause = try Clause(text, parameter: name)
                filters.append(
                    .record { clause.matches($0.collectedData[clause.name]?["value"]) }
                )
            }
        }
        for name in ["dynamic_variable_params", "dynamic_variable_filter"] {
            for text in query.values(name) {
                let clause = try Clause(text, parameter: name)
                filters.append(.record { clause.matches($0.dynamicVariables[clause.name]) })
            }
        }
        for text in query.values("evaluation_params") {
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count == 2 else {
                throw InvalidParameter(
                    name: "evaluation_params",
                    input: text,
                    type: "value_error",
                    message: "Value error, expected criteria_id:result"
                )
            }
            filters.append(.record { $0.criteria[parts[0]]?["result"] == .string(parts[1]) })
        }
        return filters
    }

    private static func list(_ query: Query, _ name: String) throws -> [String]? {
        let values = query.values(name)
        guard values.count <= valuesMax else {
            throw InvalidParameter(
                name: name,
                input: "\(values.count) values",
                type: "too_long",
                message: "List should have at most \(valuesMax) items"
            )
        }
        return values.isEmpty ? nil : values
    }

    static func bool(_ name: String, _ text: String) throws -> Bool {
        switch text.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default:
            throw InvalidParameter(
                name: name,
                input: text,
                type: "bool_parsing",
                message: "Input should be a valid boolean, unable to interpret input"
            )
        }
    }
}

/// A condition on a collected value or a variable: `name:op:value`.
struct Clause: Sendable {
    let name: String
    private let operation: String
    private let operand: String

    private static let operations = ["eq", "neq", "gt", "gte", "lt", "lte", "in"]

    init(_ text: String, parameter: String) throws {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, Self.operations.contains(String(parts[1])) else {
            throw InvalidParameter(
                name: parameter,
                input: text,
                type: "value_error",
                message: "Value error, expected id:op:value"
            )
        }
        name = String(parts[0])
        operation = String(parts[1])
        operand = String(parts[2])
        guard !["gt", "gte", "lt", "lte"].contains(operation) || Double(operand) != nil else {
            throw InvalidParameter(
                name: parameter,
                input: text,
                type: "value_error",
                message: "Value error, \(operation) needs a number"
            )
        }
    }

    /// Whether a value meets the condition; an empty operand asks whether there is one at all.
    func matches(_ value: JSON?) -> Bool {
        let text = Self.plain(value)
        switch operation {
        case "eq": return operand.isEmpty ? text == nil : text == operand
        case "neq": return operand.isEmpty ? text != nil : text != operand
        case "in":
            return text.map { operand.split(separator: "|").contains(Substring($0)) } ?? false
        default:
            guard let number = text.flatMap(Double.init), let limit = Double(operand) else {
                return false
            }
            return switch operation {
            case "gt": number > limit
            case "gte": number >= limit
            case "lt": number < limit
            default: number <= limit
            }
        }
    }

    private static func plain(_ value: JSON?) -> String? {
        switch value {
        case .string(let text)?: text
        case .int(let number)?: String(number)
        case .double(let number)?: String(number)
        case .bool(let flag)?: flag ? "true" : "false"
        case .null?, .array?, .object?, nil: nil
        }
    }
}
