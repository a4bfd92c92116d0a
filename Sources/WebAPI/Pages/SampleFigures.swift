import CallStore
import Definitions

/// Invented figures, so that the overview can be looked at before there is a call.
///
/// The same ones for everybody; nothing of them is stored.
enum SampleFigures {
    static func overview(_ query: PageQuery, today: LocalDay, zone: String) -> Overview {
        let (from, to) = query.days(today: today)
        let first = from ?? today + (-89)
        var days: [FigureReport.Day] = []
        var day = first
        while day <= to {
            days.append(FigureReport.Day(day: day, figures: figures(of: day)))
            day = day + 1
        }
        let total = days.map(\.figures).reduce(CallFigures(), +)
        let spring = CampaignID(1)
        return Overview(
            report: FigureReport(
                timeZone: zone,
                total: total,
                durations: DurationFigures(
                    calls: total.connected,
                    average: total.averageSeconds,
                    median: 122,
                    p90: 301
                ),
                days: days,
                agents: [FigureReport.Part(key: "sample", figures: total)],
                campaigns: [FigureReport.Part(key: spring, figures: total)],
                callsToday: days.last?.figures.calls ?? 0,
                callsThisWeek: days.suffix(7).reduce(0) { $0 + $1.figures.calls },
                callsThisMonth: total.calls,
                today: today,
                satisfaction: Satisfaction(
                    ratings: 96,
                    ratingSum: 422.4,
                    moods: 210,
                    positive: 149
                )
            ),
            agentNames: ["sample": "Sample agent"],
            campaignNames: [spring: "Sample mailer"],
            funnel: FunnelTotals(
                campaign: spring,
                name: "Sample mailer",
                steps: [
                    .sent: 10_000, .delivered: 9_800, .scans: 612, .pageViews: 540, .calls: 421,
                    .conversions: 61,
                ]
            ),
            firstDay: first,
            lastCallUnix: 0
        )
    }

    /// A weekly rhythm with a few bumps, from the day's number alone.
    private static func figures(of day: LocalDay) -> CallFigures {
        let weekday = ((day.number + 3) % 7 + 7) % 7
        let calls = [52, 58, 55, 49, 44, 18, 9][weekday] + (day.number * 7) % 11
        var figures = CallFigures()
        figures.success = calls * 68 / 100
        figures.failure = calls * 18 / 100
        figures.pending = day.number % 9 == 0 ? 1 : 0
        figures.unknown = calls - figures.success - figures.failure - figures.pending
        figures.conversations = calls
        figures.connected = calls * 9 / 10
        figures.qualified = calls * 3 / 4
        figures.conversions = calls / 9
        figures.attributed = calls * 94 / 100
        figures.seconds = figures.connected * 161
        return figures
    }
}
