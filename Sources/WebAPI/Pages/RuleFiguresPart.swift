import CallStore
import Conversion
import Foundation

extension PageDesk {
    /// What stands in their place until somebody asks for them, as they judge labelled calls.
    static func figuresLink(to rules: RuleSet, _ query: PageQuery) -> View {
        [
            "name": rules.name, "short": String(rules.version.prefix(12)),
            "labelledMax": PageWords.count(RuleBench.labelledMax),
            "figuresHref": query.link(nil, ["figures": "1"]) + "#rules-title",
        ]
    }

    /// Each rule of a set: how good it is by the labels, how often it counts, what it is worth.
    func figures(
        of rules: RuleSet,
        _ scope: FigureScope,
        _ desk: RuleDesk
    ) async throws -> View {
        let figures = try await desk.figures(of: rules, in: scope, today: words.today)
        return [
            "name": rules.name, "short": String(rules.version.prefix(12)),
            "days": PageWords.count(figures.days, "day"),
            "labelledMax": PageWords.count(RuleBench.labelledMax),
            "rows": figures.rules.map { one -> View in
                var view: View = [
                    "rule": one.rule.id, "type": one.rule.type, "echo": one.rule.echo,
                    "hits": PageWords.count(one.hits),
                    "perDay": String(format: "%.1f", one.perDay),
                    "value": one.rule.valueText ?? "–",
                    "labelled": PageWords.count(one.report.labelled),
                    "precision": one.report.precision?.text ?? "–",
                    "recall": one.report.recall?.text ?? "–",
                ]
                if let why = one.report.precisionMissing { view["whyNoPrecision"] = why }
                if let why = one.report.recallMissing { view["whyNoRecall"] = why }
                let worth = one.worth.map(\.text).joined(separator: ", ")
                if !worth.isEmpty { view["worth"] = worth }
                return view
            },
        ]
    }
}

extension Rule {
    /// What a conversion by it is worth, with its currency; nil when nothing is said.
    var valueText: String? {
        guard let value, let currency else { return nil }
        switch value {
        case .fixed(let amount):
            return Money(amount, currency: currency)?.text
        case .data(let id):
            return "\(id), in \(currency)"
        }
    }
}
