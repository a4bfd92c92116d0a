/// The versions of an agent's settings: every second agent is published anew each fortnight.
enum AgentVersion {
    private static let seconds = 14 * 86_400

    /// Of the call's agent when it began; nil for agents without versions.
    static func identifier(_ plan: CallPlan, seed: UInt64) -> String? {
        guard plan.agent.isMultiple(of: 2) else { return nil }
        // Each version of each agent draws its own name.
        let index = -(1 + plan.agent) * 10_000 - number(plan)
        var draw = Draw(seed: seed, stream: .agent, index: index)
        return "agtvrsn_" + draw.identifier(length: 24)
    }

    /// What this version takes longer for each answer than the fastest one.
    static func extraMilliseconds(_ plan: CallPlan) -> Int {
        plan.agent.isMultiple(of: 2) ? number(plan) % 3 * 80 : 0
    }

    private static func number(_ plan: CallPlan) -> Int { plan.start / seconds }
}
