import CallStore
import Foundation
import Hummingbird
import Reports

/// Agents, and what makes their calls qualified ones.
enum AgentEndpoints {
    static var all: [Endpoint] { [list, limit, release] }

    private static let limits: [(String, Schema)] = [
        ("turns", .integer(AgentLimits.turnsRange)),
        ("seconds", .integer(AgentLimits.secondsRange)),
    ]

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/agents",
        summary: "The agents that calls are known of, with what makes their calls qualified.",
        answer: .page(
            .fields(
                ("agent", .text),
                ("name", .optional(.text)),
                ("turns", .count),
                ("seconds", .count),
                ("isSet", .bool)
            )
        )
    ) { ask in
        let agents = try await ask.parts.store.agents()
        return .page(agents.map(json), next: nil, ask.query)
    }

    private static func json(_ agent: AgentEntry) -> JSONValue {
        .fields(
            ("agent", .text(agent.id)),
            ("name", .optional(agent.name)),
            ("turns", .count(agent.limits.turnsMin)),
            ("seconds", .count(agent.limits.secondsMin)),
            ("isSet", .bool(agent.isSet))
        )
    }

    private struct Sent: Decodable {
        var turns: Int
        var seconds: Int
    }

    private static let limit = Endpoint(
        method: .put,
        path: "/api/v1/agents/{id}/limits",
        summary: "Say what makes a call of an agent qualified; its calls are counted anew.",
        body: .sent(limits),
        answer: .fields(("changed", .bool))
    ) { ask in
        let sent = try await ask.body(Sent.self)
        guard AgentLimits.turnsRange.contains(sent.turns),
            AgentLimits.secondsRange.contains(sent.seconds)
        else {
            throw APIError(.badRequest, "turns takes 1 to 1000, seconds 0 to 86400.")
        }
        return try await set(
            AgentLimits(turnsMin: sent.turns, secondsMin: sent.seconds),
            ask
        )
    }

    private static let release = Endpoint(
        method: .delete,
        path: "/api/v1/agents/{id}/limits",
        summary: "Take an agent's own limits back; its calls are counted anew.",
        answer: .fields(("changed", .bool))
    ) { ask in
        try await set(nil, ask)
    }

    /// The scheduler counts the calls anew, within seconds.
    private static func set(_ limits: AgentLimits?, _ ask: Ask) async throws -> Response {
        let agent = try ask.word("id")
        guard try await ask.parts.store.agents().contains(where: { $0.id == agent }) else {
            throw APIError(.notFound, "No call of this agent is known.")
        }
        let person = ask.person
        let isChanged = try await ask.parts.store.write {
            try $0.setLimits(limits, of: agent, by: person)
        }
        return .json(.fields(("changed", .bool(isChanged))))
    }
}
