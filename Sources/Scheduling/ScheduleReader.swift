import Foundation
import JobQueue
import Yams

/// Reads one schedule's mapping and collects what is wrong with it.
struct ScheduleReader {
    let file: String
    let rules: ScheduleRules
    private(set) var problems: [ScheduleProblem] = []
    private(set) var nameLine: Int?

    init(file: String, rules: ScheduleRules) {
        self.file = file
        self.rules = rules
    }

    private static let fields = [
        "name", "cron", "timezone", "job", "lane", "args", "catchUp", "overlap", "jitter",
    ]

    /// Longest jitter: half a day, so that a daily job stays in its day.
    private static let jitterMax = Duration.seconds(12 * 60 * 60)

    mutating func read(_ node: Node) -> Schedule? {
        guard case .mapping(let mapping) = node else {
            note(node, nil, "is no schedule; write a mapping that begins with 'name:'")
            return nil
        }
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            guard Self.fields.contains(name) else {
                note(
                    key,
                    name,
                    "is no field of a schedule; there are \(Self.fields.joined(separator: ", "))"
                )
                continue
            }
            values[name] = value
        }
        for required in ["name", "cron", "job"] where values[required] == nil {
            note(node, required, "is missing")
        }
        let name = values["name"].flatMap { self.name($0) }
        let cadence = values["cron"].flatMap { self.cadence($0) }
        let zone = values["timezone"].map { timeZone($0) } ?? rules.defaultTimeZone
        let kind = values["job"].flatMap { self.kind($0) }
        let lane = choice(values["lane"], "lane", Lane.allCases.map { ($0.rawValue, $0) }) ?? .std
        let payload = self.payload(values["args"], kind: kind)
        let catchUp = values["catchUp"].map { self.catchUp($0) } ?? .latest
        let overlap =
            choice(values["overlap"], "overlap", Overlap.allCases.map { ($0.rawValue, $0) })
            ?? .skip
        let jitter = values["jitter"].flatMap { duration($0, "jitter", atMost: Self.jitterMax) }
        guard problems.isEmpty, let name, let cadence, let zone, let kind, let payload,
            let catchUp
        else { return nil }
        return Schedule(
            name: name,
            cadence: cadence,
            timeZone: zone,
            kind: kind,
            lane: lane,
            payload: payload,
            catchUp: catchUp,
            overlap: overlap,
            jitter: jitter ?? .zero
        )
    }

    private mutating func name(_ node: Node) -> ScheduleName? {
        nameLine = node.mark?.line
        guard let name = node.text.flatMap(ScheduleName.init) else {
            note(
                node,
                "name",
                "must be 1 to \(ScheduleName.lengthMax) letters, digits, '.', '_' or '-'"
            )
            return nil
        }
        return name
    }

    private mutating func cadence(_ node: Node) -> Cadence? {
        guard let text = node.text else {
            note(node, "cron", "must be a text such as \"*/15 * * * *\"")
            return nil
        }
        do {
            return try Cadence(parsing: text)
        } catch {
            note(node, "cron", error.description)
            return nil
        }
    }

    private mutating func timeZone(_ node: Node) -> TimeZone? {
        // Identifiers alone: an abbreviation such as EST names no rules for summer time.
        guard let text = node.text, text == "UTC" || text.contains("/"),
            let zone = TimeZone(identifier: text)
        else {
            note(node, "timezone", "is no time zone; write UTC or a name such as Europe/Berlin")
            return nil
        }
        return zone
    }

    private mutating func kind(_ node: Node) -> String? {
        guard let text = node.text, rules.kinds.contains(text) else {
            note(node, "job", "is none of \(rules.kinds.sorted().joined(separator: ", "))")
            return nil
        }
        return text
    }

    private mutating func payload(_ node: Node?, kind: String?) -> [UInt8]? {
        guard let node else {
            return checked(Array("{}".utf8), at: nil, kind: kind)
        }
        guard case .mapping = node else {
            note(node, "args", "must be a mapping such as { window: recent }")
            return nil
        }
        do {
            return checked(try PayloadWriter.bytes(of: node), at: node, kind: kind)
        } catch {
            note(line: error.line, (["args"] + error.path).joined(separator: "."), error.message)
            return nil
        }
    }

    private mutating func checked(_ payload: [UInt8], at node: Node?, kind: String?) -> [UInt8]? {
        guard let kind else { return payload }
        guard payload.count <= QueueLimits.payloadBytesMax else {
            note(node, "args", "are larger than \(QueueLimits.payloadBytesMax) bytes")
            return nil
        }
        if let problem = rules.argumentProblem(kind, payload) {
            note(node, "args", problem)
            return nil
        }
        return payload
    }

    private mutating func catchUp(_ node: Node) -> CatchUp? {
        let expected =
            "must be skip, latest, all, or { policy: all, max: 24, within: 24h }"
        if let text = node.text {
            switch text {
            case "skip": return .skip
            case "latest": return .latest
            case "all":
                return .all(max: CatchUp.countDefault, within: CatchUp.withinDefault)
            default: break
            }
        }
        guard case .mapping(let mapping) = node, mapping["policy"]?.text == "all" else {
            note(node, "catchUp", expected)
            return nil
        }
        var count = CatchUp.countDefault
        var within = CatchUp.withinDefault
        for (key, value) in mapping {
            switch key.string {
            case "policy": continue
            case "max":
                guard let number = value.text.flatMap({ Int($0) }),
                    (1...CatchUp.countMax).contains(number)
                else {
                    note(value, "catchUp.max", "must be a number from 1 to \(CatchUp.countMax)")
                    continue
                }
                count = number
            case "within":
                within =
                    duration(value, "catchUp.within", atMost: CatchUp.withinMax) ?? within
            default:
                note(
                    key,
                    "catchUp.\(key.string ?? "")",
                    "is no field; there are policy, max, within"
                )
            }
        }
        return .all(max: count, within: within)
    }

    private mutating func duration(
        _ node: Node,
        _ field: String,
        atMost limit: Duration
    ) -> Duration? {
        guard let milliseconds = node.text.flatMap(DurationText.milliseconds),
            .milliseconds(milliseconds) <= limit
        else {
            let hours = limit.components.seconds / 3600
            note(node, field, "must be a duration such as 10s, 5m or 2h, up to \(hours)h")
            return nil
        }
        return .milliseconds(milliseconds)
    }

    private mutating func choice<Value>(
        _ node: Node?,
        _ field: String,
        _ choices: [(String, Value)]
    ) -> Value? {
        guard let node else { return nil }
        guard let choice = choices.first(where: { $0.0 == node.text }) else {
            note(node, field, "must be one of \(choices.map(\.0).joined(separator: ", "))")
            return nil
        }
        return choice.1
    }

    private mutating func note(_ node: Node?, _ field: String?, _ message: String) {
        note(line: node?.mark?.line, field, message)
    }

    private mutating func note(line: Int?, _ field: String?, _ message: String) {
        problems.append(ScheduleProblem(file: file, line: line, field: field, message: message))
    }
}

extension Node {
    /// The text of a scalar; nil for everything else.
    var text: String? {
        guard case .scalar(let scalar) = self else { return nil }
        return scalar.string
    }

    /// Whether it is an unquoted nothing, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
