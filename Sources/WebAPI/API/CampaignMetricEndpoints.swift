import CallStore
import HTTPTypes
import Reports

/// The figures of one campaign, as existing front ends know them.
enum CampaignMetricEndpoints {
    static var all: [Endpoint] { [metrics, response] }

    private static let response = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/response",
        summary: "How soon a campaign's recipients called, by days since delivery.",
        answer: .fields(
            ("since", .optional(.word(Touch.Kind.self))),
            ("recipients", .count),
            (
                "days",
                .list(
                    .fields(
                        ("day", .count),
                        ("calledFirst", .count),
                        ("calledByThen", .count),
                        ("reachedBefore", .count)
                    )
                )
            )
        )
    ) { ask in
        let id = try await CampaignEndpoints.find(ask).id
        let curve = try await ask.parts.store.responseCurve(of: id)
        return .json(
            .fields(
                ("since", .optional(curve?.since.rawValue)),
                ("recipients", .count(curve?.recipients ?? 0)),
                (
                    "days",
                    .list(
                        (curve?.days ?? []).map { day in
                            .fields(
                                ("day", .count(day.day)),
                                ("calledFirst", .count(day.calledFirst)),
                                ("calledByThen", .count(day.calledByThen)),
                                ("reachedBefore", .count(day.reachedBefore))
                            )
                        }
                    )
                )
            )
        )
    }

    /// In exactly the shape that existing front ends know; what is pending counts as unknown, so
    /// that the three add up to all.
    private static let metrics = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/call-metrics",
        summary: "A campaign's calls in a few figures.",
        answer: .fields(
            ("total_calls", .count),
            ("successful_calls", .count),
            ("failed_calls", .count),
            ("unknown_calls", .count),
            ("conversions", .count),
            ("conversion_rate", .number),
            ("calls_today", .count),
            ("calls_this_week", .count),
            ("calls_this_month", .count),
            ("average_call_duration", .number),
            (
                "calls_by_day",
                .list(.fields(("date", .day), ("count", .count), ("conversions", .count)))
            )
        )
    ) { ask in
        let campaign = try await CampaignEndpoints.find(ask)
        let report = try await ask.parts.store.figureReport(
            FigureScope(campaign: .one(campaign.id))
        )
        let total = report.total
        return .json(
            .fields(
                ("total_calls", .count(total.calls)),
                ("successful_calls", .count(total.success)),
                ("failed_calls", .count(total.failure)),
                ("unknown_calls", .count(total.unknown + total.pending)),
                ("conversions", .count(total.conversions)),
                ("conversion_rate", .number(rounded(total.conversionsPerSuccess, 10_000))),
                ("calls_today", .count(report.callsToday)),
                ("calls_this_week", .count(report.callsThisWeek)),
                ("calls_this_month", .count(report.callsThisMonth)),
                ("average_call_duration", .number(rounded(total.averageSeconds, 10))),
                (
                    "calls_by_day",
                    .list(
                        report.days.map { day in
                            .fields(
                                ("date", .text(day.day.description)),
                                ("count", .count(day.figures.calls)),
                                ("conversions", .count(day.figures.conversions))
                            )
                        }
                    )
                )
            )
        )
    }

    private static func rounded(_ value: Double?, _ parts: Double) -> Double {
        ((value ?? 0) * parts).rounded() / parts
    }
}
