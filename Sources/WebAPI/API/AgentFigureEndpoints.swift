import CallStore
import Definitions
import Foundation
import Hummingbird
import Reports

/// How agents' calls went: answers, interruptions, ends, and the versions beside each other.
enum AgentFigureEndpoints {
    static var all: [Endpoint] { [figures] }

    private static let manner: [(String, Schema)] = [
        ("callsRead", .count),
        ("callsWithTranscript", .count),
        (MetricID.interruptedCalls.rawValue, .count),
        ("interruptions", .count),
        (MetricID.interruptionsPerCall.rawValue, .optional(.number)),
        ("answers", .count),
        (MetricID.responseP50.rawValue, .optional(.number)),
        (MetricID.responseP95.rawValue, .optional(.number)),
        (
            MetricID.endings.rawValue,
            .list(.fields(("ending", .word(CallEnding.self)), ("calls", .count)))
        ),
    ]

    private static let ofVersion: [(String, Schema)] = [
        ("version", .optional(.text)), ("figures", MetricEndpoints.figures),
    ]

    private static let ofAgent: [(String, Schema)] = [
        ("agent", .text), ("name", .optional(.text)), ("isPartial", .bool),
        ("figures", MetricEndpoints.figures),
        ("versions", .list(.object(members(ofVersion + manner)))),
    ]

    private static let figures = Endpoint(
        method: .get,
        path: "/api/v1/agents/figures",
        summary: "How the calls of each agent and version went; of many calls the newest.",
        query: MetricEndpoints.scopeParameters,
        answer: .page(.object(members(ofAgent + manner)))
    ) { ask in
        let query = ask.query
        let scope = try MetricEndpoints.scope(of: query)
        let store = ask.parts.store
        let names = try await store.agentNames()
        let report = try await store.figureReport(scope)
        let courses = Dictionary(grouping: try await store.agentCourses(scope), by: \.agentID)
        let items = report.agents.map { part -> JSONValue in
            let own = courses[part.key] ?? []
            let whole = own.reduce(AgentCourse(agentID: part.key)) { $0 + $1 }
            let head: [(String, JSONValue)] = [
                ("agent", .text(part.key)), ("name", .optional(names[part.key])),
                ("isPartial", .bool(whole.isPartial)),
                ("figures", MetricEndpoints.json(part.figures)),
                ("versions", .list(own.map(version))),
            ]
            return object(head + json(whole))
        }
        return .page(items, next: nil, query)
    }

    private static func version(_ course: AgentCourse) -> JSONValue {
        let head: [(String, JSONValue)] = [
            ("version", .optional(course.versionID)),
            ("figures", MetricEndpoints.json(course.figures)),
        ]
        return object(head + json(course))
    }

    private static func members(_ fields: [(String, Schema)]) -> [Schema.Member] {
        fields.map { Schema.Member(name: $0.0, schema: $0.1, isRequired: true) }
    }

    private static func object(_ fields: [(String, JSONValue)]) -> JSONValue {
        .object(fields.map { .init(name: $0.0, value: $0.1) })
    }

    private static func json(_ course: AgentCourse) -> [(String, JSONValue)] {
        func seconds(_ share: Double) -> JSONValue {
            course.responses.percentile(share).map { .number(Double($0) / 1_000) } ?? .null
        }
        return [
            ("callsRead", .count(course.figures.calls)),
            ("callsWithTranscript", .count(course.heard)),
            (MetricID.interruptedCalls.rawValue, .count(course.interrupted)),
            ("interruptions", .count(course.interruptions)),
            (
                MetricID.interruptionsPerCall.rawValue,
                course.interruptionsPerCall.map { .number($0) } ?? .null
            ),
            ("answers", .count(course.responses.total)),
            (MetricID.responseP50.rawValue, seconds(0.5)),
            (MetricID.responseP95.rawValue, seconds(0.95)),
            (
                MetricID.endings.rawValue,
                .list(
                    CallEnding.allCases.compactMap { ending in
                        course.endings[ending].map {
                            .fields(("ending", .text(ending.rawValue)), ("calls", .count($0)))
                        }
                    }
                )
            ),
        ]
    }
}
