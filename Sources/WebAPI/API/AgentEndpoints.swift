import CallStore
import Foundation
import Hummingbird
import Reports

/// Agents, and what makes their calls qualified ones.
enum AgentEndpoints {
    static var all: [Endpoint] { [list, limit, release, trial] }

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
        return try await set(checked(turns: sent.turns, seconds: sent.seconds), ask)
    }

    private static func checked(turns: Int, seconds: Int) throws(APIError) -> AgentLimits {
        guard AgentLimits.turnsRange.contains(turns), AgentLimits.secondsRange.contains(seconds)
        else { throw APIError(.badRequest, "turns takes 1 to 1000, seconds 0 to 86400.") }
        return AgentLimits(turnsMin: turns, secondsMin: seconds)
    }

    private static let release = Endpoint(
        method: .delete,
        path: "/api/v1/agents/{id}/limits",
        summary: "Take an agent's own limits back; its calls are counted anew.",
        answer: .fields(("changed", .bool))
    ) { ask in
        try await set(nil, ask)
    }

    private static func find(_ ask: Ask) async throws -> AgentEntry {
        let agent = try ask.word("id")
        guard let found = try await ask.parts.store.agents().first(where: { $0.id == agent }) else {
            throw APIError(.notFound, "No call of this agent is known.")
        }
        return found
    }

    /// The scheduler counts the calls anew, within seconds.
    private static func set(_ limits: AgentLimits?, _ ask: Ask) async throws -> Response {
        let agent = try await find(ask).id
        let person = ask.person
        let isChanged = try await ask.parts.store.write {
            try $0.setLimits(limits, of: agent, by: person)
        }
        return .json(.fields(("changed", .bool(isChanged))))
    }

    // MARK: Before it is said

    private struct Tried: Decodable {
        var turns: Int?
        var seconds: Int?
        var shipped: Bool?
    }

    private static let trial = Endpoint(
        method: .post,
        path: "/api/v1/agents/{id}/limits/trial",
        summary: "Count how many calls would be qualified by other limits; nothing is changed.",
        body: .sent([], optional: limits + [("shipped", .bool)]),
        answer: .fields(
            ("calls", .count),
            ("qualifiedBefore", .count),
            ("qualifiedAfter", .count),
            ("text", .text)
        )
    ) { ask in
        let tried = try await ask.body(Tried.self)
        let agent = try await find(ask)
        let limits =
            tried.shipped == true
            ? AgentLimits.standard
            : try checked(
                turns: tried.turns ?? agent.limits.turnsMin,
                seconds: tried.seconds ?? agent.limits.secondsMin
            )
        let trial = try await ask.parts.store.trial(of: limits, for: agent.id)
        return .json(
            .fields(
                ("calls", .count(trial.calls)),
                ("qualifiedBefore", .count(trial.qualifiedBefore)),
                ("qualifiedAfter", .count(trial.qualifiedAfter)),
                ("text", .text(words(trial, agent.limits, limits)))
            )
        )
    }

    private static func words(
        _ trial: AgentLimitsTrial,
        _ before: AgentLimits,
        _ after: AgentLimits
    ) -> String {
        let counts =
            "Qualified of \(PageWords.count(trial.calls)) calls: "
            + "\(PageWords.count(trial.qualifiedBefore)) before, "
            + "\(PageWords.count(trial.qualifiedAfter)) after."
        return before == after
            ? counts + " The limits are the same; nothing is counted anew."
            : counts + " The figures of all days are counted anew, beside other work."
    }
}
