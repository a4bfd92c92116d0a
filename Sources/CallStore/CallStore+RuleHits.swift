import GRDB

/// Calls that a rule made conversions.
package struct RuleHits: Hashable, Sendable {
    package var type: String

    /// What the rule counts, in words: a rule of an earlier version that says the same is the same.
    package var echo: String
    package var calls: Int

    /// What they are worth, by currency.
    package var worth: [Money]
}

extension CallStore {
    /// What the rules counted in some days, by the version that each call was judged by.
    ///
    /// Reads every call of them, by agent and day or by campaign and day. Labels are left out: it is
    /// the rules' own word.
    package func ruleHits(_ scope: FigureScope) async throws(StoreError) -> [RuleHits] {
        try await read { database in
            let figures = FigureReading(database: database, scope: scope)
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select verdicts.type as type, verdicts.echo as echo,
                            verdicts.currency as currency, count(*) as calls,
                            sum(verdicts.value_micros) as micros
                        from \(Self.factsSource(figures))
                        join conversions on conversions.call_id = call_facts.call_id
                        join verdicts on verdicts.call_id = call_facts.call_id
                            and verdicts.rule_version = conversions.rule_version
                        where \(figures.condition) and is_excluded = 0
                            and verdicts.outcome = 'yes'
                        group by verdicts.type, verdicts.echo, verdicts.currency
                        order by verdicts.type, verdicts.echo, verdicts.currency
                        """
                ),
                arguments: figures.arguments
            )
            var hits: [RuleHits] = []
            for row in rows {
                let (type, echo): (String, String) = (row["type"], row["echo"])
                if hits.last?.type != type || hits.last?.echo != echo {
                    hits.append(RuleHits(type: type, echo: echo, calls: 0, worth: []))
                }
                hits[hits.count - 1].calls += row["calls"]
                if let money = CallReading.money(row["micros"], row["currency"]) {
                    hits[hits.count - 1].worth.append(money)
                }
            }
            return hits
        }
    }

    /// No index of calls begins with the day, but one of each agent's does.
    private static func factsSource(_ figures: FigureReading) -> String {
        if case .one = figures.scope.campaign {
            return "call_facts indexed by call_facts_by_campaign"
        }
        return """
            (select distinct agent_id as agent from daily_figures where \(figures.condition))
            cross join call_facts indexed by call_facts_by_agent on call_facts.agent_id = agent
            """
    }
}
