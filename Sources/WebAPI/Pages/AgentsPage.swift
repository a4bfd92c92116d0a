import CallStore
import Conversion
import Definitions

extension PageDesk {
    /// All agents, and two of them or two periods against each other.
    func agents(_ query: PageQuery) async throws -> Page {
        var scope = query.scope(today: words.today)
        scope.agentID = nil
        let names = try await store.agentNames()
        let report = try await store.figureReport(scope)
        var view: View = [
            "rows": report.agents.map { agentRow($0.key, $0.figures, names, query) },
            "isEmpty": report.agents.isEmpty,
            "leftOptions": agentOptions(names, query["agent"]),
            "rightOptions": agentOptions(names, query["with"]),
            "agentFields": query.fields(without: ["agent", "with"]),
        ]
        view["comparison"] = try await comparison(query, names)
        return Page(template: .agents, title: "Agents", view: view)
    }

    private func agentOptions(_ names: [String: String], _ chosen: String?) -> [View] {
        names.sorted { $0.value < $1.value }.map { id, name in
            ["value": id, "label": name, "selected": id == chosen]
        }
    }

    private func agentRow(
        _ id: String,
        _ figures: CallFigures,
        _ names: [String: String],
        _ query: PageQuery
    ) -> View {
        [
            "name": names[id] ?? id, "href": query.link("/calls", ["agent": id]),
            "calls": PageWords.count(figures.calls),
            "success": PageWords.share(figures.successRate),
            "successInterval": Share(figures.success, of: figures.success + figures.failure)?
                .text ?? "–",
            "conversion": Share(figures.conversions, of: figures.qualified)?.text ?? "–",
            "average": PageWords.duration(figures.averageSeconds),
            "noSpeech": PageWords.share(figures.noSpeech, of: figures.calls),
            "cost": PageWords.money(
                figures.conversions == 0
                    ? nil : figures.agentCost.map { $0 / Double(figures.conversions) }
            ),
            "isSmall": figures.calls < PageDesk.smallCalls,
        ]
    }

    /// Agent against agent, or else these days against the days before.
    private func comparison(_ query: PageQuery, _ names: [String: String]) async throws -> View {
        let scope = query.scope(today: words.today)
        var other = scope
        let labels: (String, String)
        if let with = query["with"], let agent = query["agent"] {
            other.agentID = with
            labels = (names[agent] ?? agent, names[with] ?? with)
        } else if let before = query.before(today: words.today) {
            other.from = before.lowerBound
            other.to = before.upperBound
            let whose = query["agent"].map { names[$0] ?? $0 } ?? "all agents"
            labels = ("these days, \(whose)", "the days before")
        } else {
            return ["none": "Choose two agents, or switch a comparison on."]
        }
        let first = try await store.figureReport(scope).total
        let second = try await store.figureReport(other).total
        func row(_ id: MetricID, _ one: (Int, Int), _ two: (Int, Int)) -> View {
            var view: View = [
                "label": id.definition.label, "text": id.definition.tooltip,
                "first": Share(one.0, of: one.1)?.text ?? "–",
                "second": Share(two.0, of: two.1)?.text ?? "–", "difference": "–",
                "verdict": "Too small to tell: no calls on one side.",
            ]
            if let left = Share(one.0, of: one.1), let right = Share(two.0, of: two.1) {
                let difference = ShareDifference(left, right).view
                view["difference"] = difference["difference"]
                view["verdict"] = difference["text"]
            }
            return view
        }
        return [
            "left": labels.0, "right": labels.1,
            "rows": [
                row(
                    .successRate,
                    (first.success, first.success + first.failure),
                    (second.success, second.success + second.failure)
                ),
                row(
                    .conversionRate,
                    (first.conversions, first.qualified),
                    (second.conversions, second.qualified)
                ),
                row(.noSpeech, (first.noSpeech, first.calls), (second.noSpeech, second.calls)),
            ],
        ]
    }
}
