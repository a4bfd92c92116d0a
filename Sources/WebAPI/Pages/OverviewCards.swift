import CallStore
import Definitions
import Foundation

/// The cards of the overview.
struct OverviewCards {
    let overview: Overview
    let query: PageQuery

    /// What may stand on the overview, in its usual order.
    static let all: [MetricID] = [
        .calls, .success, .failure, .unknown, .pending, .conversionRate, .totalMinutes,
        .averageDuration, .askedSatisfaction, .unattributed,
    ]

    /// A share of unknown outcomes from which the success rate says too little.
    private static let unknownShareMax = 0.2

    private var total: CallFigures { overview.report.total }
    private var before: CallFigures? { overview.before }

    /// The cards that the address asks for, else all.
    func views() -> [View] {
        let chosen = (query["cards"] ?? "").split(separator: ",")
            .compactMap { MetricID(rawValue: String($0)) }
            .filter(Self.all.contains)
        return (chosen.isEmpty ? Self.all : chosen).map(view)
    }

    private func view(_ id: MetricID) -> View {
        let view: View = [
            "id": id.rawValue, "label": id.definition.label, "text": id.definition.tooltip,
            "href": query.link("/calls"),
        ]
        return view.merging(content(id)) { $1 }
    }

    private func content(_ id: MetricID) -> View {
        switch id {
        case .calls:
            return with(
                PageWords.count(total.calls),
                "\(PageWords.count(total.excluded)) excluded",
                delta(\.calls)
            )
        case .success:
            return with(
                PageWords.count(total.success),
                "\(PageWords.share(total.successRate)) of success and failure",
                delta(\.success),
                outcome: "success",
                warning: Double(total.unknown) > Self.unknownShareMax * Double(max(total.calls, 1))
                    ? "More than 20 % are unknown" : nil
            )
        case .failure:
            return with(
                PageWords.count(total.failure),
                "\(PageWords.share(total.failure, of: total.calls)) of calls",
                delta(\.failure, isMoreGood: false),
                outcome: "failure"
            )
        case .unknown:
            return with(
                PageWords.count(total.unknown),
                "\(PageWords.share(total.unknown, of: total.calls)) of calls",
                delta(\.unknown, isMoreGood: false),
                outcome: "unknown"
            )
        case .pending:
            return with(
                PageWords.count(total.pending),
                "\(PageWords.share(total.pending, of: total.calls)) of calls",
                nil,
                outcome: "pending"
            )
        case .conversionRate:
            return with(
                PageWords.share(total.conversionRate),
                "\(PageWords.count(total.conversions)) of \(PageWords.count(total.qualified))"
                    + " qualified" + margin(total.conversions, total.qualified),
                points(before?.conversionRate, total.conversionRate)
            )
        case .totalMinutes:
            return with(
                PageWords.count(total.seconds / 60),
                PageWords.count(total.connected, "connected call"),
                delta(\.seconds)
            )
        case .averageDuration:
            let durations = overview.report.durations
            return with(
                PageWords.duration(durations.average),
                "median \(PageWords.duration(durations.median)), "
                    + "90 % within \(PageWords.duration(durations.p90))",
                nil
            )
        case .askedSatisfaction:
            let found = overview.report.satisfaction
            return with(
                found.average.map { String(format: "%.1f", $0) } ?? "–",
                found.average != nil
                    ? "of 5; \(PageWords.count(found.ratings)) of "
                        + "\(PageWords.count(total.calls)) rated"
                    : "not enough ratings (\(found.ratings))",
                nil
            )
        default:
            let count = total.calls - total.attributed
            var made = with(
                PageWords.count(count),
                "\(PageWords.share(count, of: total.calls)) of calls",
                nil
            )
            made["href"] = query.link("/unattributed")
            made["action"] = "assign"
            return made
        }
    }

    private func with(
        _ value: String,
        _ note: String,
        _ delta: View?,
        outcome: String? = nil,
        warning: String? = nil
    ) -> View {
        var view: View = ["value": value, "note": note]
        if let delta { view["delta"] = delta }
        if let outcome {
            view["outcome"] = outcome
            view["href"] = query.link("/calls", ["outcome": outcome])
        }
        if let warning { view["warning"] = warning }
        return view
    }

    // MARK: Changes

    /// The change of a count, with arrow and word; the colour follows what is good.
    private func delta(_ path: KeyPath<CallFigures, Int>, isMoreGood: Bool = true) -> View? {
        guard let before, before[keyPath: path] > 0 else { return nil }
        let change = Double(total[keyPath: path]) / Double(before[keyPath: path]) - 1
        return arrow(change, PageWords.share(abs(change)), isMoreGood)
    }

    /// The change of a share, in points of a hundred.
    private func points(_ before: Double?, _ now: Double?) -> View? {
        guard let before, let now else { return nil }
        let text = String(format: "%.1f points", abs(now - before) * 100)
        return arrow(now - before, text, true)
    }

    private func arrow(_ change: Double, _ text: String, _ isMoreGood: Bool) -> View {
        guard abs(change) >= 0.0005 else { return ["arrow": "→", "text": "same", "kind": "same"] }
        let isUp = change > 0
        return [
            "arrow": isUp ? "▲" : "▼", "text": (isUp ? "up " : "down ") + text,
            "kind": isUp == isMoreGood ? "good" : "poor",
        ]
    }

    /// Half the 95 % interval of a share, by Wald's formula, where there are calls enough for it.
    private func margin(_ part: Int, _ whole: Int) -> String {
        guard whole >= PageDesk.smallCalls else { return "" }
        let share = Double(part) / Double(whole)
        let half = 1.96 * (share * (1 - share) / Double(whole)).squareRoot()
        return String(format: ", ±%.1f", half * 100)
    }
}
