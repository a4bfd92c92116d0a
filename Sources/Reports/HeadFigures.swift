package import CallStore
package import Definitions
import Foundation

/// A figure as a report's first table shows it.
package struct HeadFigure: Hashable, Sendable {
    package var id: MetricID
    package var value: String

    /// What it stands on, or what has to be known beside it; may be empty.
    package var beside: String
}

/// The figures at the head of a report, in their order.
package enum HeadFigures {
    /// A share of unknown outcomes above which a success rate is to be doubted.
    package static let unknownShareMax = 0.2

    package static func all(
        of report: FigureReport,
        callers: CallerFigures,
        campaign: CampaignReport? = nil
    ) -> [HeadFigure] {
        let total = report.total
        var heads: [HeadFigure] = []
        func add(_ id: MetricID, _ value: String, _ beside: String = "") {
            heads.append(HeadFigure(id: id, value: value, beside: beside))
        }
        add(.calls, "\(total.calls)", "\(total.excluded) excluded")
        add(.success, "\(total.success)")
        add(.failure, "\(total.failure)")
        add(.unknown, "\(total.unknown)")
        add(.pending, "\(total.pending)")
        let isDoubtful = Double(total.unknown) > Self.unknownShareMax * Double(total.calls)
        add(
            .successRate,
            FigureText.percent(total.successRate),
            "\(total.success + total.failure) calls"
                + (isDoubtful ? "; WARNING: more than 20 % unknown" : "")
        )
        add(.connected, "\(total.connected)")
        add(.noSpeech, "\(total.noSpeech)")
        add(.notConnected, "\(total.notConnected)")
        add(.qualified, "\(total.qualified)")
        add(.conversions, "\(total.conversions)")
        add(
            .conversionRate,
            FigureText.percent(total.conversionRate),
            "\(total.qualified) qualified calls"
        )
        add(
            .conversionsPerSuccess,
            FigureText.percent(total.conversionsPerSuccess),
            "\(total.success) successful calls"
        )
        add(.uniqueCallers, "\(callers.unique)", "\(callers.anonymousCalls) calls without a number")
        add(
            .callerConversionRate,
            FigureText.percent(callers.conversionRate),
            "\(callers.qualified) callers"
        )
        add(.callsToday, "\(report.callsToday)")
        add(.callsThisWeek, "\(report.callsThisWeek)")
        add(.callsThisMonth, "\(report.callsThisMonth)")
        add(
            .averageDuration,
            FigureText.minutes(report.durations.average.map { Int($0.rounded()) }),
            "\(total.connected) connected calls"
        )
        add(.medianDuration, FigureText.minutes(report.durations.median))
        add(.p90Duration, FigureText.minutes(report.durations.p90))
        let thoughts = report.satisfaction
        add(
            .askedSatisfaction,
            thoughts.average.map { String(format: "%.1f of 5", $0) } ?? "–",
            "\(thoughts.ratings) of \(total.calls) calls rated"
                + (thoughts.average == nil ? ", not enough" : "")
        )
        add(
            .estimatedSatisfaction,
            FigureText.percent(thoughts.positiveShare),
            "\(thoughts.moods) of \(total.calls) calls estimated"
                + (thoughts.positiveShare == nil ? ", not enough" : "")
        )
        add(.attributedShare, FigureText.percent(total.attributedShare))
        add(.credits, "\(total.credits)", "\(total.calls - total.creditsKnown) calls without")
        add(
            .agentCost,
            FigureText.money(total.agentCost, "USD"),
            "\(total.calls - total.microdollarsKnown) calls without"
        )
        guard let campaign else { return heads }
        let cost = campaign.cost
        add(.mediaCost, FigureText.money(cost.media?.amount, cost.media?.currency ?? ""))
        // Of all days, so its parts are not those of the days above.
        add(
            .costPerConversion,
            FigureText.money(cost.perConversion, "USD"),
            cost.perConversion == nil
                ? ""
                : "all days: \(cost.conversions) conversions, agent cost "
                    + FigureText.money(cost.agent, "USD")
        )
        return heads
    }
}
